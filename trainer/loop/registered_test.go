package loop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"innate/configs"
	"innate/metrics"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/graph"
	"innate/trainer/data"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/optim"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// What a program brings of its own: a line each.
func init() {
	features.Kinds.Add("cells", features.Kind{In: inCells, Open: openCells})
	metrics.Statistics.Add("mpd", metrics.Statistic{Title: "MPD", Rises: true, New: newMPD})
	method.Register(method.Spec{Method: configs.Method{Name: "still", Uses: []string{"live.lr"}, Defaults: stillDefaults}, New: newStill})
	data.Sources.Add("stripes", data.Source{Train: func(data.Options) (data.Dataset, error) { return stripes{}, nil }})
}

// still is the smallest method: one number that follows the mean of the images.
type still struct {
	method.Env
	set   *models.ParamSet
	at    graph.Node
	adam  *optim.Adam
	stage *method.Stage
	loss  graph.Node
	goal  graph.Objective
}

func stillDefaults(c *configs.Config) {
	c.Live.LR, c.Live.Beta2, c.Live.TotalKimg = 0.1, 0.99, 0.064
}

func newStill(e method.Env) (method.Method, error) {
	m := &still{Env: e, set: models.NewParamSet()}
	p := m.set.Add(models.NewParam("mean", 1))
	var err error
	_, buildErr := graph.Build(func(g *graph.Builder) {
		m.at = g.Input("mean", 1)
		m.loss = g.Sum(g.Square(g.Sub(g.Param(p), m.at)))
		m.goal.Record = []graph.Node{m.loss}
		m.goal.Outputs = m.goal.Record
		err = m.goal.Minimise(g, m.loss, m.set.All())
	})
	m.adam = optim.NewAdam(m.set.All(), e.Device)
	m.stage = method.NewStage("step", e.Device, &m.goal, method.Micro{Size: e.Config.Run.Batch, Parts: 1}, m.adam)
	return m, errors.Join(buildErr, err)
}

func (m *still) Params() *models.ParamSet { return m.set }
func (m *still) Parts() []method.Part {
	return []method.Part{{Name: "mean", Role: method.Trained, Params: m.set}}
}
func (m *still) Preset([]string, string) ([]string, error) { return nil, nil }
func (m *still) Start() *models.ParamSet                   { return nil }
func (m *still) Trained() *optim.Binding                   { return m.stage.Binding(0) }
func (m *still) Layers() []run.Layer                       { return []run.Layer{{Name: "mean", Shape: []int{1}, Count: 1}} }
func (m *still) Freeze(frozen func(string) bool) error {
	return m.stage.Freeze(func(p *models.Param) bool { return frozen(p.Name) })
}
func (m *still) Ask(frozen, _ func(string) bool) error { return m.Freeze(frozen) }
func (m *still) Asked() map[string]float64             { return m.stage.Asked() }

func (m *still) Programs() []method.Program        { return []method.Program{m.stage.Program()} }
func (m *still) Images() *method.Images            { return nil }
func (m *still) Teacher() map[string]string        { return nil }
func (m *still) Meta() (map[string]string, error)  { return map[string]string{}, nil }
func (m *still) Test() (map[string]float64, error) { return nil, nil }
func (m *still) Augment(rng *data.Rand, b *data.Batch) error {
	b.Images[0] += float32(rng.Uniform())
	return nil
}

func (m *still) Tensors() []method.Group {
	return []method.Group{{Prefix: "net/", Set: m.set}, {Prefix: "adam/", Set: m.adam.State(), Load: m.adam.Load}}
}

func (m *still) Step(nimg int64, b data.Batch, cfg *configs.Config, s *method.Scalars) error {
	live := cfg.Live
	sum := float32(0)
	for _, v := range b.Images {
		sum += v
	}
	m.goal.Graph.Data(m.at)[0] = sum / float32(len(b.Images))
	if err := m.stage.Run(); err != nil {
		return err
	}
	return m.stage.Update(optim.Hyper{LR: live.LR, Beta1: live.Beta1, Beta2: live.Beta2, Eps: 1e-8})
}

func (m *still) Collect(s *method.Scalars) {
	m.stage.Collect(func(r method.Record) { s.Add("loss/still", r.Sum(m.loss)) })
}

// stripes are 32 images of 3x2 pixels in two colours, without classes; one of
// them can be damaged.
type stripes struct{}

var damaged atomic.Int64 // an image of stripes, from 1; 0 for none

func (stripes) Name() string         { return "stripes" }
func (stripes) Len() int             { return 32 }
func (stripes) Shape() (h, w, c int) { return 3, 2, 2 }
func (stripes) Classes() int         { return 0 }
func (stripes) Labels([]int, []float32) error {
	return errors.New("stripes have no labels")
}
func (stripes) Images(idx []int, dst []float32) error {
	for k, i := range idx {
		if int64(i+1) == damaged.Load() {
			return fmt.Errorf("image %d: checksum", i)
		}
		for j := range 12 {
			dst[12*k+j] = float32(i) / 32
		}
	}
	return nil
}

// cells is the smallest feature network: the mean of an image, times a weight.
type cells struct{ weights *models.ParamSet }

func inCells(f *checkpoint.File) bool { return f.Has("cells.") }

func openCells(f *checkpoint.File, prefix string) (features.Network, error) {
	n := cells{models.NewParamSet()}
	n.weights.Add(models.NewParam("cells.scale", 1))
	return n, f.LoadParams(prefix, n.weights)
}

func (n cells) Weights() *models.ParamSet { return n.weights }
func (n cells) Fingerprint() string       { return n.weights.Fingerprint() }
func (n cells) Input() string             { return "levels" }
func (n cells) Dim() int                  { return 1 }
func (n cells) Classes() int              { return 0 }

func (n cells) Embed(g *graph.Builder, x graph.Node) (mean, logits graph.Node) {
	return g.MulPerChannel(g.MeanSpatial(x), g.Param(n.weights.All()[0])), graph.Node{}
}

// mpd is the smallest statistic: how far pixels are from the mean of their image, of
// which the network tells.
type mpd struct{ sum, n float64 }

func newMPD(p *metrics.Pass) (metrics.Result, error) {
	m := &mpd{}
	p.CollectImages(m)
	return m.result, nil
}

func (m *mpd) Add(b metrics.Batch) {
	pixels := len(b.Images) / b.N
	for i, x := range b.Images {
		m.sum += math.Abs(float64(x - b.Features[i/pixels]))
	}
	m.n += float64(len(b.Images))
}

func (m *mpd) Reset() { *m = mpd{} }
func (m *mpd) result() (metrics.Number, error) {
	return metrics.Number{Value: m.sum / m.n}, nil
}

func (m *mpd) State() []metrics.Sum {
	return []metrics.Sum{{Name: "distance", Shape: []int{2}, Data: []float64{m.sum, m.n}}}
}
func (m *mpd) Restore(_ int, state []metrics.Sum) error {
	m.sum, m.n = state[0].Data[0], state[0].Data[1]
	return nil
}

const stillText = `name = "still"
method = "still"
[run]
batch = 4
threads = 1
[data]
dataset = "stripes"
[live]
tick_kimg = 0.008
checkpoint_kimg = 0.016
layers_kimg = 0
`

// TestRegistered trains a method on a data set that nothing but a line each has
// made known, stops half-way, and resumes: exactly, with what it augments by.
func TestRegistered(t *testing.T) {
	whole := resumed(t, stillText, 5)
	info, err := run.ReadInfo(whole)
	check(t, err)
	if s := info.Status; s.State != run.StateDone || s.Method != "still" || s.Params != 1 {
		t.Errorf("status %+v", s)
	}
}

// TestRegisteredJudge trains with a statistic over a feature network that nothing
// but a line each has made known: it is in the log, the status and the best network
// under its names, of which more is better; and the run resumes exactly where it
// stopped in the middle of a measurement.
func TestRegisteredJudge(t *testing.T) {
	networks := networks(t)
	net := checkpoint.New()
	check(t, net.Add(checkpoint.Float32("cells.scale", []float32{1}, 1)))
	check(t, checkpoint.Write(filepath.Join(networks, "cells.safetensors"), net))
	text := strings.Replace(config("gdd", networks), "[fid]\nfeatures = \""+networks+"/cnn", "[fid]\nstatistic = \"mpd\"\nfeatures = \""+networks+"/cells", 1)
	text = strings.Replace(text, "samples = 20", "samples = 600", 1) // three slices
	whole := newRun(t, text)
	train(t, whole)

	history, err := runlog.ReadAll(whole)
	check(t, err)
	best, at := math.Inf(-1), int64(-1)
	for _, row := range history.Rows {
		if v, ok := row.Value("mpd"); ok && v > best {
			best, at = v, row.Nimg
		}
	}
	opened, err := loop.OpenFeatures(filepath.Join(networks, "cells.safetensors"), features.OwnInput)
	check(t, err)
	info, err := run.ReadInfo(whole)
	check(t, err)
	s := info.Status
	if s.Metric != "mpd" || s.FIDName != "MPD("+opened.Label+")" || !strings.HasPrefix(opened.Label, "cells-") || s.BestFID == nil || *s.BestFID != best || !s.Rises {
		t.Errorf("status: best %v of %q, %q, want %v of MPD(cells-…)", s.BestFID, s.Metric, s.FIDName, best)
	}
	if last := events(t, whole, runlog.FID); len(last) != 3 || !strings.HasPrefix(last[0].Text, s.FIDName+" ") {
		t.Errorf("events %+v, want three of %s", last, s.FIDName)
	}
	f, err := checkpoint.Read(filepath.Join(whole, run.CheckpointsDir, run.BestFile))
	check(t, err)
	if got, want := f.Metadata["nimg"]+": "+f.Metadata[loop.StatedKey("mpd", opened.Label)], fmt.Sprintf("%d: %.4f", at, best); got != want {
		t.Errorf("best.safetensors: got %s, want %s", got, want)
	}
	if !slices.ContainsFunc(history.Rows, func(r runlog.Row) bool { _, ok := r.Value("time/mpd_ms"); return ok }) {
		t.Error("no time/mpd_ms in the log")
	}

	parts := newRun(t, text)
	l, err := loop.Open(parts)
	check(t, err)
	for range 9 { // one step after an evaluation has begun
		check(t, l.Step())
	}
	check(t, l.Checkpoint())
	check(t, l.Flush())
	l.Close()
	train(t, parts)
	if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, parts)) {
		t.Error("another checkpoint than that of a run without a break")
	}
}

// TestRegisteredNames: configs know the new names, and say them.
func TestRegisteredNames(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"stripes"`, `"dots"`, `configs: c.toml:7: data.dataset: got "dots", want mnist | thumbs | files | stripes`},
		{`method = "still"`, `method = "stil"`, `configs: c.toml:2: method: got "stil", want classifier | edm | gdd | fd | distill | still`},
		{`tick_kimg`, "gen_lr = 1\ntick_kimg", `configs: c.toml:9: live.gen_lr: not a setting of method "still", only of gdd and fd and distill`},
	} {
		_, err := configs.Parse("c.toml", strings.Replace(stillText, c.old, c.new, 1))
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
}

// TestUnreadableData: a data set that cannot be read ends the run with its name,
// and a checkpoint from which another trainer reads the same images again.
func TestUnreadableData(t *testing.T) {
	whole := newRun(t, stillText)
	train(t, whole)
	dir := newRun(t, stillText)
	damaged.Store(1 + 7)
	err := loop.Run(context.Background(), loop.Options{Dir: dir})
	damaged.Store(0)
	if err == nil || err.Error() != "data: stripes: image 7: checksum" {
		t.Fatalf("got %v, want the data set and the image", err)
	}
	info, err := run.ReadInfo(dir)
	check(t, err)
	s := info.Status
	if s.State != run.StateFailed || s.Nimg > 28 || s.CheckpointNimg != s.Nimg && s.Nimg > 0 {
		t.Errorf("%s at %d images, checkpoint at %d, want one where it failed", s.State, s.Nimg, s.CheckpointNimg)
	}
	train(t, dir)
	if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, dir)) {
		t.Error("another checkpoint than that of a run without a break")
	}
}

// TestSizeOfData: a config may repeat the images' size, not contradict it.
func TestSizeOfData(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"resolution = 28\nchannels = 1":          "",
		"resolution = 32\nattn_resolutions = []": "configs: c.toml:3: model.resolution: got 32, want 28, the size of mnist",
		"channels = 3":                           "configs: c.toml:3: model.channels: got 3, want 1, the channels of mnist",
		"channel_mult = [1, 1, 1, 1]":            "configs: c.toml:3: model.channel_mult: got [1 1 1 1], want few enough entries that 28 can be halved after each but the last",
		"attn_resolutions = [16]":                "configs: c.toml:3: model.attn_resolutions: got [16], want resolutions that the network has: 28, 14, 7",
	} {
		cfg, err := configs.Parse("c.toml", "method = \"edm\"\n[model]\n"+setting+"\n")
		if err == nil {
			err = method.Check(cfg)
		}
		if got := fmt.Sprint(err); err == nil && want != "" || err != nil && got != want {
			t.Errorf("%s: got %v, want %s", setting, err, want)
		}
	}
	bad := strings.Replace(config("edm", networks(t)), `"thumbs"`, `"stripes"`, 1)
	if err := loop.Run(context.Background(), loop.Options{Dir: filepath.Join(newRun(t, bad))}); err == nil || !strings.Contains(err.Error(), "images of 3x2, want square ones") {
		t.Errorf("got %v, want that the images are not square", err)
	}
}
