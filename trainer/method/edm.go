package method

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/augment"
	"innate/models/graph"
	"innate/models/precond"
	"innate/trainer/data"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// edmMethod trains a denoiser as EDM does (Karras et al. 2022, section 5): the
// teacher of a distillation.
type edmMethod struct {
	Env
	den      *precond.Denoiser
	training *precond.Training
	stage    *Stage
	adam     *optim.Adam
	average  *average
	initial  *models.ParamSet // fresh weights, or those of model.init; nil where these are gone

	eta, noise, dropout *data.Rand
	draws               []float32 // [N], one for each noise level
	sigma               []float64 // [N], of this process's share
	pixels              []float32 // noise [N H W C]
	micro               Micro

	pipe    *augment.Pipe // nil where images are not augmented
	augment *data.Rand

	labels *data.Rand // of label dropout; nil without it
	kept   []float32  // [N], in [0, 1): below the probability a label is left out
}

func newEDM(e Env) (Method, error) {
	den, known, err := edmDenoiser(e)
	if err != nil {
		return nil, err
	}
	m, err := edmOver(e, den)
	if err != nil {
		return nil, err
	}
	if !known {
		m.initial = nil
	}
	return m, nil
}

// edmOver trains a given denoiser.
func edmOver(e Env, den *precond.Denoiser) (*edmMethod, error) {
	var err error
	den.Precision = precisionOf(e.Config)
	n := e.Config.Run.Batch
	m := &edmMethod{
		Env: e, den: den, initial: den.Net.Params().Clone(),
		eta: e.Streams.Stream("edm.eta"), noise: e.Streams.Stream("edm.noise"), dropout: e.Streams.Stream("edm.dropout"),
		draws: make([]float32, n), sigma: make([]float64, e.Share.Of(n)), micro: e.micro().ofMean(),
	}
	h, w, c := e.Data.Shape()
	m.pixels = make([]float32, n*h*w*c)
	if err := m.buildTraining(); err != nil {
		return nil, err
	}
	if den.Net.Shape().LabelDropout > 0 { // no stream for others, whose checkpoints have none
		m.labels, m.kept = e.Streams.Stream("edm.labels"), make([]float32, n)
	}
	m.adam = optim.NewAdam(m.training.Params, e.Device)
	m.stage = NewStage("step", e.Device, &m.training.Objective, m.micro, m.adam)
	m.average, err = newAverage(den, e.Device)
	return m, err
}

// buildTraining builds the graph of a step.
func (m *edmMethod) buildTraining() error {
	var failed error
	_, err := graph.Build(func(g *graph.Builder) {
		var augmented func(graph.Node) graph.Node
		if a := augmentationOf(m.Config); a.Pipe != "" {
			m.augment, augmented = m.Streams.Stream("edm.augment"), func(x graph.Node) graph.Node {
				defer g.Scope("augment")()
				m.pipe = augment.NewPipe(g, a.Pipe, m.micro.Size, m.den.Net.Shape().Image())
				return m.pipe.Forward(x)
			}
		}
		m.training, failed = precond.NewTraining(g, m.den, m.micro.Size, augmented)
	})
	return cmp.Or(err, failed)
}

// edmDenoiser builds the configured network, with fresh weights or those of
// model.init; known is false if those are gone, and a checkpoint will be restored
// over fresh ones.
func edmDenoiser(e Env) (den *precond.Denoiser, known bool, err error) {
	c := e.Config.Model
	settings, err := edmSettings(e.Config, e.Data)
	if err != nil {
		return nil, false, err
	}
	arch, err := precond.Archs.Get(c.Arch)
	if err != nil {
		return nil, false, err
	}
	net, err := arch.New(settings, rand.New(e.Streams.Stream("edm.init")))
	if err != nil {
		return nil, false, e.Config.At("model", err)
	}
	den = &precond.Denoiser{Net: net, Kind: precond.Kind(c.Precond)}
	if c.Init == "" {
		return den, true, nil
	}
	file, saved, err := e.openInit()
	if err != nil || saved != nil {
		return den, false, err
	}
	old, err := OpenDenoiser(file)
	if err != nil {
		return nil, false, err
	}
	if err := errors.Join(net.Params().CopyFrom(old.Net.Params()), net.Buffers().CopyFrom(old.Net.Buffers())); err != nil {
		return nil, false, fmt.Errorf("loop: model.init: %s: %w, as the config's architecture has it", c.Init, err)
	}
	return den, true, nil
}

func (m *edmMethod) Params() *models.ParamSet { return m.den.Net.Params() }
func (m *edmMethod) Start() *models.ParamSet  { return m.initial }
func (m *edmMethod) Trained() *optim.Binding  { return m.stage.Binding(0) }
func (m *edmMethod) Programs() []Program      { return []Program{m.stage.Program()} }
func (m *edmMethod) Layers() []run.Layer      { return netLayers(m.den.Net) }

func (m *edmMethod) Parts() []Part {
	return []Part{{"net", Trained, m.den.Net.Params()}, {"average", Average, m.average.den.Net.Params()}}
}

func (m *edmMethod) Preset(_ []string, preset string) ([]string, error) {
	return m.den.Net.FreezePreset(preset)
}

func (m *edmMethod) Freeze(frozen func(name string) bool) error { return m.stage.Freeze(named(frozen)) }

// Ask is Freeze for steps that measure the gradients of frozen parameters, too.
func (m *edmMethod) Ask(frozen, ask func(name string) bool) error {
	return m.stage.Ask(named(frozen), named(ask))
}

// Asked are the squared norms of those gradients.
func (m *edmMethod) Asked() map[string]float64 { return m.stage.Asked() }

func (m *edmMethod) Step(nimg int64, b data.Batch, cfg *configs.Config, s *Scalars) error {
	live := cfg.Live
	start := time.Now()
	m.noise.FillNormal(m.pixels)
	if m.den.Kind.TrainsNormal() {
		m.eta.FillNormal(m.draws)
	} else {
		m.eta.FillUniform(m.draws)
	}
	if m.labels != nil {
		m.labels.FillUniform(m.kept)
	}
	h, w, c := m.Data.Shape()
	pixels, kept := m.Share.Values(m.pixels, h*w*c), m.Share.Values(m.kept, 1)
	for i, draw := range m.Share.Values(m.draws, 1) {
		m.sigma[i] = m.den.Kind.TrainSigma(float64(draw))
	}
	for i := range m.micro.Parts {
		m.set(b, pixels, kept, i, cfg.Augment.P)
		start = s.Time("data", start)
		if err := m.stage.Run(); err != nil {
			return err
		}
		start = s.Time("step", start)
	}
	lr := live.LR * warmup(nimg, live.WarmupKimg)
	if err := m.stage.Update(optim.Hyper{LR: lr, Beta1: live.Beta1, Beta2: live.Beta2, Eps: adamEps}); err != nil {
		return err
	}
	start = s.Time("step", start)

	if err := m.average.update(nimg, cfg.Run.Batch, live); err != nil {
		return err
	}
	s.Time("ema", start)
	s.Add("lr", lr)
	return nil
}

func (m *edmMethod) Collect(s *Scalars) {
	h, w, c := m.Data.Shape()
	m.stage.Collect(func(r Record) {
		s.Add("loss/edm", r.Sum(m.training.Loss)/float64(m.micro.Parts*h*w*c)) // per pixel
		s.Add("grad/norm", r.GradNorm(0))
		s.Add(NonFiniteGrads, float64(r.NonFinite()))
	})
}

// set fills the inputs for one micro-batch. Its dropout is drawn here: the masks
// of a network with dropout depend on how batches are cut.
func (m *edmMethod) set(b data.Batch, noise, kept []float32, part int, prob float64) {
	t := m.training
	if m.pipe != nil {
		m.pipe.Draw(rand.New(m.Share.Stream(m.augment)), prob)
		if !t.Augment.IsZero() {
			copy(t.Graph.Data(t.Augment), m.pipe.Labels())
		}
	}
	copy(t.Graph.Data(t.Images), m.micro.part(b.Images, part))
	if !t.Label.IsZero() {
		m.setLabels(m.micro.part(b.Labels, part), m.micro.part(kept, part))
	}
	copy(t.Graph.Data(t.Noise), m.micro.part(noise, part))
	t.SetLevels(m.sigma[part*m.micro.Size:][:m.micro.Size])
	t.FillDropout(rand.New(m.Share.Stream(m.dropout)))
}

// setLabels fills the classes of a micro-batch, less those that are left out.
func (m *edmMethod) setLabels(labels, kept []float32) {
	to := m.training.Graph.Data(m.training.Label)
	copy(to, labels)
	s := m.den.Net.Shape()
	for i, u := range kept {
		if float64(u) < s.LabelDropout {
			clear(to[i*s.LabelDim:][:s.LabelDim])
		}
	}
}

// adamEps is added to the root of the corrected second moment, in all of the
// paper's trainings.
const adamEps = 1e-8

// warmup is the factor of the learning rate after nimg images: a linear ramp
// from 0 (Karras et al. 2022, appendix F.3).
func warmup(nimg int64, warmupKimg float64) float64 {
	if warmupKimg <= 0 {
		return 1
	}
	return min(1, float64(nimg)/1000/warmupKimg)
}

func (m *edmMethod) Tensors() []Group {
	return []Group{
		{Prefix: "net/", Set: m.den.Net.Params()},
		{Prefix: "net/", Set: m.den.Net.Buffers()},
		{Prefix: "ema/", Set: m.average.den.Net.Params()},
		{Prefix: "ema/", Set: m.average.den.Net.Buffers()},
		{Prefix: "adam/", Set: m.adam.State(), Load: m.adam.Load},
	}
}

func (m *edmMethod) Images() *Images {
	return &Images{Den: m.average.den, Steps: m.Config.FID.Steps, Own: m.Config.FID.Sampler == "own"}
}

func (m *edmMethod) Meta() (map[string]string, error) { return describe(m.den) }

func (m *edmMethod) Test() (map[string]float64, error) { return nil, nil }

func (m *edmMethod) Teacher() map[string]string { return nil }
