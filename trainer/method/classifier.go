package method

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/kernels"
	"innate/trainer/data"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// classifierMethod trains a small CNN to classify the data set. Frozen, its
// features serve a discriminator or a FID.
type classifierMethod struct {
	Env
	net       *features.Net
	training  *features.Classifier
	stage     *Stage
	adam      *optim.Adam
	initial   *models.ParamSet // fresh weights
	extractor *features.Extractor
	held      data.Dataset // images to test on; nil for none
	micro     Micro
}

func newClassifier(e Env) (Method, error) {
	if err := checkClassifier(e.Config, e.Data); err != nil {
		return nil, err
	}
	h, _, c := e.Data.Shape()
	net, err := features.New(features.Config{Channels: c, Widths: e.Config.Features.Widths, Classes: e.Data.Classes()},
		rand.New(e.Streams.Stream("classifier.init")))
	if err != nil {
		return nil, err
	}
	m := &classifierMethod{Env: e, net: net, initial: net.Params.Clone(), micro: e.micro().ofMean()}
	if m.held, err = data.OpenTest(e.Config.Data.Dataset, dataOptions(e.Config, e.Dir)); err != nil {
		return nil, err
	}
	if _, err := graph.Build(func(g *graph.Builder) {
		m.training, err = features.NewClassifier(g, net, h, m.micro.Size)
	}); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	m.adam = optim.NewAdam(m.training.Params, e.Device)
	m.stage = NewStage("step", e.Device, &m.training.Objective, m.micro, m.adam)
	m.extractor, err = features.NewExtractor(e.Device, net, graph.Shape{h, h, c}, testBatch)
	return m, err
}

func (m *classifierMethod) Params() *models.ParamSet { return m.net.Params }
func (m *classifierMethod) Start() *models.ParamSet  { return m.initial }
func (m *classifierMethod) Trained() *optim.Binding  { return m.stage.Binding(0) }
func (m *classifierMethod) Programs() []Program      { return []Program{m.stage.Program()} }

func (m *classifierMethod) Parts() []Part { return []Part{{"net", Trained, m.net.Params}} }

func (m *classifierMethod) Preset(names []string, preset string) ([]string, error) {
	if preset != "none" {
		return nil, fmt.Errorf("freeze: preset %q is for U-Nets, want none", preset)
	}
	return nil, nil
}

func (m *classifierMethod) Layers() []run.Layer {
	params := m.net.Params.All()
	layers := make([]run.Layer, len(params))
	for i, p := range params {
		dot := strings.LastIndex(p.Name, ".")
		unit, field := p.Name[:dot], p.Name[dot+1:]
		kind := "conv"
		if len(p.Shape) == 2 || unit == "head" {
			kind = "linear"
		}
		if field == "bias" {
			kind = "bias"
		}
		layers[i] = run.Layer{Name: p.Name, Kind: kind, Block: unit, Shape: p.Shape, Count: len(p.Data)}
	}
	return layers
}

func (m *classifierMethod) Freeze(frozen func(name string) bool) error {
	return m.stage.Freeze(named(frozen))
}

// Ask is Freeze for steps that measure the gradients of frozen parameters, too.
func (m *classifierMethod) Ask(frozen, ask func(name string) bool) error {
	return m.stage.Ask(named(frozen), named(ask))
}

// Asked are the squared norms of those gradients.
func (m *classifierMethod) Asked() map[string]float64 { return m.stage.Asked() }

func (m *classifierMethod) Step(nimg int64, b data.Batch, cfg *configs.Config, s *Scalars) error {
	live := cfg.Live
	start := time.Now()
	t := m.training
	for i := range m.micro.Parts {
		copy(t.Graph.Data(t.Images), m.micro.part(b.Images, i))
		copy(t.Graph.Data(t.OneHot), m.micro.part(b.Labels, i))
		if err := m.stage.Run(); err != nil {
			return err
		}
	}
	// The rate falls linearly to zero over the second half.
	left := 1 - float64(nimg)/1000/live.TotalKimg
	lr := live.LR * min(1, 2*max(0, left)) * warmup(nimg, live.WarmupKimg)
	if err := m.stage.Update(optim.Hyper{LR: lr, Beta1: live.Beta1, Beta2: live.Beta2, Eps: adamEps}); err != nil {
		return err
	}
	s.Time("step", start)
	s.Add("lr", lr)
	return nil
}

func (m *classifierMethod) Collect(s *Scalars) {
	m.stage.Collect(func(r Record) {
		s.Add("accuracy/train", r.Sum(m.training.Hits)/float64(m.micro.Parts*m.micro.Size))
		s.Add("loss/ce", r.Sum(m.training.Loss)/float64(m.micro.Parts))
		s.Add("grad/norm", r.GradNorm(0))
		s.Add(NonFiniteGrads, float64(r.NonFinite()))
	})
}

// testBatch is the number of images that Test reads at once.
const testBatch = 250

// Test measures the accuracy on the held-out images.
func (m *classifierMethod) Test() (map[string]float64, error) {
	if m.held == nil {
		return nil, nil
	}
	h, w, c := m.held.Shape()
	n, classes := m.held.Len(), m.held.Classes()
	images, index := make([]float32, testBatch*h*w*c), make([]int, testBatch)
	labels, logits := make([]float32, n*classes), make([]float32, n*classes)
	for first := 0; first < n; first += testBatch {
		k := min(testBatch, n-first)
		for i := range k {
			index[i] = first + i
		}
		err := errors.Join(m.held.Images(index[:k], images[:k*h*w*c]), m.held.Labels(index[:k], labels[first*classes:(first+k)*classes]))
		if err != nil {
			return nil, &data.Error{Set: m.held.Name(), Err: err}
		}
		if err := m.extractor.Logits(images[:k*h*w*c], logits[first*classes:(first+k)*classes]); err != nil {
			return nil, err
		}
	}
	return map[string]float64{"accuracy/test": accuracy(logits, labels, classes)}, nil
}

// accuracy is the share of rows whose largest logit is the labelled class; NaN,
// a gap in the chart, if a logit is, since none is then the largest.
func accuracy(logits, labels []float32, classes int) float64 {
	if sum := kernels.Sum(logits); math.IsNaN(sum) {
		return sum
	}
	hits, n := 0, len(logits)/classes
	for i := range n {
		row, label := logits[i*classes:(i+1)*classes], labels[i*classes:(i+1)*classes]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if label[best] == 1 {
			hits++
		}
	}
	return float64(hits) / float64(max(1, n))
}

func (m *classifierMethod) Tensors() []Group {
	return []Group{
		{Prefix: "ema/", Set: m.net.Params}, // the weights themselves: nothing is averaged
		{Prefix: "adam/", Set: m.adam.State(), Load: m.adam.Load},
	}
}

func (m *classifierMethod) Images() *Images { return nil }

func (m *classifierMethod) Meta() (map[string]string, error) {
	f := checkpoint.New()
	err := m.net.AddTo(f, "")
	return f.Metadata, err
}

func (m *classifierMethod) Teacher() map[string]string { return nil }
