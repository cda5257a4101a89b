package configs

import "fmt"

// Methods of training.
const (
	EDM        = "edm"        // a diffusion teacher (Karras et al. 2022)
	Classifier = "classifier" // a small CNN for features
	GDD        = "gdd"        // one-step distillation; GDD-I is GDD with frozen layers
)

// Methods lists the methods in the order in which one would train.
func Methods() []string { return []string{Classifier, EDM, GDD} }

// Config is everything a run needs to know. The tag "for" lists the methods
// that use a setting; without it all do.
type Config struct {
	Name   string `toml:"name"`   // names the run directory
	Method string `toml:"method"` // edm | classifier | gdd

	Run      Run      `toml:"run"`
	Data     Data     `toml:"data"`
	Model    Model    `toml:"model"`
	Features Features `toml:"features"`
	Disc     Disc     `toml:"disc"`
	FID      FID      `toml:"fid"`
	Live     Live     `toml:"live"`
	Freeze   Freeze   `toml:"freeze"`

	src *source // where the values were read, for messages; nil for defaults
}

// Run holds what the whole run shares. Fixed.
type Run struct {
	Seed    int64 `toml:"seed"`    // of every named random stream, [0, 2^32)
	Threads int   `toml:"threads"` // workers; 0 uses every core
	Batch   int   `toml:"batch"`   // images a step, [1, 4096]
}

// Data names the training images. Fixed.
type Data struct {
	Dataset string `toml:"dataset"` // mnist
}

// Model is the network to train (edm), or the teacher whose architecture and
// weights the student starts from (gdd). Fixed.
type Model struct {
	Arch            string  `toml:"arch" for:"edm"` // ddpmpp | ncsnpp
	Resolution      int     `toml:"resolution" for:"edm"`
	Channels        int     `toml:"channels" for:"edm"` // of the image
	ModelChannels   int     `toml:"model_channels" for:"edm"`
	ChannelMult     []int   `toml:"channel_mult" for:"edm"` // one a resolution, finest first
	NumBlocks       int     `toml:"num_blocks" for:"edm"`   // a resolution
	AttnResolutions []int   `toml:"attn_resolutions" for:"edm"`
	Dropout         float64 `toml:"dropout" for:"edm"`  // probability, [0, 1)
	Init            string  `toml:"init" for:"edm gdd"` // builtin:NAME or a checkpoint's path; edm: "" begins afresh
}

// Features is the CNN that the method classifier trains. Fixed.
type Features struct {
	Widths []int `toml:"widths" for:"classifier"` // channels of each stage
}

// Disc is the projected discriminator. Fixed.
type Disc struct {
	Features string `toml:"features" for:"gdd"` // builtin:NAME or a checkpoint's path
	InSize   int    `toml:"in_size" for:"gdd"`  // images are resized to in_size²
	CMix     int    `toml:"cmix" for:"gdd"`     // channels of the frozen mixing convolutions
	Width    int    `toml:"width" for:"gdd"`    // channels of the heads
	Loss     string `toml:"loss" for:"gdd"`     // ns (non-saturating) | hinge
}

// FID is the evaluation during training. Fixed.
type FID struct {
	Features  string `toml:"features" for:"edm gdd"`  // builtin:NAME or a checkpoint's path
	Samples   int    `toml:"samples" for:"edm gdd"`   // generated images
	Reference string `toml:"reference" for:"edm gdd"` // builtin:NAME or an .npz with mu and sigma
	Steps     int    `toml:"steps" for:"edm"`         // of the Heun sampler; gdd has one
}

// Live may change between two steps. Intervals count thousands of images seen;
// 0 means never, where allowed.
type Live struct {
	GenLR      float64 `toml:"gen_lr" for:"gdd"`
	DiscLR     float64 `toml:"disc_lr" for:"gdd"`
	LR         float64 `toml:"lr" for:"edm classifier"`
	WarmupKimg float64 `toml:"warmup_kimg" for:"edm classifier"` // linear from 0; 0 is none
	Beta1      float64 `toml:"beta1"`                            // of Adam
	Beta2      float64 `toml:"beta2"`
	R1Gamma    float64 `toml:"r1_gamma" for:"gdd"`    // 0 is none
	R1Interval int     `toml:"r1_interval" for:"gdd"` // steps

	EMAHalflifeKimg float64 `toml:"ema_halflife_kimg" for:"edm gdd"`
	EMARamp         float64 `toml:"ema_ramp" for:"edm gdd"` // half-life at most this share of images seen; 0 is no limit

	TotalKimg       float64 `toml:"total_kimg"`
	TickKimg        float64 `toml:"tick_kimg"`
	FIDKimg         float64 `toml:"fid_kimg" for:"edm gdd"`
	SampleKimg      float64 `toml:"sample_kimg" for:"edm gdd"`
	CheckpointKimg  float64 `toml:"checkpoint_kimg"`
	SampleCount     int     `toml:"sample_count" for:"edm gdd"` // images of a grid
	KeepCheckpoints int     `toml:"keep_checkpoints"`           // newest ones, beside the best by FID
}

// Freeze names the trained network's parameters that stay as they are: those of the
// preset and of the Freeze globs, less those of the Train globs. Live.
type Freeze struct {
	Preset string   `toml:"preset" for:"edm gdd"` // none | gdd-i | gdd-i+qkv | gdd-i+qkv+skip
	Freeze []string `toml:"freeze"`
	Train  []string `toml:"train"`
}

// FreezePresets lists the values of freeze.preset, the paper's options 0 to 3.
func FreezePresets() []string {
	return []string{"none", "gdd-i", "gdd-i+qkv", "gdd-i+qkv+skip"}
}

// Default returns the settings that a file of that method starts from: the one
// place where defaults are written. Settings of other methods stay zero.
func Default(method string) (*Config, error) {
	c := &Config{Name: method, Method: method}
	c.Run = Run{Seed: 42, Threads: 0, Batch: 64}
	c.Data = Data{Dataset: "mnist"}
	c.Live = Live{TickKimg: 1, CheckpointKimg: 10, KeepCheckpoints: 3}
	switch method {
	case EDM:
		c.Model = Model{Arch: "ddpmpp", Resolution: 28, Channels: 1, ModelChannels: 16,
			ChannelMult: []int{1, 1, 3}, NumBlocks: 1, AttnResolutions: []int{7}}
		c.Live.LR, c.Live.WarmupKimg = 1e-3, 10
		c.Live.Beta1, c.Live.Beta2 = 0.9, 0.999
		c.Live.EMAHalflifeKimg, c.Live.EMARamp = 50, 0.05
		c.Live.TotalKimg, c.Live.FIDKimg, c.Live.SampleKimg = 1000, 0, 20
		c.Live.SampleCount = 64
		c.FID = defaultFID()
		c.FID.Steps = 18
		c.Freeze = Freeze{Preset: "none", Freeze: []string{}, Train: []string{}}
	case Classifier:
		c.Features = Features{Widths: []int{32, 64, 128}}
		c.Live.LR = 1e-3
		c.Live.Beta1, c.Live.Beta2 = 0.9, 0.999
		c.Live.TotalKimg, c.Live.CheckpointKimg = 120, 60
		c.Freeze = Freeze{Freeze: []string{}, Train: []string{}}
	case GDD:
		c.Model = Model{Init: "builtin:mnist-teacher"}
		c.Disc = Disc{Features: "builtin:mnist-disc-cnn", InSize: 32, CMix: 32, Width: 64, Loss: "ns"}
		c.FID = defaultFID()
		c.Live.GenLR, c.Live.DiscLR = 5e-4, 2e-4
		c.Live.Beta1, c.Live.Beta2 = 0, 0.99
		c.Live.R1Gamma, c.Live.R1Interval = 1e-4, 16
		c.Live.EMAHalflifeKimg, c.Live.EMARamp = 8, 0.05
		c.Live.TotalKimg, c.Live.FIDKimg, c.Live.SampleKimg = 400, 10, 2
		c.Live.SampleCount = 64
		c.Freeze = Freeze{Preset: "gdd-i", Freeze: []string{}, Train: []string{}}
	default:
		return nil, fmt.Errorf("configs: method: got %q, want %s", method, oneOf(Methods()))
	}
	return c, nil
}

func defaultFID() FID {
	return FID{Features: "builtin:mnist-fid-cnn", Samples: 5000, Reference: "builtin:mnist-fid-ref"}
}
