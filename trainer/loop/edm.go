package loop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// edmMethod trains a denoiser as EDM does (Karras et al. 2022, section 5): the
// teacher of a distillation.
type edmMethod struct {
	env
	den      *precond.Denoiser
	graph    *graph.Builder
	training *precond.Training
	program  device.Program
	adam     *optim.Adam
	binding  *optim.Binding
	averaged *optim.EMA
	ema      *precond.Denoiser
	initial  *models.ParamSet // fresh weights, or those of model.init; nil where these are gone
	live     configs.Live

	eta, noise, dropout *data.Rand
	draws               []float32 // [N], one for each noise level
	sigma               []float64 // [N]
}

func newEDM(e env) (*edmMethod, error) {
	den, known, err := edmDenoiser(e)
	if err != nil {
		return nil, err
	}
	m, err := edmOver(e, den)
	if err == nil && !known {
		m.initial = nil
	}
	return m, err
}

// edmOver trains a given denoiser.
func edmOver(e env, den *precond.Denoiser) (*edmMethod, error) {
	var err error
	n := e.cfg.Run.Batch
	m := &edmMethod{
		env: e, den: den, ema: &precond.Denoiser{Net: den.Net.Clone(), Kind: den.Kind}, initial: den.Net.Params.Clone(),
		eta: e.streams.Stream("edm.eta"), noise: e.streams.Stream("edm.noise"), dropout: e.streams.Stream("edm.dropout"),
		draws: make([]float32, n), sigma: make([]float64, n),
	}
	m.graph, err = graph.Build(func(g *graph.Builder) {
		m.training, err = precond.NewTraining(g, den, n)
	})
	if err != nil {
		return nil, err
	}
	m.adam = optim.NewAdam(m.training.Params, e.dev)
	m.averaged, err = optim.NewEMA(m.ema.Net.Params, den.Net.Params, e.dev)
	return m, err
}

// edmDenoiser builds the configured network, with fresh weights or those of
// model.init; known is false if those are gone, and a checkpoint will be restored
// over fresh ones.
func edmDenoiser(e env) (den *precond.Denoiser, known bool, err error) {
	c := e.cfg.Model
	classes := 0
	if e.cfg.Data.Labels {
		classes = e.data.Classes()
	}
	net, err := unet.New(unetConfig(c, classes), rand.New(e.streams.Stream("edm.init")))
	if err != nil {
		return nil, false, e.cfg.At("model", err)
	}
	den = &precond.Denoiser{Net: net, Kind: precond.EDM}
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
	if err := errors.Join(net.Params.CopyFrom(old.Net.Params), net.Buffers.CopyFrom(old.Net.Buffers)); err != nil {
		return nil, false, fmt.Errorf("loop: model.init: %s: %w, as the config's architecture has it", c.Init, err)
	}
	return den, true, nil
}

func (m *edmMethod) params() *models.ParamSet { return m.den.Net.Params }
func (m *edmMethod) start() *models.ParamSet  { return m.initial }
func (m *edmMethod) trained() *optim.Binding  { return m.binding }
func (m *edmMethod) programs() []program      { return []program{{"step", m.program}} }
func (m *edmMethod) layers() []run.Layer      { return unetLayers(m.den.Net) }

func (m *edmMethod) preset(names []string, preset string) ([]string, error) {
	return unet.FreezePreset(names, preset)
}

func (m *edmMethod) configure(live configs.Live) { m.live = live }

func (m *edmMethod) freeze(frozen func(name string) bool) error {
	program, binding, err := compileTraining(m.env, m.graph, []graph.Node{m.training.Loss}, m.training.Params, m.training.Grads, m.adam, frozen, m.program)
	if err == nil {
		m.program, m.binding = program, binding
	}
	return err
}

// compileTraining plans a training step that computes the outputs and the
// gradients of what trains, and nothing else, in place of the program that did so
// before, if any, and binds the optimizer to them.
func compileTraining(e env, g *graph.Builder, outputs []graph.Node, params []*models.Param, grads []graph.Node,
	adam *optim.Adam, frozen func(name string) bool, old device.Program) (device.Program, *optim.Binding, error) {
	var trained []*models.Param
	var nodes []graph.Node
	for i, p := range params {
		if !frozen(p.Name) {
			trained, nodes = append(trained, p), append(nodes, grads[i])
		}
	}
	program, err := e.dev.Compile(g, device.Request{Outputs: slices.Concat(nodes, outputs), Replaces: old})
	if err != nil {
		return nil, nil, err
	}
	binding, err := adam.Bind(trained, program, nodes)
	return program, binding, err
}

func (m *edmMethod) step(nimg int64, b batch, s *scalars) error {
	start := time.Now()
	t := m.training
	copy(m.graph.Data(t.Images), b.images)
	if !t.Label.IsZero() {
		copy(m.graph.Data(t.Label), b.labels)
	}
	m.noise.FillNormal(m.graph.Data(t.Noise))
	m.eta.FillNormal(m.draws)
	for i, eta := range m.draws {
		m.sigma[i] = precond.TrainSigma(float64(eta))
	}
	t.SetLevels(m.sigma)
	t.FillDropout(rand.New(m.dropout))
	start = s.time("data", start)

	if err := m.program.Run(); err != nil {
		return err
	}
	lr := m.live.LR * warmup(nimg, m.live.WarmupKimg)
	bad, err := m.binding.Step(optim.Hyper{LR: lr, Beta1: m.live.Beta1, Beta2: m.live.Beta2, Eps: adamEps})
	if err != nil {
		return err
	}
	start = s.time("step", start)

	if err := m.averaged.Update(optim.EMABeta(nimg, len(m.draws), m.live.EMAHalflifeKimg, m.live.EMARamp)); err != nil {
		return err
	}
	s.time("ema", start)

	h, w, c := m.data.Shape()
	s.add("loss/edm", float64(m.program.Value(t.Loss)[0])/float64(h*w*c)) // per pixel
	s.add("lr", lr)
	s.add("grad/norm", m.binding.GradNorm())
	s.add(nonFiniteGrads, float64(bad))
	return nil
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
	return min(1, kimg(nimg)/warmupKimg)
}

func (m *edmMethod) tensors() []group {
	return []group{
		{prefix: "net/", set: m.den.Net.Params},
		{prefix: "net/", set: m.den.Net.Buffers},
		{prefix: "ema/", set: m.ema.Net.Params},
		{prefix: "ema/", set: m.ema.Net.Buffers},
		{prefix: "adam/", set: m.adam.State(), load: m.adam.Load},
	}
}

func (m *edmMethod) image() *imager {
	return &imager{den: m.ema, steps: m.cfg.FID.Steps}
}

func (m *edmMethod) meta() (map[string]string, error) { return describe(m.den) }

func (m *edmMethod) test() (map[string]float64, error) { return nil, nil }

func (m *edmMethod) teacher() *float64 { return nil }
