package tui_test

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
	"sync"
	"syscall"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// epoch is when every fake run started.
var epoch = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// fakeRun is a run directory with a history, and a trainer that answers.
type fakeRun struct {
	dir  string
	lock *os.File

	mu     sync.Mutex
	status run.Status
	layers []run.Layer
	orders []control.Command
	refuse error
}

// fakeConfig says what the generator writes.
type fakeConfig struct {
	ticks   int
	tickK   float64 // kimg between ticks
	fidEach int     // ticks between evaluations
	samples int
	classes int // rows of samples, each of one class; 0: unconditional
	state   string
	noFiles bool // nothing but config.toml
	rich    bool // every scalar that a run of GDD logs
}

func defaultFake() fakeConfig {
	return fakeConfig{ticks: 128, tickK: 0.5, fidEach: 8, samples: 3, state: run.StateRunning}
}

// fakePID is that of every fake trainer: frames show it.
const fakePID = 4121

// fakeTOML is the config.toml of every fake run.
const fakeTOML = `# A run that never was.
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

// newFakeRun writes a run directory. Everything in it derives from fixed seeds.
func newFakeRun(tb testing.TB, parent, name string, c fakeConfig) *fakeRun {
	tb.Helper()
	f := &fakeRun{dir: filepath.Join(parent, name)}
	must(tb, os.MkdirAll(filepath.Join(f.dir, run.SamplesDir), 0o755))
	must(tb, os.WriteFile(filepath.Join(f.dir, run.ConfigFile), []byte(fakeTOML), 0o644))
	if c.noFiles {
		return f
	}
	f.layers = fakeLayers()
	f.writeHistory(tb, c)
	f.status = f.statusAt(c)
	must(tb, run.WriteStatus(f.dir, f.status))
	must(tb, run.WriteLayers(f.dir, f.layers))
	for i := range c.samples {
		f.writeSample(tb, 20*(i+1), uint64(i))
	}
	return f
}

func (f *fakeRun) statusAt(c fakeConfig) run.Status {
	last, best, teacher := 87.31, 78.14, 45.6
	nimg := int64(float64(c.ticks) * c.tickK * 1000)
	st := run.Status{
		Version: run.Version, Run: filepath.Base(f.dir), Dir: f.dir, Method: "gdd", State: c.state,
		PID: fakePID, Instance: "fake", Seq: 1, Nimg: nimg, TotalNimg: 100_000, ImagesPerSec: 128.4, EtaSec: 281,
		Started: epoch, Time: epoch.Add(10 * time.Minute), FreezePreset: "gdd-i",
		LastFID: &last, BestFID: &best, TeacherFID: &teacher, FIDName: "FID(mnist-cnn)", FIDNimg: nimg,
		Stage: "train", StageMs: map[string]float64{"g": 231.4, "d": 118.2, "r1": 14.1, "data": 0.6, "ema": 1.2},
		Kernels: "avx2", Threads: 2, CheckpointNimg: nimg - nimg%10_000,
	}
	for class := range c.classes {
		st.SampleClasses = append(st.SampleClasses, class)
	}
	countFrozen(&st, f.layers)
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
func (f *fakeRun) writeHistory(tb testing.TB, c fakeConfig) {
	tb.Helper()
	w, err := runlog.OpenWriter(f.dir)
	must(tb, err)
	defer w.Close()
	r := rand.New(rand.NewPCG(7, 11))
	event := func(i int, kind, text string) {
		nimg := int64(float64(i) * c.tickK * 1000)
		must(tb, w.Event(runlog.Event{Time: epoch.Add(time.Duration(i) * 5 * time.Second), Nimg: nimg, Kind: kind, Text: text}))
	}
	event(0, runlog.Start, "started: gdd on mnist, 744,225 parameters")
	for i := 1; i <= c.ticks; i++ {
		p := float64(i) / float64(max(c.ticks, 100))
		s := map[string]float64{
			"loss/gen":  0.9 + 0.5*math.Exp(-6*p) + 0.12*r.NormFloat64(),
			"loss/disc": 1.25 - 0.35*math.Exp(-4*p) + 0.08*r.NormFloat64(),
			"lr/gen":    5e-4,
		}
		if c.rich {
			addRich(s, i, p)
		}
		switch i {
		case c.ticks * 2 / 5:
			s["loss/gen"] = math.NaN()
		case c.ticks / 2:
			s["loss/gen"] = 4.2
		}
		if i%c.fidEach == 0 {
			s["fid"] = 45 + 3400*math.Exp(-9*math.Sqrt(p)) + 20*(1-p)
			event(i, runlog.FID, fmt.Sprintf("FID(mnist-cnn) %.1f over 2500 samples", s["fid"]))
		}
		must(tb, w.Tick(runlog.Tick{Nimg: int64(float64(i) * c.tickK * 1000), Time: epoch.Add(time.Duration(i) * 5 * time.Second), Scalars: s}))
		switch i {
		case c.ticks / 4:
			event(i, runlog.Freeze, "froze dec.28x28_block1.conv0 (2 tensors)")
		case c.ticks * 3 / 5:
			event(i, runlog.Config, "live.gen_lr: 0.0005 → 0.0002")
		case c.ticks * 4 / 5:
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

// writeSample writes an 8 by 8 grid of rings and strokes, 28 pixels each; of a
// class-conditional run 7 of every class.
func (f *fakeRun) writeSample(tb testing.TB, kimg int, seed uint64) {
	tb.Helper()
	if classes := len(f.status.SampleClasses); classes > 0 {
		f.writeGrid(tb, kimg, seed, 7, classes)
		return
	}
	f.writeGrid(tb, kimg, seed, 8, 8)
}

func (f *fakeRun) writeGrid(tb testing.TB, kimg int, seed uint64, cols, rows int) {
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
	path := filepath.Join(f.dir, run.SamplesDir, fmt.Sprintf("%09d.png", 1000*kimg))
	file, err := os.Create(path + ".tmp")
	must(tb, err)
	must(tb, png.Encode(file, img))
	must(tb, file.Close())
	must(tb, os.Rename(path+".tmp", path))
}

// hold takes the run's lock, as a live trainer does.
func (f *fakeRun) hold(tb testing.TB) {
	tb.Helper()
	file, err := os.OpenFile(filepath.Join(f.dir, run.LockFile), os.O_CREATE|os.O_RDWR, 0o644)
	must(tb, err)
	fmt.Fprintln(file, fakePID)
	must(tb, syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB))
	f.lock = file
	tb.Cleanup(f.release)
}

// release drops the lock, as a trainer that dies.
func (f *fakeRun) release() {
	if f.lock != nil {
		f.lock.Close()
		f.lock = nil
	}
}

// serve answers on the control socket.
func (f *fakeRun) serve(tb testing.TB) {
	tb.Helper()
	s, err := control.Serve(f.dir, f, control.Options{})
	must(tb, err)
	tb.Cleanup(func() { s.Close() })
}

// Status implements control.Runner.
func (f *fakeRun) Status() run.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status
}

// Layers implements control.Runner.
func (f *fakeRun) Layers() []run.Layer {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]run.Layer{}, f.layers...)
}

// Do implements control.Runner.
func (f *fakeRun) Do(_ context.Context, c control.Command) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return f.refuse
	}
	f.orders = append(f.orders, c)
	switch c.Kind {
	case control.KindPause:
		f.status.State = run.StatePaused
	case control.KindResume:
		f.status.State = run.StateRunning
	case control.KindStop:
		f.status.State = run.StateStopped
		if err := run.WriteStatus(f.dir, f.status); err != nil {
			return err
		}
		f.release() // the end of the process
	case control.KindFreeze:
		for i := range f.layers {
			for _, n := range c.Freeze.Toggle {
				if f.layers[i].Name == n {
					f.layers[i].Frozen = !f.layers[i].Frozen
				}
			}
		}
		if c.Freeze.Preset != nil {
			f.status.FreezePreset = *c.Freeze.Preset
		}
		countFrozen(&f.status, f.layers)
	}
	f.status.Time = f.status.Time.Add(time.Second)
	f.status.Seq++
	return nil
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
