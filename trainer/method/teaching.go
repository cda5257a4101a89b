package method

import (
	"errors"
	"fmt"

	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/precond"
	"innate/models/weights"
	"innate/trainer/data"
)

// teaching says what the student should make of single noisy images: consistency
// distillation (Song et al. 2023), or the target of CTM (Kim et al. 2024), as GDD's code
// states both, on a grid of noise levels sigma_0 < ... < sigma_K. A real image with noise
// of sigma_t is brought to sigma_u, from there to sigma_s and at last to sigma_0:
//
//	cd:  t in 2..K, u = t-1, s = 0
//	ctm: t in 2..K, u in 1..t-1, s in 0..u-1
//
// each drawn for every image. A jump over one step of the grid is one of the teacher's,
// by Heun's method; a longer one is Euler's with what the student says, without a
// gradient. What the student is compared with it says at sigma_t of the image itself: CTM
// tells it s as well, which a network of one noise level cannot take.
type teaching struct {
	Env
	ctm              bool
	grid             []float64 // ascending
	teacher, student *precond.Sampler
	micro            Micro
	weight           float64
	weights          *models.ParamSet // the teacher's

	rng    *data.Rand
	jumps  []jump    // of each image of this process
	sigma  []float64 // [N]
	next   []float64
	x      []float32 // noisy images [N H W C]
	target []float32
	first  []float32 // what a network says: at the beginning of a jump …
	second []float32 // … and at the end of Heun's
	moved  []float32
}

// jump are the places on the grid that an image comes to.
type jump struct{ t, u, s int }

func newTeaching(e Env, teacher, student *precond.Denoiser, micro Micro) (*teaching, error) {
	h, w, c := e.Data.Shape()
	n := e.Share.Of(e.Config.Run.Batch)
	t := &teaching{Env: e, ctm: e.Config.Distill.Target == configs.CTM, micro: micro, weights: teacher.Net.Params(), rng: e.Streams.Stream("distill.levels")}
	points := e.Config.Distill.Points
	grid := teacher.Kind.Grid(points) // descending, and then 0
	for i := range points {
		t.grid = append(t.grid, grid[points-1-i])
	}
	t.jumps, t.sigma, t.next = make([]jump, n), make([]float64, n), make([]float64, n)
	for _, images := range []*[]float32{&t.x, &t.target, &t.first, &t.second, &t.moved} {
		*images = make([]float32, n*h*w*c)
	}
	var err error
	if t.teacher, err = precond.NewSampler(e.Device, teacher, micro.Size); err != nil {
		return nil, err
	}
	t.student, err = precond.NewSampler(e.Device, student, micro.Size)
	return t, err
}

// draw draws the jumps of a whole batch and takes those of this process's images.
func (t *teaching) draw() {
	k := len(t.grid) - 1
	for i := range len(t.jumps) * max(1, t.Share.Size) {
		j := jump{t: 2 + t.rng.IntN(k-1)}
		if j.u = j.t - 1; t.ctm {
			j.u = 1 + t.rng.IntN(j.t-1)
			j.s = t.rng.IntN(j.u)
		}
		switch {
		case t.Share.Whole():
			t.jumps[i] = j
		case i%t.Share.Size == t.Share.Rank:
			t.jumps[i/t.Share.Size] = j
		}
	}
}

// ask makes noisy images of real ones by noise z, both [N H W C], and computes what they
// should become.
func (t *teaching) ask(z, real, labels []float32) error {
	t.draw()
	pixels := len(real) / len(t.jumps)
	for i, j := range t.jumps {
		sigma := float32(t.grid[j.t])
		for p := i * pixels; p < (i+1)*pixels; p++ {
			t.x[p] = real[p] + sigma*z[p]
		}
	}
	copy(t.target, t.x)
	for _, leg := range []func(j jump) (from, to int){
		func(j jump) (int, int) { return j.t, j.u },
		func(j jump) (int, int) { return j.u, j.s },
		func(j jump) (int, int) { return j.s, 0 },
	} {
		if err := t.move(leg, labels); err != nil {
			return err
		}
	}
	return nil
}

// move brings every image of the target from one place of the grid to another. Where the
// two are the same it stays.
func (t *teaching) move(leg func(j jump) (from, to int), labels []float32) error {
	teachers, students := false, false
	for i, j := range t.jumps {
		from, to := leg(j)
		t.sigma[i], t.next[i] = t.grid[from], t.grid[to]
		teachers, students = teachers || from-to == 1, students || from-to > 1
	}
	copy(t.moved, t.target)
	if students {
		if err := t.student.DenoiseEach(t.target, t.sigma, labels, t.first); err != nil {
			return err
		}
		t.each(leg, false, func(p int, sigma, next float64) {
			v := float64(t.target[p])
			t.moved[p] = float32(v + (next-sigma)*(v-float64(t.first[p]))/sigma)
		})
	}
	if teachers {
		if err := t.heun(leg, labels); err != nil {
			return err
		}
	}
	t.target, t.moved = t.moved, t.target
	return nil
}

// heun moves the images that the teacher moves, in one step of Heun's method.
func (t *teaching) heun(leg func(j jump) (from, to int), labels []float32) error {
	if err := t.teacher.DenoiseEach(t.target, t.sigma, labels, t.first); err != nil {
		return err
	}
	t.each(leg, true, func(p int, sigma, next float64) {
		v := float64(t.target[p])
		t.moved[p] = float32(v + (next-sigma)*(v-float64(t.first[p]))/sigma)
	})
	if err := t.teacher.DenoiseEach(t.moved, t.next, labels, t.second); err != nil {
		return err
	}
	t.each(leg, true, func(p int, sigma, next float64) {
		v, euler := float64(t.target[p]), float64(t.moved[p])
		slope := (v-float64(t.first[p]))/sigma + (euler-float64(t.second[p]))/next
		t.moved[p] = float32(v + (next-sigma)*slope/2)
	})
	return nil
}

// each calls f for every pixel of the images whose leg is one of the teacher's, or of the
// student's.
func (t *teaching) each(leg func(j jump) (from, to int), teacher bool, f func(pixel int, sigma, next float64)) {
	pixels := len(t.x) / len(t.jumps)
	for i, j := range t.jumps {
		from, to := leg(j)
		if from == to || (from-to == 1) != teacher {
			continue
		}
		for p := i * pixels; p < (i+1)*pixels; p++ {
			f(p, t.sigma[i], t.next[i])
		}
	}
}

// set fills the inputs of one run of the generator's stage.
func (t *teaching) set(gen *gdd.GenStage, run int) {
	n := t.micro.Size
	for i, j := range t.jumps[run*n:][:n] {
		t.sigma[i] = t.grid[j.t]
	}
	gen.SetTarget(t.micro.part(t.x, run), t.sigma[:n], t.micro.part(t.target, run), t.weight)
}

// programs are what makes targets.
func (t *teaching) programs() []Program {
	return []Program{{Stage: "teacher", Program: t.teacher.Program()}, {Stage: "student", Program: t.student.Program()}}
}

// newTarget is how the student's images are compared with what they should be, by a
// network that is opened with its weights or only described.
func newTarget(cfg *configs.Config, resolution int, open func(key, ref string) (*checkpoint.File, error), backbone func(*checkpoint.File) (features.Backbone, error)) (*gdd.Target, error) {
	d := cfg.Distill
	if d.Loss == configs.L2 {
		return &gdd.Target{}, nil
	}
	file, err := open("distill.maps", d.Maps)
	if err != nil {
		return nil, err
	}
	net, err := backbone(file)
	if err != nil {
		return nil, cfg.At("distill.maps", err)
	}
	t := mapsOf(net)
	if d.Loss == configs.LPIPS {
		if _, ok := net.(*features.VGG16); !ok {
			return nil, cfg.At("distill.maps", errors.New("distill.maps: got another network, want torchvision's vgg16 for distill.loss = \"lpips\""))
		}
		if file, err = open("distill.linear", d.Linear); err != nil {
			return nil, err
		}
		if err := addLinear(t, file); err != nil {
			return nil, cfg.At("distill.linear", err)
		}
		return t, nil
	}
	for t.Path.InSize = resolution; ; t.Path.InSize++ { // the first size that the network takes
		if _, err = net.Taps(t.Path.InSize); err == nil || t.Path.InSize > 2*max(resolution, features.TrainedSize) {
			break
		}
	}
	if err != nil {
		return nil, cfg.At("distill.maps", err)
	}
	return t, nil
}

// OpenLPIPS is LPIPS (Zhang et al. 2018) over the maps of torchvision's vgg16, with the
// linear weights of its package.
func OpenLPIPS(maps, linear *checkpoint.File) (*gdd.Target, error) {
	net, err := OpenBackbone(maps)
	if err != nil {
		return nil, err
	}
	if _, ok := net.(*features.VGG16); !ok {
		return nil, fmt.Errorf("%s: got another network, want torchvision's vgg16 for LPIPS", maps.Path)
	}
	t := mapsOf(net)
	return t, addLinear(t, linear)
}

// mapsOf compares images over the maps of a network.
func mapsOf(net features.Backbone) *gdd.Target {
	return &gdd.Target{Net: net, Path: disc.ProjectorConfig{Mean: net.Pixels().Mean, Std: net.Pixels().Std}}
}

// addLinear makes LPIPS of a comparison over vgg16's maps, at the size that consistency
// distillation has it: with linear weights by the names of its package, version 0.1.
func addLinear(t *gdd.Target, file *checkpoint.File) error {
	t.Path.InSize = features.TrainedSize
	for i := range features.VGG16Maps {
		w, err := file.Tensor(fmt.Sprintf("lin%d.model.1.weight", i))
		if err != nil {
			return err
		}
		values, err := w.Float32s()
		if err != nil {
			return err
		}
		t.Linear = append(t.Linear, values)
	}
	return nil
}

// checkTeaching refuses a target for which something is missing.
func checkTeaching(cfg *configs.Config, set data.Dataset) error {
	d := cfg.Distill
	switch {
	case d.Target == configs.NoTarget && cfg.Method == configs.Distill:
		return cfg.At("distill.target", errors.New("distill.target: got \"none\", want cd or ctm for method distill"))
	case d.Target == configs.NoTarget:
		return nil
	case d.Loss == configs.LPIPS && d.Linear == "":
		return cfg.At("distill.linear", errors.New("distill.linear: got \"\", want fetch:NAME or a file's path for distill.loss = \"lpips\""))
	}
	h, _, channels := set.Shape()
	t, err := newTarget(cfg, h, func(key, ref string) (*checkpoint.File, error) {
		f, err := weights.Open(configs.Locate("", ref))
		if err != nil {
			return nil, cfg.At(key, err)
		}
		return f, nil
	}, DescribeBackbone)
	if err != nil {
		return err
	}
	if t.Net != nil && t.Net.Channels() != channels {
		return cfg.At("distill.maps", fmt.Errorf("distill.maps: network of images with %d channels, want the data's %d", t.Net.Channels(), channels))
	}
	return nil
}
