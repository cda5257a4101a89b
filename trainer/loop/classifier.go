package loop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
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
	env
	net       *features.Net
	graph     *graph.Builder
	training  *features.Classifier
	program   device.Program
	adam      *optim.Adam
	binding   *optim.Binding
	initial   *models.ParamSet // fresh weights
	live      configs.Live
	extractor *features.Extractor
}

func newClassifier(e env) (*classifierMethod, error) {
	h, _, c := e.data.Shape()
	net, err := features.New(features.Config{Channels: c, Widths: e.cfg.Features.Widths, Classes: e.data.Classes()},
		rand.New(e.streams.Stream("classifier.init")))
	if err != nil {
		return nil, err
	}
	m := &classifierMethod{env: e, net: net, initial: net.Params.Clone()}
	m.graph, err = graph.Build(func(g *graph.Builder) {
		m.training, err = features.NewClassifier(g, net, h, e.cfg.Run.Batch)
	})
	if err != nil {
		return nil, err
	}
	m.adam = optim.NewAdam(m.training.Params, e.dev)
	m.extractor, err = features.NewExtractor(e.dev, net, h, featureBatch)
	return m, err
}

func (m *classifierMethod) params() *models.ParamSet { return m.net.Params }
func (m *classifierMethod) start() *models.ParamSet  { return m.initial }
func (m *classifierMethod) trained() *optim.Binding  { return m.binding }
func (m *classifierMethod) programs() []program      { return []program{{"step", m.program}} }

func (m *classifierMethod) preset(names []string, preset string) ([]string, error) {
	if preset != "none" {
		return nil, fmt.Errorf("freeze: preset %q is for U-Nets, want none", preset)
	}
	return nil, nil
}

func (m *classifierMethod) layers() []run.Layer {
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

func (m *classifierMethod) configure(live configs.Live) { m.live = live }

func (m *classifierMethod) freeze(frozen func(name string) bool) error {
	program, binding, err := compileTraining(m.env, m.graph, []graph.Node{m.training.Loss, m.training.Logits},
		m.training.Params, m.training.Grads, m.adam, frozen, m.program)
	if err == nil {
		m.program, m.binding = program, binding
	}
	return err
}

func (m *classifierMethod) step(nimg int64, b batch, s *scalars) error {
	start := time.Now()
	copy(m.graph.Data(m.training.Images), b.images)
	copy(m.graph.Data(m.training.OneHot), b.labels)
	if err := m.program.Run(); err != nil {
		return err
	}
	// The rate falls linearly to zero over the second half.
	left := 1 - kimg(nimg)/m.live.TotalKimg
	lr := m.live.LR * min(1, 2*max(0, left)) * warmup(nimg, m.live.WarmupKimg)
	bad, err := m.binding.Step(optim.Hyper{LR: lr, Beta1: m.live.Beta1, Beta2: m.live.Beta2, Eps: adamEps})
	if err != nil {
		return err
	}
	s.time("step", start)

	s.add("loss/ce", float64(m.program.Value(m.training.Loss)[0]))
	s.add("accuracy/train", accuracy(m.program.Value(m.training.Logits), b.labels, m.data.Classes()))
	s.add("lr", lr)
	s.add("grad/norm", m.binding.GradNorm())
	s.add(nonFiniteGrads, float64(bad))
	return nil
}

// test measures the accuracy on the held-out images.
func (m *classifierMethod) test() (map[string]float64, error) {
	held, err := data.MNISTTest()
	if err != nil {
		return nil, err
	}
	h, w, c := held.Shape()
	n := held.Len()
	images, labels := make([]float32, n*h*w*c), make([]float32, n*held.Classes())
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	held.Images(index, images)
	held.Labels(index, labels)
	logits := make([]float32, n*held.Classes())
	if err := m.extractor.Logits(images, logits); err != nil {
		return nil, err
	}
	return map[string]float64{"accuracy/test": accuracy(logits, labels, held.Classes())}, nil
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

func (m *classifierMethod) tensors() []group {
	return []group{
		{prefix: "ema/", set: m.net.Params}, // the weights themselves: nothing is averaged
		{prefix: "adam/", set: m.adam.State(), load: m.adam.Load},
	}
}

func (m *classifierMethod) image() *imager { return nil }

func (m *classifierMethod) meta() (map[string]string, error) {
	f := checkpoint.New()
	err := m.net.AddTo(f, "")
	return f.Metadata, err
}

func (m *classifierMethod) teacher() *float64 { return nil }
