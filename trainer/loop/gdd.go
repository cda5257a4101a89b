package loop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
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
	env
	*distiller
	ema        *precond.Denoiser
	averaged   *optim.EMA
	initial    *models.ParamSet // the teacher's weights; nil where they are gone
	live       configs.Live
	teacherFID *float64 // in many steps, as its file states it

	genNoise, disNoise *data.Rand
	genZ, disZ         []float32 // [N H W C]
}

func newGDD(e env) (*gddMethod, error) {
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
	h, w, c := e.data.Shape()
	if cfg := den.Net.Config; cfg.Resolution != h || cfg.Channels != c {
		return nil, fmt.Errorf("loop: %s makes %dx%d images with %d channels, want the data's %dx%d with %d",
			e.cfg.Model.Init, cfg.Resolution, cfg.Resolution, cfg.Channels, h, w, c)
	}
	if n := den.Net.Config.LabelDim; n != 0 && n != e.data.Classes() {
		return nil, fmt.Errorf("loop: %s is conditioned on %d classes, want the data's %d or none", e.cfg.Model.Init, n, e.data.Classes())
	}
	m, err := gddOver(e, den)
	if err != nil {
		return nil, err
	}
	if saved != nil {
		m.initial = nil
		return m, nil
	}
	m.teacherFID = recordedFID(file.Metadata, FeatureName(e.cfg.FID.Features))
	return m, nil
}

// gddOver distills a given denoiser.
func gddOver(e env, den *precond.Denoiser) (*gddMethod, error) {
	m := &gddMethod{
		env: e, ema: &precond.Denoiser{Net: den.Net.Clone(), Kind: precond.GDD}, initial: den.Net.Params.Clone(),
		genNoise: e.streams.Stream("gen.z"), disNoise: e.streams.Stream("disc.z"),
	}
	nets, err := newNets(e, den)
	if err != nil {
		return nil, err
	}
	n := e.cfg.Run.Batch
	h, w, c := e.data.Shape()
	if m.distiller, err = newDistiller(e.dev, nets, gdd.Loss(e.cfg.Disc.Loss), n); err != nil {
		return nil, err
	}
	m.genZ, m.disZ = make([]float32, n*h*w*c), make([]float32, n*h*w*c)
	m.averaged, err = optim.NewEMA(m.ema.Net.Params, den.Net.Params, e.dev)
	return m, err
}

// newNets builds the discriminator over the configured frozen feature network.
func newNets(e env, gen *precond.Denoiser) (gdd.Nets, error) {
	file, err := e.open("disc.features", e.cfg.Disc.Features)
	if err != nil {
		return gdd.Nets{}, err
	}
	cnn, err := openCNN(file)
	if err != nil {
		return gdd.Nets{}, err
	}
	rng := rand.New(e.streams.Stream("disc.init"))
	proj, err := disc.NewProjector(projectorConfig(e.cfg.Disc, cnn), cnn, rng)
	if err != nil {
		return gdd.Nets{}, e.cfg.At("disc.in_size", err)
	}
	heads, err := disc.New(disc.NewConfig(proj, e.cfg.Disc.Width, gen.Net.Config.LabelDim), rng)
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

// recordedFID is the FID that a teacher's file states for itself, if it does: no
// distance is negative or without end.
func recordedFID(meta map[string]string, name string) *float64 {
	v, err := strconv.ParseFloat(meta[FIDKey(name)], 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 1) {
		return nil
	}
	return &v
}

func (m *gddMethod) params() *models.ParamSet { return m.nets.Gen.Net.Params }
func (m *gddMethod) start() *models.ParamSet  { return m.initial }
func (m *gddMethod) trained() *optim.Binding  { return m.genBind }
func (m *gddMethod) layers() []run.Layer      { return unetLayers(m.nets.Gen.Net) }

func (m *gddMethod) preset(names []string, preset string) ([]string, error) {
	return unet.FreezePreset(names, preset)
}

func (m *gddMethod) configure(live configs.Live) { m.live = live }

func (m *gddMethod) step(nimg int64, b batch, s *scalars) error {
	start := time.Now()
	m.genNoise.FillNormal(m.genZ)
	m.disNoise.FillNormal(m.disZ)
	s.time("data", start)

	labels := b.labels
	if m.nets.Gen.Net.Config.LabelDim == 0 {
		labels = nil
	}
	if err := m.iterate(nimg/int64(m.batch), m.genZ, m.disZ, b.images, labels, m.live, s); err != nil {
		return err
	}
	start = time.Now()
	err := m.averaged.Update(optim.EMABeta(nimg, m.batch, m.live.EMAHalflifeKimg, m.live.EMARamp))
	s.time("ema", start)
	return err
}

// addLogits records the mean logit and the mean probability that images are
// real, under names made by the caller: to make them here would allocate.
func addLogits(s *scalars, logitsName, probsName string, logits []float32) {
	var sum, prob float64
	for _, v := range logits {
		sum += float64(v)
		prob += 1 / (1 + math.Exp(-float64(v)))
	}
	s.add(logitsName, sum/float64(len(logits)))
	s.add(probsName, prob/float64(len(logits)))
}

func (m *gddMethod) tensors() []group {
	return []group{
		{prefix: "gen/", set: m.nets.Gen.Net.Params},
		{prefix: "gen/", set: m.nets.Gen.Net.Buffers},
		{prefix: "ema/", set: m.ema.Net.Params},
		{prefix: "ema/", set: m.ema.Net.Buffers},
		{prefix: "disc/", set: m.nets.Disc.Params},
		{prefix: "disc_buffer/", set: m.nets.Disc.Buffers},
		{prefix: "projection/", set: m.nets.Proj.Mix},
		{prefix: "gen_adam/", set: m.genAdam.State(), load: m.genAdam.Load},
		{prefix: "disc_adam/", set: m.disAdam.State(), load: m.disAdam.Load},
	}
}

func (m *gddMethod) image() *imager { return &imager{den: m.ema, steps: 1} }

func (m *gddMethod) meta() (map[string]string, error) { return describe(m.nets.Gen) }

func (m *gddMethod) teacher() *float64 { return m.teacherFID }

func (m *gddMethod) test() (map[string]float64, error) { return nil, nil }
