package configs

import "fmt"

// Default returns the settings that a file of that method starts from. Defaults
// are written in this file and in those of methods that come from elsewhere.
// Settings of other methods stay zero.
func Default(method string) (*Config, error) {
	m, ok := methodOf(method)
	if !ok {
		return nil, fmt.Errorf("configs: method: got %q, want %s", method, oneOf(Methods()))
	}
	c := &Config{Name: method, Method: method}
	c.Run = Run{Seed: 42, Device: "cpu", Threads: 0, Procs: 1, Batch: 64, Recompute: NoRecompute, Activations: Float32, TensorBoard: true}
	c.Data = Data{Dataset: "mnist", Broken: ReplaceBroken, CacheMB: 1024}
	c.Live = Live{TickKimg: 1, CheckpointKimg: 10, KeepCheckpoints: 3, KeepBack: 5, LayersKimg: 2, DivergeAction: "event", DivergeFactor: 20}
	c.Alerts = Alerts{Mute: []string{}}
	c.Freeze = Freeze{Freeze: []string{}, Train: []string{}, Rule: FreezeRule{Group: GroupBlock}}
	m.Defaults(c)
	return c, nil
}

func edmDefaults(c *Config) {
	c.Run.Precision = Float32
	c.Model = Model{Network: noNetwork, Arch: "ddpmpp", ModelChannels: 16, ChannelMult: []int{1, 1, 3}, ChannelMultEmb: 4,
		NumBlocks: 1, AttnResolutions: []int{7}, Embedding: Auto, Encoder: Auto, Decoder: Auto, ResampleFilter: []int{}, Precond: "edm"}
	c.Augment = Augment{Pipe: NoPipe, P: 0.12}
	c.Live.LR, c.Live.WarmupKimg = 1e-3, 10
	c.Live.Beta1, c.Live.Beta2 = 0.9, 0.999
	c.Live.EMAHalflifeKimg, c.Live.EMARamp = 50, 0.05
	c.Live.TotalKimg, c.Live.FIDKimg, c.Live.SampleKimg = 1000, 0, 20
	c.Live.SampleCount = 64
	c.Live.FIDShare, c.Live.FIDLate, c.Live.FinalRanges = 0.06, FinishLate, 3
	c.FID = defaultFID()
	for k := 1; k < maxJudges; k++ {
		*c.Judge(k) = defaultJudge()
	}
	c.FID.Steps, c.FID.Sampler = 18, "edm"
	c.Freeze.Preset = "none"
}

func classifierDefaults(c *Config) {
	c.Features = Features{Widths: []int{32, 64, 128}}
	c.Live.LR = 1e-3
	c.Live.Beta1, c.Live.Beta2 = 0.9, 0.999
	c.Live.TotalKimg, c.Live.CheckpointKimg = 120, 60
}

// studentDefaults are what all one-step students have in common.
func studentDefaults(c *Config) {
	c.Run.Precision = Float32
	c.Model = Model{Init: "builtin:mnist-teacher", Start: FromTeacher}
	c.Distill = Instance{Target: NoTarget, Loss: "l2", Maps: discFeatures, Points: 18, Weight: 1}
	c.FID = defaultFID()
	for k := 1; k < maxJudges; k++ {
		*c.Judge(k) = defaultJudge()
	}
	c.Live.GenLR = 5e-4
	c.Live.Beta1, c.Live.Beta2 = 0, 0.99
	c.Live.EMAHalflifeKimg, c.Live.EMARamp = 16, 0.2
	c.Live.TotalKimg, c.Live.FIDKimg, c.Live.SampleKimg = 400, 10, 2
	c.Live.SampleCount = 64
	c.Live.FIDShare, c.Live.FIDLate, c.Live.FinalRanges = 0.06, FinishLate, 3
	c.Freeze.Preset = "gdd-i"
}

func gddDefaults(c *Config) {
	studentDefaults(c)
	for k := range maxDiscs {
		*c.Nth(k) = defaultDisc(GDD)
	}
	c.Disc.Features, c.Disc.Loss = discFeatures, "ns"
	c.Frechet = Frechet{Decay: 0.9}
	c.Augment = Augment{Pipe: NoPipe, Diff: []string{}}
	c.Live.DiscLR = 2e-4
	c.Live.R1Gamma, c.Live.R1Interval = 1e-4, 16
}

func fdDefaults(c *Config) {
	studentDefaults(c)
	for k := range maxDiscs {
		*c.Nth(k) = defaultDisc(FD)
	}
	c.Disc.Features = discFeatures
	c.Frechet = Frechet{Weight: 1, Decay: 0.9}
}

func distillDefaults(c *Config) {
	studentDefaults(c)
	c.Distill.Target = "cd"
	c.Live.Beta1, c.Live.Beta2 = 0.9, 0.999
}

// discFeatures is the built-in network of the discriminator. It has three stages.
const discFeatures = "builtin:mnist-disc-cnn"

// defaultDisc is a discriminator that is not there, for want of features.
func defaultDisc(method string) Disc {
	switch method {
	case GDD:
	case FD:
		return Disc{InSize: 32, Weight: 1}
	default:
		return Disc{}
	}
	return Disc{InSize: 32, CMix: 32, Width: 64, Weight: 1, LR: 1, R1: 1, FreezeLayers: []string{}}
}

func defaultFID() FID {
	return FID{Judge: Judge{Statistic: "fid", Features: "builtin:mnist-fid-cnn", Input: "own", Reference: "builtin:mnist-fid-ref"}, Samples: 5000, Best: "fid"}
}

// defaultJudge is a further judge that is not there, for want of features.
func defaultJudge() Judge { return Judge{Statistic: "fid", Input: "own"} }
