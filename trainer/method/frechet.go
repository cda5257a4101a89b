package method

import (
	"errors"
	"fmt"
	"io/fs"

	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/features"
	"innate/models/frechet"
	"innate/models/gdd"
	"innate/models/graph"
	"innate/models/weights"
	"innate/trainer/data"
)

// distance is the Frechet distance in a student's loss: in the midst of a run of the
// generator's stage the features of the batch come here, and the gradient for them goes
// back. Of several processes, and of several runs in a step, the moments are those of the
// whole batch, by all of whose features they are computed, in the order of its images.
type distance struct {
	Env
	micro  Micro
	spaces []gdd.Space
	maps   []mapMoments // of all spaces
	stride int          // features of an image
	dims   []int

	weight, decay float64
	weights       []float64 // of each space

	program  device.Program // features alone, where a step has several runs; nil
	features graph.Node
	rows     []float32 // of the whole batch: features, then gradients [N stride]
	own      []float32 // gradients of this process's share
	run      int       // of the step

	values []float64 // the distance in each step since the last collect
}

// mapMoments are the moments of the features of one map.
type mapMoments struct {
	space   int
	first   int // column
	average *frechet.Average
	target  *frechet.Target // nil before it is known

	mean, covariance *models.Param // of the target, as a checkpoint has it
}

// spaceOf is the feature space of discriminator k's network. It is refused where it is too
// large. It needs no weights.
func spaceOf(cfg *configs.Config, k int, net features.Backbone) (gdd.Space, error) {
	name := configs.DiscName(k)
	path, err := projectorConfig(cfg, k, net)
	if err != nil {
		return gdd.Space{}, err
	}
	s := gdd.Space{Name: name, Path: path, Net: net}
	dims, err := s.Dims()
	if err != nil {
		return s, cfg.At(name+".in_size", err)
	}
	for _, d := range dims {
		if d > frechet.MaxDim {
			return s, cfg.At(name+".features", fmt.Errorf("%s.features: a map of %d channels, want at most %d for method fd and fd.weight: each step finds as many eigenvectors", name, d, frechet.MaxDim))
		}
	}
	return s, nil
}

// notJudging refuses a discriminator's network, that in file, by whose features the run is
// measured: a number that is trained on says nothing. Weights are read, those of the
// network by open, of judges of its kind alone.
func notJudging(cfg *configs.Config, disc int, file *checkpoint.File, dir string, open func() (features.Backbone, error)) error {
	name := configs.DiscName(disc)
	kind, err := features.KindOf(file)
	if err != nil {
		return cfg.At(name+".features", err)
	}
	for k := range cfg.Judges() {
		at, ref := configs.JudgeName(k)+".features", configs.Locate(dir, cfg.Judge(k).Features)
		judging, err := weights.OpenHeader(ref)
		if errors.Is(err, fs.ErrNotExist) {
			continue // who measures says so
		}
		if err != nil {
			return cfg.At(at, err)
		}
		if other, err := features.KindOf(judging); err != nil {
			return cfg.At(at, err)
		} else if other != kind {
			continue
		}
		net, err := open()
		if err != nil {
			return cfg.At(name+".features", err)
		}
		if judging, err = weights.Open(ref); err != nil {
			return cfg.At(at, err)
		}
		judge, label, err := OpenFeatures(judging, features.OwnInput)
		if err != nil {
			return cfg.At(at, err)
		}
		if judge.Fingerprint() == net.Fingerprint() {
			return cfg.At(name+".features", fmt.Errorf("%s.features: got %s, want others than %s: what is trained by features is not measured by them", name, label, configs.JudgeName(k)))
		}
	}
	return nil
}

// newDistance makes the distance part of a generator stage, micro-batches of which run as
// micro says.
func newDistance(e Env, spaces []gdd.Space, gen *gdd.GenStage, micro Micro) (*distance, error) {
	n := e.Config.Run.Batch
	d := &distance{Env: e, micro: micro, spaces: spaces, features: gen.Features}
	for k, s := range spaces {
		dims, err := s.Dims()
		if err != nil {
			return nil, err
		}
		for i, dim := range dims {
			name := fmt.Sprintf("%s.%d", s.Name, i)
			d.maps = append(d.maps, mapMoments{
				space: k, first: d.stride, average: frechet.NewAverage(name, dim, n),
				mean: models.NewParam(name+".mean", dim), covariance: models.NewParam(name+".covariance", dim, dim),
			})
			d.stride += dim
			d.dims = append(d.dims, dim)
		}
	}
	d.rows, d.own = make([]float32, n*d.stride), make([]float32, e.Share.Of(n)*d.stride)
	d.weights = make([]float64, len(spaces))
	gen.Pull(d.pull)
	if micro.Parts == 1 {
		return d, nil
	}
	var err error
	d.program, err = e.Device.Compile(gen.Graph, device.Request{Outputs: []graph.Node{gen.Features}, Sum: micro.Sum})
	return d, err
}

// take takes over the settings in force.
func (d *distance) take(cfg *configs.Config) {
	d.weight, d.decay = cfg.Frechet.Weight, cfg.Frechet.Decay
	for k := range d.weights {
		d.weights[k] = cfg.Nth(k).Weight
	}
}

// begin begins a step on noise z. Where it has several runs, the features of all are
// computed first: the gradient of one depends on those of all.
func (d *distance) begin(gen *gdd.GenStage, z, labels []float32) error {
	d.run = 0
	if err := d.know(); err != nil || d.program == nil {
		return err
	}
	for i := range d.micro.Parts {
		gen.Set(d.micro.part(z, i), d.micro.part(labels, i))
		if err := d.program.Run(); err != nil {
			return err
		}
		copy(d.micro.part(d.own, i), d.program.Value(d.features))
	}
	return d.step()
}

// pull replaces the features of one run by the gradients for them.
func (d *distance) pull(features []float32) error {
	if d.program == nil {
		copy(d.own, features)
		if err := d.step(); err != nil {
			return err
		}
	}
	copy(features, d.micro.part(d.own, d.run))
	d.run++
	return nil
}

// step replaces the features of this process's share by the gradients for them, over the
// whole batch.
func (d *distance) step() error {
	if err := d.gather(); err != nil {
		return err
	}
	sum := 0.0
	for _, m := range d.maps {
		// Each map counts by its share of real images' variance: maps whose numbers are
		// large would count alone otherwise.
		weight := d.weights[m.space] / m.target.Trace
		sum += weight * m.average.Step(d.rows, d.stride, m.first, d.decay, d.weight*weight)
	}
	d.values = append(d.values, sum)
	for i := range len(d.own) / d.stride {
		at := i
		if !d.Share.Whole() {
			at = i*d.Share.Size + d.Share.Rank
		}
		copy(d.own[i*d.stride:][:d.stride], d.rows[at*d.stride:])
	}
	return nil
}

// gather fills rows with the features of all processes: each gives its own, and zeros for
// the others', so that their sum is exact.
func (d *distance) gather() error {
	if d.Share.Whole() {
		copy(d.rows, d.own)
		return nil
	}
	clear(d.rows)
	for i := range len(d.own) / d.stride {
		copy(d.rows[(i*d.Share.Size+d.Share.Rank)*d.stride:][:d.stride], d.own[i*d.stride:])
	}
	return d.Sum.Sum(d.rows)
}

// know computes the moments of real images' features, unless a checkpoint had them.
func (d *distance) know() error {
	if len(d.maps) == 0 || d.maps[0].target != nil {
		return nil
	}
	size := d.micro.Size
	h, w, c := d.Data.Shape()
	var images, out graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		images = g.Input("images", size, h, w, c)
		out = gdd.Features(g, d.spaces, images)
	})
	if err != nil {
		return err
	}
	program, err := d.Device.Compile(g, device.Request{Outputs: []graph.Node{out}})
	if err != nil {
		return err
	}
	defer program.Release()
	sums := make([]*frechet.Moments, len(d.maps))
	for i := range sums {
		sums[i] = frechet.NewMoments(d.dims[i])
	}
	read := data.InOrder(d.Data, size)
	for first := 0; first < d.Data.Len(); first += size {
		if err := read(first, g.Data(images)); err != nil {
			return err
		}
		if err := program.Run(); err != nil {
			return err
		}
		n := min(size, d.Data.Len()-first)
		for i, m := range d.maps {
			sums[i].Add(program.Value(out), n, d.stride, m.first)
		}
	}
	for i, m := range d.maps {
		sums[i].Fill(m.mean, m.covariance)
	}
	return d.compare()
}

// compare makes targets of the moments of real images.
func (d *distance) compare() error {
	for i := range d.maps {
		m := &d.maps[i]
		var err error
		if m.target, err = frechet.Read(m.mean, m.covariance); err != nil {
			return fmt.Errorf("method: features of map %d of %s: %w", i, d.spaces[m.space].Name, err)
		}
		m.average.Compare(m.target)
	}
	return nil
}

// collect adds the distances of the steps since the last call.
func (d *distance) collect(s *Scalars) {
	for _, v := range d.values {
		s.Add("loss/fd", v)
	}
	d.values = d.values[:0]
}

// groups are what a checkpoint keeps: the averages, and the moments of real images, which
// take a pass over all of them.
func (d *distance) groups() []Group {
	moving, real := models.NewParamSet(), models.NewParamSet()
	for _, m := range d.maps {
		for _, p := range []*models.Param{m.average.Mean, m.average.Second, m.average.Weight} {
			moving.Add(p)
		}
		real.Add(m.mean)
		real.Add(m.covariance)
	}
	return []Group{{Prefix: "fd/", Set: moving}, {Prefix: "fd_real/", Set: real, Load: func(saved *models.ParamSet) error {
		if err := real.CopyFrom(saved); err != nil {
			return err
		}
		for _, p := range real.All() {
			for _, v := range p.Data {
				if v != 0 {
					return d.compare()
				}
			}
		}
		return nil // of a run that has not made a step
	}}}
}
