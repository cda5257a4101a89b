package method

import (
	"fmt"
	"math/rand/v2"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/precond"
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
	if saved == nil {
		if err := e.withoutAugmentation(den); err != nil {
			return nil, err
		}
	}
	if err := fits(e.Config.Model.Init, den.Net.Shape(), e.Data); err != nil {
		return nil, fmt.Errorf("method: %w", err)
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

// withoutAugmentation leaves out the input by which a teacher learns how its images
// were augmented: a student's are not. A run that has begun with it keeps it.
func (e Env) withoutAugmentation(den *precond.Denoiser) error {
	net, ok := den.Net.(interface{ WithoutAugmentation() precond.Net })
	if !ok || den.Net.Shape().AugmentDim == 0 {
		return nil
	}
	saved, err := e.Saved()
	if err != nil {
		return err
	}
	if saved == nil || !saved.Has("gen/map_augment.") {
		den.Net = net.WithoutAugmentation()
	}
	return nil
}

// gddOver distills a given denoiser.
func gddOver(e Env, den *precond.Denoiser) (*gddMethod, error) {
	nets, err := newNets(e, den)
	if err != nil {
		return nil, err
	}
	return gddWith(e, nets)
}

// gddWith distills with given networks.
func gddWith(e Env, nets gdd.Nets) (*gddMethod, error) {
	nets.Gen.Precision = precisionOf(e.Config)
	m := &gddMethod{
		Env: e, initial: nets.Gen.Net.Params().Clone(),
		genNoise: e.Streams.Stream("gen.z"), disNoise: e.Streams.Stream("disc.z"),
	}
	var err error
	n := e.Config.Run.Batch
	h, w, c := e.Data.Shape()
	if m.distiller, err = newDistiller(e.Device, nets, gdd.Loss(e.Config.Disc.Loss), e.micro()); err != nil {
		return nil, err
	}
	m.augmenting = newAugmenting(e, nets.Augment)
	m.genZ, m.disZ = make([]float32, n*h*w*c), make([]float32, n*h*w*c)
	m.average, err = newAverage(nets.Gen, e.Device)
	return m, err
}

// newNets builds the configured discriminators, each over its frozen feature
// network and from a random stream of its own.
func newNets(e Env, gen *precond.Denoiser) (gdd.Nets, error) {
	nets := gdd.Nets{Gen: gen, Augment: augmentationOf(e.Config)}
	for k := range e.Config.Discs() {
		d, err := newDisc(e, k, gen.Net.Shape().LabelDim)
		if err != nil {
			return nets, err
		}
		nets.Discs = append(nets.Discs, d)
	}
	return nets, nil
}

func newDisc(e Env, k, classes int) (gdd.Disc, error) {
	name, settings := configs.DiscName(k), e.Config.Nth(k)
	file, err := e.open(name+".features", settings.Features)
	if err != nil {
		return gdd.Disc{}, err
	}
	net, err := OpenBackbone(file)
	if err != nil {
		return gdd.Disc{}, err
	}
	return discOver(e, k, net, classes)
}

// discOver makes discriminator k over a feature network.
func discOver(e Env, k int, net features.Backbone, classes int) (gdd.Disc, error) {
	name, settings := configs.DiscName(k), e.Config.Nth(k)
	path, err := projectorConfig(e.Config, k, net)
	if err != nil {
		return gdd.Disc{}, err
	}
	rng := rand.New(e.Streams.Stream(name + ".init"))
	d := gdd.Disc{}
	if k > 0 { // the first has the layers that it had when it was the only one
		d.Name = name
	}
	if d.Proj, err = disc.NewProjector(path, net, rng); err != nil {
		return d, err
	}
	if d.Disc, err = disc.New(disc.NewConfig(d.Proj, settings.Width, classes), rng); err != nil {
		return d, err
	}
	if e.Config.Disc.SyncBatchNorm {
		d.Disc.Processes = e.Share.Size
	}
	if ownProjections(e) {
		own := rand.New(e.Streams.Stream(fmt.Sprintf("%s.projection%d", name, e.Share.Rank)))
		if d.Proj, err = disc.NewProjector(path, net, own); err != nil {
			return d, err
		}
	}
	if classes == 0 || settings.Classes == "" {
		return d, nil
	}
	file, err := e.open(name+".classes", settings.Classes)
	if err != nil {
		return d, err
	}
	table, err := classTable(file, classes)
	if err != nil {
		return d, e.Config.At(name+".classes", err)
	}
	return d, d.Disc.SetClasses(table)
}

// ownProjections reports whether this process draws its random projections for itself,
// from the run's seed and its rank, as every process of the paper's code does: it seeds
// each by its rank before it makes them, and shares only what trains. Rank 0 has those
// that it has alone, and they are the checkpoint's.
func ownProjections(e Env) bool { return e.Config.Disc.RankProjections && e.Share.Rank > 0 }

// classTable reads vectors of classes, as StyleGAN-XL's file has them: the weight of an
// embedding of ImageNet's classes. Other data sets take its first rows.
func classTable(f *checkpoint.File, classes int) ([]float32, error) {
	for _, name := range []string{"embed.weight", "weight"} {
		t, err := f.Tensor(name)
		if err != nil {
			continue
		}
		if len(t.Shape) != 2 || t.Shape[0] < classes || t.Shape[1] != disc.EmbedDim {
			return nil, fmt.Errorf("%s: tensor %q: shape %v, want [%d or more, %d]", f.Path, name, t.Shape, classes, disc.EmbedDim)
		}
		return t.Float32s()
	}
	return nil, fmt.Errorf("%s: no table of classes, want a tensor called embed.weight or weight", f.Path)
}

func (m *gddMethod) Params() *models.ParamSet { return m.nets.Gen.Net.Params() }
func (m *gddMethod) Start() *models.ParamSet  { return m.initial }
func (m *gddMethod) Trained() *optim.Binding  { return m.genStep.Binding(0) }
func (m *gddMethod) Layers() []run.Layer      { return netLayers(m.nets.Gen.Net) }

func (m *gddMethod) Parts() []Part {
	parts := []Part{{"gen", Trained, m.nets.Gen.Net.Params()}}
	for k, d := range m.nets.Discs {
		parts = append(parts, Part{configs.DiscName(k), Trained, d.Disc.Params})
	}
	parts = append(parts, Part{"average", Average, m.average.den.Net.Params()})
	for _, d := range m.nets.Discs {
		of := ""
		if d.Name != "" {
			of = d.Name + " "
		}
		if !ownProjections(m.Env) {
			parts = append(parts, Part{of + "projection", Frozen, d.Proj.Mix})
		}
		parts = append(parts, Part{of + "features", Frozen, d.Proj.Net.Weights()})
	}
	return parts
}

func (m *gddMethod) Preset(_ []string, preset string) ([]string, error) {
	return m.nets.Gen.Net.FreezePreset(preset)
}

func (m *gddMethod) Step(nimg int64, b data.Batch, cfg *configs.Config, s *Scalars) error {
	start := time.Now()
	m.genNoise.FillNormal(m.genZ)
	m.disNoise.FillNormal(m.disZ)
	pixels := len(m.genZ) / cfg.Run.Batch
	genZ, disZ := m.Share.Values(m.genZ, pixels), m.Share.Values(m.disZ, pixels)
	s.Time("data", start)

	m.take(cfg)
	labels := b.Labels
	if m.nets.Gen.Net.Shape().LabelDim == 0 {
		labels = nil
	}
	if err := m.iterate(nimg/int64(cfg.Run.Batch), genZ, disZ, b.Images, labels, cfg.Live, s); err != nil {
		return err
	}
	start = time.Now()
	err := m.average.update(nimg, cfg.Run.Batch, cfg.Live)
	s.Time("ema", start)
	return err
}

func (m *gddMethod) Collect(s *Scalars) { m.collect(s) }

func (m *gddMethod) Tensors() []Group {
	groups := []Group{
		{Prefix: "gen/", Set: m.nets.Gen.Net.Params()},
		{Prefix: "gen/", Set: m.nets.Gen.Net.Buffers()},
		{Prefix: "ema/", Set: m.average.den.Net.Params()},
		{Prefix: "ema/", Set: m.average.den.Net.Buffers()},
	}
	for k, d := range m.nets.Discs {
		name, projection := configs.DiscName(k), "projection/"
		if k > 0 {
			projection = name + "_projection/"
		}
		groups = append(groups,
			Group{Prefix: name + "/", Set: d.Disc.Params},
			Group{Prefix: name + "_buffer/", Set: d.Disc.Buffers})
		if !ownProjections(m.Env) {
			groups = append(groups, Group{Prefix: projection, Set: d.Proj.Mix})
		}
	}
	groups = append(groups, Group{Prefix: "gen_adam/", Set: m.genAdam.State(), Load: m.genAdam.Load})
	for k, adam := range m.disAdams {
		groups = append(groups, Group{Prefix: configs.DiscName(k) + "_adam/", Set: adam.State(), Load: adam.Load})
	}
	m.noteSigns()
	return append(groups, m.augmentationGroup()...)
}

func (m *gddMethod) Images() *Images { return &Images{Den: m.average.den, Steps: 1} }

func (m *gddMethod) Meta() (map[string]string, error) { return describe(m.nets.Gen) }

func (m *gddMethod) Teacher() map[string]string { return m.teacher }

func (m *gddMethod) Test() (map[string]float64, error) { return nil, nil }
