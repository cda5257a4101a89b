package method

import (
	"fmt"
	"math/rand/v2"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/disc"
	"innate/models/gdd"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// gddMethod distills a diffusion teacher into a one-step generator through a
// GAN loss alone (Zheng & Yang, GDD), with most of the generator frozen in
// GDD-I. Losses are sums over the batch, as in the authors' code. A teacher that
// is conditioned on classes makes a student and a discriminator that are, too.
type gddMethod struct {
	Env
	*distiller
	average *average
	initial *models.ParamSet  // the teacher's weights; nil where they are gone
	teacher map[string]string // metadata of its file

	genNoise, disNoise *data.Rand
	genZ, disZ         []float32 // [N H W C]
}

func newGDD(e Env) (Method, error) {
	file, saved, err := e.openInit()
	if err != nil {
		return nil, err
	}
	var den *precond.Denoiser
	if saved != nil {
		den, err = precond.FromCheckpoint(saved, "gen/")
	} else {
		den, err = OpenDenoiser(file)
	}
	if err != nil {
		return nil, err
	}
	den.Kind = precond.GDD
	h, w, c := e.Data.Shape()
	if cfg := den.Net.Config; cfg.Resolution != h || cfg.Channels != c {
		return nil, fmt.Errorf("loop: %s makes %dx%d images with %d channels, want the data's %dx%d with %d",
			e.Config.Model.Init, cfg.Resolution, cfg.Resolution, cfg.Channels, h, w, c)
	}
	if n := den.Net.Config.LabelDim; n != 0 && n != e.Data.Classes() {
		return nil, fmt.Errorf("loop: %s is conditioned on %d classes, want the data's %d or none", e.Config.Model.Init, n, e.Data.Classes())
	}
	m, err := gddOver(e, den)
	if err != nil {
		return nil, err
	}
	if saved != nil {
		m.initial = nil
		return m, nil
	}
	m.teacher = file.Metadata
	return m, nil
}

// gddOver distills a given denoiser.
func gddOver(e Env, den *precond.Denoiser) (*gddMethod, error) {
	m := &gddMethod{
		Env: e, initial: den.Net.Params.Clone(),
		genNoise: e.Streams.Stream("gen.z"), disNoise: e.Streams.Stream("disc.z"),
	}
	nets, err := newNets(e, den)
	if err != nil {
		return nil, err
	}
	n := e.Config.Run.Batch
	h, w, c := e.Data.Shape()
	if m.distiller, err = newDistiller(e.Device, nets, gdd.Loss(e.Config.Disc.Loss), microOf(e.Config)); err != nil {
		return nil, err
	}
	m.genZ, m.disZ = make([]float32, n*h*w*c), make([]float32, n*h*w*c)
	m.average, err = newAverage(den, e.Device)
	return m, err
}

// newNets builds the discriminator over the configured frozen feature network.
func newNets(e Env, gen *precond.Denoiser) (gdd.Nets, error) {
	file, err := e.open("disc.features", e.Config.Disc.Features)
	if err != nil {
		return gdd.Nets{}, err
	}
	cnn, err := OpenCNN(file)
	if err != nil {
		return gdd.Nets{}, err
	}
	rng := rand.New(e.Streams.Stream("disc.init"))
	proj, err := disc.NewProjector(projectorConfig(e.Config.Disc, cnn), cnn, rng)
	if err != nil {
		return gdd.Nets{}, e.Config.At("disc.in_size", err)
	}
	heads, err := disc.New(disc.NewConfig(proj, e.Config.Disc.Width, gen.Net.Config.LabelDim), rng)
	if err != nil {
		return gdd.Nets{}, err
	}
	return gdd.Nets{Gen: gen, Proj: proj, Disc: heads}, nil
}

func constant(v float32, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = v
	}
	return s
}

func (m *gddMethod) Params() *models.ParamSet { return m.nets.Gen.Net.Params }
func (m *gddMethod) Start() *models.ParamSet  { return m.initial }
func (m *gddMethod) Trained() *optim.Binding  { return m.genStep.Binding() }
func (m *gddMethod) Layers() []run.Layer      { return unetLayers(m.nets.Gen.Net) }

func (m *gddMethod) Parts() []Part {
	return []Part{
		{"gen", Trained, m.nets.Gen.Net.Params},
		{"disc", Trained, m.nets.Disc.Params},
		{"average", Average, m.average.den.Net.Params},
		{"projection", Frozen, m.nets.Proj.Mix},
		{"features", Frozen, m.nets.Proj.Net.Params},
	}
}

func (m *gddMethod) Preset(names []string, preset string) ([]string, error) {
	return unet.FreezePreset(names, preset)
}

func (m *gddMethod) Step(nimg int64, b data.Batch, live configs.Live, s *Scalars) error {
	start := time.Now()
	m.genNoise.FillNormal(m.genZ)
	m.disNoise.FillNormal(m.disZ)
	s.Time("data", start)

	labels := b.Labels
	if m.nets.Gen.Net.Config.LabelDim == 0 {
		labels = nil
	}
	if err := m.iterate(nimg/int64(m.batch), m.genZ, m.disZ, b.Images, labels, live, s); err != nil {
		return err
	}
	start = time.Now()
	err := m.average.update(nimg, m.batch, live)
	s.Time("ema", start)
	return err
}

func (m *gddMethod) Tensors() []Group {
	return []Group{
		{Prefix: "gen/", Set: m.nets.Gen.Net.Params},
		{Prefix: "gen/", Set: m.nets.Gen.Net.Buffers},
		{Prefix: "ema/", Set: m.average.den.Net.Params},
		{Prefix: "ema/", Set: m.average.den.Net.Buffers},
		{Prefix: "disc/", Set: m.nets.Disc.Params},
		{Prefix: "disc_buffer/", Set: m.nets.Disc.Buffers},
		{Prefix: "projection/", Set: m.nets.Proj.Mix},
		{Prefix: "gen_adam/", Set: m.genAdam.State(), Load: m.genAdam.Load},
		{Prefix: "disc_adam/", Set: m.disAdam.State(), Load: m.disAdam.Load},
	}
}

func (m *gddMethod) Images() *Images { return &Images{Den: m.average.den, Steps: 1} }

func (m *gddMethod) Meta() (map[string]string, error) { return describe(m.nets.Gen) }

func (m *gddMethod) Teacher() map[string]string { return m.teacher }

func (m *gddMethod) Test() (map[string]float64, error) { return nil, nil }
