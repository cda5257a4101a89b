package tuitest

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Epoch is when every fake run started.
var Epoch = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// Fake is a run directory with a history, and a trainer that answers.
type Fake struct {
	Dir  string
	lock *os.File

	mu        sync.Mutex
	Heartbeat run.Status
	Network   []run.Layer
	Orders    []control.Command // that it was given
	Refuse    error             // of every order, unless nil
}

// Config says what the generator writes.
type Config struct {
	Ticks   int
	TickK   float64 // kimg between ticks
	FidEach int     // ticks between evaluations
	Samples int
	Classes int // rows of samples, each of one class; 0: unconditional
	State   string
	NoFiles bool // nothing but config.toml
	Rich    bool // every scalar that a run of GDD logs
	Seed    int  // its losses and values of FID are others than those of seed 0
}

// Default is a run that has trained for 64 kimg and continues.
func Default() Config {
	return Config{Ticks: 128, TickK: 0.5, FidEach: 8, Samples: 3, State: run.StateRunning}
}

// fakePID is that of every fake trainer: frames show it.
const fakePID = 4121

// TOML is the config.toml of every fake run.
const TOML = `# A run that never was.
name   = "fake"
method = "gdd"

[run]
seed = 7                # of every random stream

[model]
init = "builtin:mnist-teacher"   # the # in "a#b" starts no comment

[disc]
features = "builtin:mnist-disc-cnn"

[fid]
features  = "builtin:mnist-fid-cnn"
reference = "builtin:mnist-fid-ref"

[live]
gen_lr  = 2e-4    # Adam's learning rate of the generator
disc_lr = 2e-4

[freeze]
preset = "gdd-i"  # what trains
`

// NewFake writes a run directory. Everything in it derives from fixed seeds.
func NewFake(tb testing.TB, parent, name string, c Config) *Fake {
	tb.Helper()
	f := &Fake{Dir: filepath.Join(parent, name)}
	Must(tb, os.MkdirAll(filepath.Join(f.Dir, run.SamplesDir), 0o755))
	Must(tb, os.WriteFile(filepath.Join(f.Dir, run.ConfigFile), []byte(TOML), 0o644))
	if c.NoFiles {
		return f
	}
	f.Network = fakeLayers()
	f.writeHistory(tb, c)
	f.Heartbeat = f.statusAt(c)
	Must(tb, run.WriteStatus(f.Dir, f.Heartbeat))
	Must(tb, run.WriteLayers(f.Dir, f.Network))
	for i := range c.Samples {
		f.WriteSample(tb, 20*(i+1), uint64(i))
	}
	return f
}

func (f *Fake) statusAt(c Config) run.Status {
	last, best, teacher := 87.31, 78.14, 45.6
	nimg := int64(float64(c.Ticks) * c.TickK * 1000)
	st := run.Status{
		Version: run.Version, Run: filepath.Base(f.Dir), Dir: f.Dir, Method: "gdd", State: c.State,
		PID: fakePID, Instance: "fake", Seq: 1, Nimg: nimg, TotalNimg: 100_000, ImagesPerSec: 128.4, EtaSec: 281,
		Started: Epoch, Time: Epoch.Add(10 * time.Minute), FreezePreset: "gdd-i",
		LastFID: &last, BestFID: &best, TeacherFID: &teacher, FIDName: "FID(mnist-cnn)", FIDNimg: nimg,
		Stage: "train", StageMs: map[string]float64{"g": 231.4, "d": 118.2, "r1": 14.1, "data": 0.6, "ema": 1.2},
		Kernels: "avx2", Threads: 2, CheckpointNimg: nimg - nimg%10_000,
	}
	for class := range c.Classes {
		st.SampleClasses = append(st.SampleClasses, class)
	}
	countFrozen(&st, f.Network)
	return st
}

func countFrozen(st *run.Status, layers []run.Layer) {
	st.Params, st.FrozenParams, st.TrainableTensors = 0, 0, 0
	for _, l := range layers {
		st.Params += int64(l.Count)
		if l.Frozen {
			st.FrozenParams += int64(l.Count)
		} else {
			st.TrainableTensors++
		}
	}
	st.FrozenFraction = float64(st.FrozenParams) / float64(st.Params)
}

// writeHistory writes losses with a spike and a NaN, evaluations, and events.
func (f *Fake) writeHistory(tb testing.TB, c Config) {
	tb.Helper()
	w, err := runlog.OpenWriter(f.Dir)
	Must(tb, err)
	defer func() { _ = w.Close() }()
	r := rand.New(rand.NewPCG(7+uint64(c.Seed), 11))
	event := func(i int, kind, text string) {
		nimg := int64(float64(i) * c.TickK * 1000)
		Must(tb, w.Event(runlog.Event{Time: Epoch.Add(time.Duration(i) * 5 * time.Second), Nimg: nimg, Kind: kind, Text: text}))
	}
	event(0, runlog.Start, "started: gdd on mnist, 744,225 parameters")
	for i := 1; i <= c.Ticks; i++ {
		p := float64(i) / float64(max(c.Ticks, 100))
		s := map[string]float64{
			"loss/gen":  0.9 + 0.5*math.Exp(-6*p) + 0.12*r.NormFloat64(),
			"loss/disc": 1.25 - 0.35*math.Exp(-4*p) + 0.08*r.NormFloat64(),
			"lr/gen":    5e-4,
		}
		if c.Rich {
			addRich(s, i, p)
		}
		switch i {
		case c.Ticks * 2 / 5:
			s["loss/gen"] = math.NaN()
		case c.Ticks / 2:
			s["loss/gen"] = 4.2
		}
		if i%c.FidEach == 0 {
			s["fid"] = (45 + 3400*math.Exp(-9*math.Sqrt(p)) + 20*(1-p)) * (1 + 0.04*float64(c.Seed))
			event(i, runlog.FID, fmt.Sprintf("FID(mnist-cnn) %.1f over 2500 samples", s["fid"]))
		}
		Must(tb, w.Tick(runlog.Tick{Nimg: int64(float64(i) * c.TickK * 1000), Time: Epoch.Add(time.Duration(i) * 5 * time.Second), Scalars: s}))
		switch i {
		case c.Ticks / 4:
			event(i, runlog.Freeze, "froze dec.28x28_block1.conv0 (2 tensors)")
		case c.Ticks * 3 / 5:
			event(i, runlog.Config, "live.gen_lr: 0.0005 → 0.0002")
		case c.Ticks * 4 / 5:
			event(i, runlog.Checkpoint, "checkpoint at 51.2 kimg")
		}
	}
}

// addRich adds the scalars of tick i, a share p into the run.
func addRich(s map[string]float64, i int, p float64) {
	r := rand.New(rand.NewPCG(uint64(i), 13))
	for name, around := range map[string]float64{
		"loss/r1": 0.2, "logits/real": 0.4 + p, "logits/fake": -0.5 - p, "probs/real": 0.6, "probs/fake": 0.38,
		"grad/gen": 3 - p, "grad/disc": 1.2, "speed/images_per_sec": 126, "time/gen_ms": 231, "time/disc_ms": 118,
	} {
		s[name] = around * (1 + 0.001*float64(len(name))*math.Sin(float64(i)))
	}
	s["grad/gen"] *= 1 + 0.1*r.NormFloat64()
	s["grad/nonfinite"], s["lr/disc"], s["freeze/fraction"] = 0, 5e-4, 0.845
}

// fakeLayers is a small DDPM++ with the demo's names.
func fakeLayers() []run.Layer {
	var out []run.Layer
	add := func(name, kind, part, block string, res int, frozen bool, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		out = append(out, run.Layer{Name: name, Kind: kind, Part: part, Block: block, Resolution: res, Shape: shape, Count: n, Frozen: frozen})
	}
	pair := func(base, kind, part, block string, res int, frozen bool, shape ...int) {
		add(base+".weight", kind, part, block, res, frozen, shape...)
		add(base+".bias", kind, part, block, res, frozen, shape[0])
	}
	pair("map_layer0", "linear", "map", "", 0, false, 64, 16)
	pair("map_layer1", "linear", "map", "", 0, false, 64, 64)
	block := func(part string, res int, name string, ci, co int, attn bool) {
		b := fmt.Sprintf("%dx%d_%s", res, res, name)
		base := part + "." + b
		pair(base+".norm0", "norm", part, b, res, false, ci)
		pair(base+".conv0", "conv", part, b, res, true, co, ci, 3, 3)
		pair(base+".affine", "linear", part, b, res, false, co, 64)
		pair(base+".norm1", "norm", part, b, res, false, co)
		pair(base+".conv1", "conv", part, b, res, true, co, co, 3, 3)
		if ci != co {
			pair(base+".skip", "conv", part, b, res, false, co, ci, 1, 1)
		}
		if attn {
			pair(base+".norm2", "norm", part, b, res, false, co)
			pair(base+".qkv", "conv", part, b, res, false, 3*co, co, 1, 1)
			pair(base+".proj", "conv", part, b, res, true, co, co, 1, 1)
		}
	}
	pair("enc.28x28_conv", "conv", "enc", "28x28_conv", 28, false, 16, 1, 3, 3)
	block("enc", 28, "block0", 16, 16, false)
	block("enc", 14, "down", 16, 16, false)
	block("enc", 14, "block0", 16, 32, false)
	block("enc", 7, "down", 32, 32, false)
	block("enc", 7, "block0", 32, 64, true)
	block("dec", 7, "in0", 64, 64, true)
	block("dec", 7, "in1", 64, 64, false)
	block("dec", 7, "block0", 128, 64, true)
	block("dec", 14, "up", 64, 64, false)
	block("dec", 14, "block0", 96, 32, false)
	block("dec", 28, "up", 32, 32, false)
	block("dec", 28, "block0", 48, 16, false)
	pair("dec.28x28_aux_norm", "norm", "dec", "28x28_aux_norm", 28, false, 16)
	pair("dec.28x28_aux_conv", "conv", "dec", "28x28_aux_conv", 28, false, 1, 16, 3, 3)
	return out
}

// WriteSample writes an 8 by 8 grid of rings and strokes, 28 pixels each; of a
// class-conditional run 7 of every class.
func (f *Fake) WriteSample(tb testing.TB, kimg int, seed uint64) {
	tb.Helper()
	if classes := len(f.Heartbeat.SampleClasses); classes > 0 {
		f.WriteGrid(tb, kimg, seed, 7, classes)
		return
	}
	f.WriteGrid(tb, kimg, seed, 8, 8)
}

// WriteGrid writes cols by rows samples.
func (f *Fake) WriteGrid(tb testing.TB, kimg int, seed uint64, cols, rows int) {
	tb.Helper()
	img := image.NewGray(image.Rect(0, 0, cols*28, rows*28))
	r := rand.New(rand.NewPCG(seed, 3))
	for i := range cols * rows {
		ox, oy := i%cols*28, i/cols*28
		cx, cy, rx, ry := 10+8*r.Float64(), 10+8*r.Float64(), 3+6*r.Float64(), 4+6*r.Float64()
		slant := r.Float64() - 0.5
		for y := range 28 {
			for x := range 28 {
				dx := (float64(x) - cx + slant*(float64(y)-cy)) / rx
				dy := (float64(y) - cy) / ry
				if i%3 == 0 {
					dy = 0
				}
				d := math.Abs(math.Hypot(dx, dy)-1) * math.Min(rx, ry)
				img.SetGray(ox+x, oy+y, color.Gray{Y: uint8(255 * math.Max(0, 1-d/2.2))})
			}
		}
	}
	path := filepath.Join(f.Dir, run.SamplesDir, fmt.Sprintf("%09d.png", 1000*kimg))
	file, err := os.Create(path + ".tmp")
	Must(tb, err)
	Must(tb, png.Encode(file, img))
	Must(tb, file.Close())
	Must(tb, os.Rename(path+".tmp", path))
}

// Hold takes the run's lock, as a live trainer does.
func (f *Fake) Hold(tb testing.TB) {
	tb.Helper()
	file, err := os.OpenFile(filepath.Join(f.Dir, run.LockFile), os.O_CREATE|os.O_RDWR, 0o644)
	Must(tb, err)
	fmt.Fprintln(file, fakePID)
	Must(tb, syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	f.lock = file
	tb.Cleanup(f.Release)
}

// Release drops the lock, as a trainer that dies.
func (f *Fake) Release() {
	if f.lock != nil {
		f.lock.Close()
		f.lock = nil
	}
}

// Serve answers on the control socket.
func (f *Fake) Serve(tb testing.TB) {
	tb.Helper()
	s, err := control.Serve(f.Dir, f, control.Options{})
	Must(tb, err)
	tb.Cleanup(func() { s.Close() })
}

// Status implements control.Runner.
func (f *Fake) Status() run.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.Heartbeat
}

// Layers implements control.Runner.
func (f *Fake) Layers() []run.Layer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]run.Layer{}, f.Network...)
}

// Do implements control.Runner.
func (f *Fake) Do(_ context.Context, c control.Command) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.Refuse != nil {
		return f.Refuse
	}
	f.Orders = append(f.Orders, c)
	switch c.Kind {
	case control.KindPause:
		f.Heartbeat.State = run.StatePaused
	case control.KindResume:
		f.Heartbeat.State = run.StateRunning
	case control.KindStop:
		f.Heartbeat.State = run.StateStopped
		if err := run.WriteStatus(f.Dir, f.Heartbeat); err != nil {
			return err
		}
		f.Release() // the end of the process
	case control.KindFreeze:
		for i := range f.Network {
			for _, n := range c.Freeze.Toggle {
				if f.Network[i].Name == n {
					f.Network[i].Frozen = !f.Network[i].Frozen
				}
			}
		}
		if c.Freeze.Preset != nil {
			f.Heartbeat.FreezePreset = *c.Freeze.Preset
		}
		countFrozen(&f.Heartbeat, f.Network)
	}
	f.Heartbeat.Time = f.Heartbeat.Time.Add(time.Second)
	f.Heartbeat.Seq++
	return nil
}

// Must fails the test at an error.
func Must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// LongRun is a run with 100,000 ticks of some twenty scalars.
func LongRun(tb testing.TB) *Fake {
	c := Default()
	c.Ticks, c.FidEach, c.TickK, c.Rich = 100_000, 500, 0.01, true
	f := NewFake(tb, tb.TempDir(), "00001-long", c)
	f.Hold(tb)
	return f
}

// Change writes the event of a change of settings: key, old, new, and so on.
func (f *Fake) Change(s *Screen, kind string, at int, settings ...string) {
	s.TB.Helper()
	w, err := runlog.OpenWriter(f.Dir)
	Must(s.TB, err)
	defer func() { _ = w.Close() }()
	data := map[string]any{"fraction": 0.8}
	for set := range slices.Chunk(settings, 3) {
		data[set[0]] = map[string]any{"old": set[1], "new": set[2]}
	}
	Must(s.TB, w.Event(runlog.Event{Time: Epoch.Add(time.Duration(at) * time.Second), Nimg: int64(100 * at), Kind: kind, Text: "changed", Data: data}))
	s.Load()
}
