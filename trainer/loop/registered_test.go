package loop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"innate/configs"
	"innate/models"
	"innate/models/graph"
	"innate/trainer/data"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// What a program brings of its own: a line each.
func init() {
	method.Register(method.Spec{Method: configs.Method{Name: "still", Uses: []string{"live.lr"}, Defaults: stillDefaults}, New: newStill})
	data.Sources.Add("stripes", data.Source{Train: func() (data.Dataset, error) { return stripes{}, nil }})
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
		m.goal.Outputs = []graph.Node{m.loss}
		err = m.goal.Minimise(g, m.loss, m.set.All())
	})
	m.adam = optim.NewAdam(m.set.All(), e.Device)
	m.stage = method.NewStage("step", e.Device, &m.goal, m.adam)
	return m, errors.Join(buildErr, err)
}

func (m *still) Params() *models.ParamSet { return m.set }
func (m *still) Parts() []method.Part {
	return []method.Part{{Name: "mean", Role: method.Trained, Params: m.set}}
}
func (m *still) Preset([]string, string) ([]string, error) { return nil, nil }
func (m *still) Start() *models.ParamSet                   { return nil }
func (m *still) Trained() *optim.Binding                   { return m.stage.Binding() }
func (m *still) Layers() []run.Layer                       { return []run.Layer{{Name: "mean", Shape: []int{1}, Count: 1}} }
func (m *still) Freeze(frozen func(string) bool) error     { return m.stage.Freeze(frozen) }
func (m *still) Programs() []method.Program                { return []method.Program{m.stage.Program()} }
func (m *still) Images() *method.Images                    { return nil }
func (m *still) Teacher() map[string]string                { return nil }
func (m *still) Meta() (map[string]string, error)          { return map[string]string{}, nil }
func (m *still) Test() (map[string]float64, error)         { return nil, nil }
func (m *still) Augment(rng *data.Rand, b *data.Batch) error {
	b.Images[0] += float32(rng.Uniform())
	return nil
}

func (m *still) Tensors() []method.Group {
	return []method.Group{{Prefix: "net/", Set: m.set}, {Prefix: "adam/", Set: m.adam.State(), Load: m.adam.Load}}
}

func (m *still) Step(nimg int64, b data.Batch, live configs.Live, s *method.Scalars) error {
	sum := float32(0)
	for _, v := range b.Images {
		sum += v
	}
	m.goal.Graph.Data(m.at)[0] = sum / float32(len(b.Images))
	_, err := m.stage.Step(optim.Hyper{LR: live.LR, Beta1: live.Beta1, Beta2: live.Beta2, Eps: 1e-8})
	s.Add("loss/still", m.stage.Scalar(m.loss))
	return err
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
// made known, stops half-way, and goes on: exactly, with what it augments by.
func TestRegistered(t *testing.T) {
	whole := newRun(t, stillText)
	train(t, whole)
	parts := newRun(t, stillText)
	l, err := loop.Open(parts)
	check(t, err)
	for range 5 {
		check(t, l.Step())
	}
	check(t, l.Checkpoint())
	check(t, l.Settle())
	l.Close()
	train(t, parts)
	if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, parts)) {
		t.Error("another checkpoint than that of a run without a break")
	}
	info, err := run.ReadInfo(whole)
	check(t, err)
	if s := info.Status; s.State != run.StateDone || s.Method != "still" || s.Params != 1 {
		t.Errorf("status %+v", s)
	}
}

// TestRegisteredNames: configs know the new names, and say them.
func TestRegisteredNames(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{`"stripes"`, `"dots"`, `configs: c.toml:7: data.dataset: got "dots", want mnist | thumbs | stripes`},
		{`method = "still"`, `method = "stil"`, `configs: c.toml:2: method: got "stil", want classifier | edm | gdd | still`},
		{`tick_kimg`, "gen_lr = 1\ntick_kimg", `configs: c.toml:9: live.gen_lr: not a setting of method "still", only of gdd`},
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
