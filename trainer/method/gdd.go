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

// gddMethod distills a diffusion teacher into a one-step generator: through a
// GAN loss alone (Zheng & Yang, GDD), with most of the generator frozen in
// GDD-I, through the Frechet distance of features or through the teacher's images,
// or through several of these. Losses are sums over the batch, as in the authors' code.
// A teacher that is conditioned on classes makes a student and a discriminator that are,
// too.
type gddMethod struct {
	Env
	*distiller
	average *average
	initial *models.ParamSet  // what the student began with; nil where it is gone
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
	var teacher *precond.Denoiser
	if e.taught() {
		if saved != nil { // which has the student alone
			_, err := e.open("model.init", e.Config.Model.Init)
			return nil, err
		}
		teacher = den.Clone()
	}
	den.Kind = precond.GDD
	if saved == nil {
		if err := e.withoutAugmentation(den); err != nil {
			return nil, err
		}
		if err := e.begin(den); err != nil {
			return nil, err
		}
	}
	if err := fits(e.Config.Model.Init, den.Net.Shape(), e.Data); err != nil {
		return nil, fmt.Errorf("method: %w", err)
	}
	m, err := gddOver(e, den, teacher)
	if err != nil {
		return nil, err
	}
	if saved != nil {
		if !m.begun() {
			m.initial = nil
		}
		return m, nil
	}
	m.teacher = file.Metadata
	return m, nil
}

// taught reports whether the teacher says what single images should be.
func (e Env) taught() bool {
	target := e.Config.Distill.Target
	return target != "" && target != configs.NoTarget
}

// begun reports whether the student began with other weights than the teacher's, which
// are then in every checkpoint.
func (m *gddMethod) begun() bool { return m.Config.Model.Start != configs.FromTeacher }

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

// gddOver distills into a given denoiser, by a teacher where one is asked.
func gddOver(e Env, den, teacher *precond.Denoiser) (*gddMethod, error) {
	nets, err := newNets(e, den)
	if err != nil {
		return nil, err
	}
	return gddWith(e, nets, teacher)
}

// gddWith distills with given networks.
func gddWith(e Env, nets gdd.Nets, teacher *precond.Denoiser) (*gddMethod, error) {
	nets.Gen.Precision = precisionOf(e.Config)
	m := &gddMethod{Env: e, initial: nets.Gen.Net.Params().Clone(), genNoise: e.Streams.Stream("gen.z")}
	var err error
	n := e.Config.Run.Batch
	h, w, c := e.Data.Shape()
	if m.distiller, err = newDistiller(e.Device, nets, gdd.Loss(e.Config.Disc.Loss), e.micro()); err != nil {
		return nil, err
	}
	m.augmenting = newAugmenting(e, nets.Augment)
	m.genZ = make([]float32, n*h*w*c)
	if len(nets.Discs) > 0 {
		m.disNoise, m.disZ = e.Streams.Stream("disc.z"), make([]float32, n*h*w*c)
	}
	if len(nets.Spaces) > 0 {
		if m.distance, err = newDistance(e, nets.Spaces, m.gen, e.micro()); err != nil {
			return nil, err
		}
	}
	if teacher != nil {
		if m.teaching, err = newTeaching(e, teacher, nets.Gen, e.micro()); err != nil {
			return nil, err
		}
	}
	m.average, err = newAverage(nets.Gen, e.Device)
	return m, err
}

// newNets builds the configured discriminators, each over its frozen feature
// network and from a random stream of its own, and what else judges the generator.
func newNets(e Env, gen *precond.Denoiser) (nets gdd.Nets, err error) {
	nets.Gen = gen
	if e.taught() {
		if nets.Target, err = newTarget(e.Config, gen.Net.Shape().Resolution, e.open, OpenBackbone); err != nil {
			return nets, err
		}
	}
	if e.Config.Method != configs.Distill {
		nets.Discs, nets.Spaces, err = newDiscs(e, gen.Net.Shape().LabelDim)
	}
	if len(nets.Discs) > 0 {
		nets.Augment = augmentationOf(e.Config)
	}
	return nets, err
}

// newDiscs builds discriminators of images with so many classes, and makes their features
// the spaces of a distance, as far as the method has either.
func newDiscs(e Env, classes int) (discs []gdd.Disc, spaces []gdd.Space, err error) {
	for k := range e.Config.Discs() {
		name := configs.DiscName(k)
		file, err := e.open(name+".features", e.Config.Nth(k).Features)
		if err != nil {
			return nil, nil, err
		}
		net, err := OpenBackbone(file)
		if err != nil {
			return nil, nil, err
		}
		if e.Config.Method != configs.FD {
			d, err := discOver(e, k, net, classes)
			if err != nil {
				return nil, nil, err
			}
			discs = append(discs, d)
		}
		if e.Config.Frechet.Weight == 0 {
			continue
		}
		s, err := spaceOf(e.Config, k, net)
		if err != nil {
			return nil, nil, err
		}
		if err := notJudging(e.Config, k, file, e.Dir, func() (features.Backbone, error) { return net, nil }); err != nil {
			return nil, nil, err
		}
		spaces = append(spaces, s)
	}
	return discs, spaces, nil
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
	for _, s := range m.nets.Spaces {
		if len(m.nets.Discs) == 0 {
			parts = append(parts, Part{s.Name + " features", Frozen, s.Net.Weights()})
		}
	}
	if m.teaching != nil {
		parts = append(parts, Part{"teacher", Frozen, m.teaching.weights})
	}
	if t := m.nets.Target; t != nil && t.Net != nil {
		parts = append(parts, Part{"maps", Frozen, t.Net.Weights()})
	}
	return parts
}

// ResolveDiscs says what a configuration freezes of each discriminator.
func (m *gddMethod) ResolveDiscs(cfg *configs.Config) (list []*optim.Freezing, err error) {
	for k, d := range m.nets.Discs {
		s, key := cfg.Nth(k), configs.DiscName(k)+".freeze_layers"
		first := func([]string, string) ([]string, error) { return d.Disc.First(s.FreezeBlocks), nil }
		f, err := optim.FreezeRule{Freeze: s.FreezeLayers}.Resolve(d.Disc.Params, first)
		if err != nil {
			return nil, cfg.At(key, fmt.Errorf("%s: %w", key, err))
		}
		list = append(list, f)
	}
	return list, nil
}

// FreezeDiscs plans the steps to come without the gradients of what is frozen of each
// discriminator. Its batch norms go on to have the statistics of the batch, and its
// spectral norms to follow their power iteration.
func (m *gddMethod) FreezeDiscs(list []*optim.Freezing) error {
	if len(list) == 0 {
		return nil
	}
	frozen := map[*models.Param]bool{}
	for k, d := range m.nets.Discs {
		for _, p := range d.Disc.Params.All() {
			frozen[p] = list[k].Frozen(p.Name)
		}
	}
	return m.freezeDiscs(func(p *models.Param) bool { return frozen[p] })
}

func (m *gddMethod) Preset(_ []string, preset string) ([]string, error) {
	return m.nets.Gen.Net.FreezePreset(preset)
}

func (m *gddMethod) Step(nimg int64, b data.Batch, cfg *configs.Config, s *Scalars) error {
	start := time.Now()
	m.genNoise.FillNormal(m.genZ)
	if m.disNoise != nil {
		m.disNoise.FillNormal(m.disZ)
	}
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
	if m.begun() && m.initial != nil {
		groups = append(groups, Group{Prefix: "start/", Set: m.initial})
	}
	if m.distance != nil {
		groups = append(groups, m.distance.groups()...)
	}
	m.noteSigns()
	return append(groups, m.augmentationGroup()...)
}

func (m *gddMethod) Images() *Images { return &Images{Den: m.average.den, Steps: 1} }

func (m *gddMethod) Meta() (map[string]string, error) { return describe(m.nets.Gen) }

func (m *gddMethod) Teacher() map[string]string { return m.teacher }

func (m *gddMethod) Test() (map[string]float64, error) { return nil, nil }
