package method

import (
	"math/rand/v2"

	"innate/configs"
	"innate/models/device"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/optim"
)

// Rig trains a network of random weights on noise: what a device is tried and timed
// by, without data and without files.
type Rig struct {
	method Method
	cfg    *configs.Config
	batch  data.Batch
	nimg   int64
}

// unseen is a data set of which nothing but the shape is asked.
type unseen struct {
	data.Dataset
	size, channels int
}

func (u unseen) Shape() (h, w, c int) { return u.size, u.size, u.channels }

// NewRig makes a rig of a method, edm or gdd, for a network and a freezing preset. A
// discriminator's features are those of the demo's, of random weights.
func NewRig(dev device.Device, name, preset string, net unet.Config, batch int) (*Rig, error) {
	cfg, err := configs.Default(name)
	if err != nil {
		return nil, err
	}
	cfg.Run.Batch, cfg.Run.MicroBatch = batch, 0
	rng := rand.New(rand.NewPCG(1, 2))
	weights, err := unet.New(net, rng)
	if err != nil {
		return nil, err
	}
	freezing, err := optim.FreezeRule{Preset: preset}.Resolve(weights.Params(), nn.FreezePreset)
	if err != nil {
		return nil, err
	}
	r := &Rig{cfg: cfg, batch: data.Batch{Images: make([]float32, batch*net.Resolution*net.Resolution*net.Channels)}}
	data.ImageNormals(1, net.Resolution*net.Resolution*net.Channels, r.batch.Images)
	e := Env{Config: cfg, Device: dev, Streams: data.NewStreams(1), Data: unseen{size: net.Resolution, channels: net.Channels}}
	if name == configs.EDM {
		r.method, err = edmOver(e, &precond.Denoiser{Net: weights, Kind: precond.EDM})
	} else {
		r.method, err = rigGDD(e, &precond.Denoiser{Net: weights, Kind: precond.GDD}, rng)
	}
	if err != nil {
		return nil, err
	}
	return r, r.method.Freeze(freezing.Frozen)
}

// rigGDD makes a discriminator for images of any number of channels.
func rigGDD(e Env, den *precond.Denoiser, rng *rand.Rand) (Method, error) {
	file, err := e.open(configs.DiscName(0)+".features", e.Config.Nth(0).Features)
	if err != nil {
		return nil, err
	}
	demo, err := OpenCNN(file)
	if err != nil {
		return nil, err
	}
	c := demo.Config
	c.Channels = den.Net.Shape().Channels
	cnn, err := features.New(c, rng)
	if err != nil {
		return nil, err
	}
	d, err := discOver(e, 0, cnn, 0)
	if err != nil {
		return nil, err
	}
	return gddWith(e, gdd.Nets{Gen: den, Discs: []gdd.Disc{d}}, nil)
}

// Step trains on one batch.
func (r *Rig) Step() error {
	err := r.method.Step(r.nimg, r.batch, r.cfg, NewScalars())
	r.nimg += int64(r.cfg.Run.Batch)
	return err
}

// Losses are the means of the steps since it was last asked. It waits for the
// device.
func (r *Rig) Losses() map[string]float64 {
	s := NewScalars()
	r.method.Collect(s)
	return s.Means()
}

// Params is how many values the network has.
func (r *Rig) Params() (n int) {
	for _, p := range r.method.Params().All() {
		n += len(p.Data)
	}
	return n
}
