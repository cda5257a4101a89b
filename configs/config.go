package configs

import (
	"fmt"
	"path/filepath"
)

// Methods of training.
const (
	EDM        = "edm"        // a diffusion teacher (Karras et al. 2022)
	Classifier = "classifier" // a small CNN for features
	GDD        = "gdd"        // one-step distillation; GDD-I is GDD with frozen layers
	FD         = "fd"         // the same student by the Frechet distance of frozen features alone
	Distill    = "distill"    // the same student by the teacher's images alone
)

// Config is everything a run needs to know. Tags state what is known about a
// setting, for messages, checks, help and forms alike:
//
//	toml  its key
//	for   the methods that use it; without the tag all do
//	want  the values it may have, checked where rule.go understands the words;
//	      what is chosen from a registry is checked by KnownNames
//	doc   what it means, in one line
//	live  that it may change between two steps, as all under live, freeze and rates may
type Config struct {
	Name   string `toml:"name" want:"1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit" doc:"names the run directory"`
	Method string `toml:"method" want:"a method" doc:"what is trained: a feature network, a diffusion teacher, or a one-step student"`

	Run      Run      `toml:"run"`
	Data     Data     `toml:"data"`
	Model    Model    `toml:"model"`
	Features Features `toml:"features"`
	Disc     MainDisc `toml:"disc"`
	Disc1    Disc     `toml:"disc1"`
	Disc2    Disc     `toml:"disc2"`
	Disc3    Disc     `toml:"disc3"`
	Frechet  Frechet  `toml:"fd"`
	Distill  Instance `toml:"distill"`
	Augment  Augment  `toml:"augment"`
	FID      FID      `toml:"fid"`
	FID1     Judge    `toml:"fid1"`
	FID2     Judge    `toml:"fid2"`
	FID3     Judge    `toml:"fid3"`
	Live     Live     `toml:"live"`
	Freeze   Freeze   `toml:"freeze"`
	Alerts   Alerts   `toml:"alerts"`
	Rates    Rates    `toml:"rates" want:"globs of parameter names with factors in (0, 1]" doc:"factors of the learning rate by glob; the last line that matches counts"`

	src *source // where the values were read, for messages; nil for defaults
}

// The values of run.precision and run.activations.
const (
	Float32  = "float32"
	BFloat16 = "bfloat16"
)

// The values of run.recompute.
const (
	NoRecompute     = "none"
	RecomputeBlocks = "blocks"
)

// Run holds what the whole run shares. Fixed.
type Run struct {
	Seed         int64  `toml:"seed" want:"in [0, 4294967295]" doc:"of every random stream: same seed, same run"`
	Device       string `toml:"device" want:"cpu, torch:cpu, cuda or cuda:N" doc:"what computes: own kernels, or an installed PyTorch on processor or GPU"`
	Threads      int    `toml:"threads" want:"in [0, 1024]" doc:"workers; 0 uses every core; results do not depend on it"`
	Procs        int    `toml:"procs" want:"in [1, 64]" doc:"processes on this machine that train together; or as many as a launcher says"`
	Batch        int    `toml:"batch" want:"in [1, 4096]" doc:"images a step"`
	MicroBatch   int    `toml:"micro_batch" want:"0, or a divisor of run.batch" doc:"images computed at once: less memory, more time; 0: the whole batch"`
	Recompute    string `toml:"recompute" want:"none | blocks" doc:"compute the inside of blocks again for gradients: less memory, more time"`
	Activations  string `toml:"activations" want:"float32 | bfloat16" doc:"how activations wait for gradients; bfloat16: rounded, in half the memory"`
	Precision    string `toml:"precision" for:"edm gdd fd distill" want:"float32 | bfloat16" doc:"of the network's activations on torch:cpu and cuda; all else is float32"`
	TF32         bool   `toml:"tf32" want:"true or false" doc:"on cuda: let products of float32 round their factors to 10 bits"`
	ChannelsLast bool   `toml:"channels_last" want:"true or false" doc:"on torch:cpu and cuda: images in memory with their channels last"`
	CUDAGraphs   bool   `toml:"cuda_graphs" want:"true or false" doc:"on cuda: capture steps and launch them as a whole, untried"`
	Nice         int    `toml:"nice" want:"in [0, 19]" doc:"of the trainer's process: 19 gives way to everything else"`

	TensorBoard bool `toml:"tensorboard" want:"true or false" doc:"also write TensorBoard event files"`
}

// What becomes of a training image that is broken, the values of data.broken.
const (
	ReplaceBroken = "replace" // the next one that is whole takes its place
	StopBroken    = "stop"
)

// FilesSet is the data.dataset of images that lie at data.path.
const FilesSet = "files"

// Data names the training images. Fixed, but that files may move between two processes.
type Data struct {
	Dataset string `toml:"dataset" want:"a data set" doc:"training images; files: those at data.path"`
	Path    string `toml:"path" want:"a path for data.dataset = files, else empty" doc:"zip or folder of images, or files of CIFAR or MNIST"`
	Broken  string `toml:"broken" want:"replace | stop" doc:"a broken image is replaced by the next that is whole, or stops the run"`
	CacheMB int    `toml:"cache_mb" want:"in [0, 1048576]" doc:"megabytes for decoded images, which are kept if all find room"`
	Labels  bool   `toml:"labels" for:"edm" want:"true or false" doc:"condition the network on the images' classes"`
}

// Title is what lists call the images.
func (d Data) Title() string {
	if d.Path == "" {
		return d.Dataset
	}
	return filepath.Base(d.Path)
}

// Model is the network to train (edm), or the teacher whose architecture and
// weights the student starts from (gdd, fd, distill). Fixed.
type Model struct {
	Network          string  `toml:"network" for:"edm" want:"none, or a published network" doc:"published network whose settings those below start from"`
	Arch             string  `toml:"arch" for:"edm" want:"an architecture" doc:"architecture, DDPM++, NCSN++ or ADM"`
	Resolution       int     `toml:"resolution" for:"edm" want:"0, or in [1, 16384]" doc:"pixels of an image's side, those of the data set; 0: not said"`
	Channels         int     `toml:"channels" for:"edm" want:"0, or in [1, 1024]" doc:"channels of an image, those of the data set; 0: not said"`
	LabelDim         int     `toml:"label_dim" for:"edm" want:"0, or in [1, 100000]" doc:"classes that the network knows, those of the data set; 0: not said"`
	AugmentDim       int     `toml:"augment_dim" for:"edm" want:"0, or in [1, 1024]" doc:"inputs by which the network learns how an image was augmented, 9 in EDM; 0: none"`
	ModelChannels    int     `toml:"model_channels" for:"edm" want:"a multiple of 4 in [4, 1024]" doc:"channels at the finest resolution, before channel_mult"`
	ChannelMult      []int   `toml:"channel_mult" for:"edm" want:"1 to 8 integers in [1, 16]" doc:"channels of each resolution, finest first, as multiples of model_channels"`
	ChannelMultEmb   int     `toml:"channel_mult_emb" for:"edm" want:"in [1, 16]" doc:"width of the blocks' embedding, as a multiple of model_channels"`
	ChannelMultNoise int     `toml:"channel_mult_noise" for:"edm" want:"0, or in [1, 16]" doc:"of the noise level's embedding likewise; 0: the architecture's"`
	NumBlocks        int     `toml:"num_blocks" for:"edm" want:"in [1, 16]" doc:"residual blocks a resolution"`
	AttnResolutions  []int   `toml:"attn_resolutions" for:"edm" want:"resolutions that the network has" doc:"where blocks have self-attention"`
	Embedding        string  `toml:"embedding" for:"edm" want:"auto | positional | fourier" doc:"of the noise level; auto: the architecture's"`
	Encoder          string  `toml:"encoder" for:"edm" want:"auto | standard | residual | skip" doc:"how coarser resolutions see the input; auto: the architecture's"`
	Decoder          string  `toml:"decoder" for:"edm" want:"auto | standard | skip" doc:"whether the output is a sum over resolutions; auto: as arch has it"`
	ResampleFilter   []int   `toml:"resample_filter" for:"edm" want:"[], [1, 1] or [1, 3, 3, 1]" doc:"by which images are halved and doubled; []: the architecture's"`
	Precond          string  `toml:"precond" for:"edm" want:"edm | vp | ve | iddpm" doc:"preconditioning, with its noise levels and weights in training"`
	Dropout          float64 `toml:"dropout" for:"edm" want:"in [0, 1)" doc:"probability of dropping an activation"`
	LabelDropout     float64 `toml:"label_dropout" for:"edm" want:"in [0, 1)" doc:"probability of leaving an image's class out, so that the network also knows none"`
	Init             string  `toml:"init" for:"edm gdd fd distill" want:"builtin:NAME, fetch:NAME or a file's path" doc:"weights to start from, of students the teacher's; edm: \"\" begins afresh"`
	Start            string  `toml:"start" for:"gdd fd distill" want:"teacher | random | encoder | decoder" doc:"what the student begins with: the teacher's weights, none, or those of one half"`
}

// Features is the CNN that the method classifier trains. Fixed.
type Features struct {
	Widths []int `toml:"widths" for:"classifier" want:"1 to 6 integers in [1, 1024]" doc:"channels of each stage"`
}

// Disc is a projected discriminator. A run has the first and those of the others
// that name features. Fixed, but for the settings that are live.
type Disc struct {
	Features string    `toml:"features" for:"gdd fd" want:"builtin:NAME, fetch:NAME or a file's path" doc:"frozen network whose features the discriminator or the distance sees"`
	InSize   int       `toml:"in_size" for:"gdd fd" want:"in [8, 256], halved evenly by each stage of the features" doc:"pixels of a side that images are resized to first"`
	Mean     []float64 `toml:"mean" for:"gdd fd" want:"0 to 4 numbers in [-10, 10]" doc:"of the features' images, of pixels in [0, 1], also a channel; []: the network's"`
	Std      []float64 `toml:"std" for:"gdd fd" want:"0 to 4 numbers in [0.001, 10]" doc:"by which they are divided, less their mean; []: the network's"`
	CMix     int       `toml:"cmix" for:"gdd" want:"in [1, 512]" doc:"channels of the frozen random projections"`
	Width    int       `toml:"width" for:"gdd" want:"0, or in [1, 1024]" doc:"channels of the trained heads; 0: GDD's, by the size of their maps"`
	Classes  string    `toml:"classes" for:"gdd" want:"\"\", fetch:NAME or a file's path" doc:"table of class vectors that conditional heads begin with; \"\": drawn from N(0,1)"`
	Weight   float64   `toml:"weight" for:"gdd fd" live:"yes" want:"in [0, 1000]" doc:"of its loss, or of the distance in its features, in the generator's"`
	LR       float64   `toml:"lr" for:"gdd" live:"yes" want:"in (0, 1000]" doc:"its learning rate, as a multiple of live.disc_lr"`
	R1       float64   `toml:"r1" for:"gdd" live:"yes" want:"in [0, 1000]" doc:"factor of its logits in the sum whose gradient R1 penalises; 0: none"`

	FreezeBlocks int      `toml:"freeze_blocks" for:"gdd" live:"yes" want:"in [0, 16]" doc:"first halving layers of every head that do not train, as in FreezeD; 0: none"`
	FreezeLayers []string `toml:"freeze_layers" for:"gdd" live:"yes" want:"globs of the discriminator's parameters" doc:"names or globs of its parameters that do not train besides, such as heads.0.*"`
}

// MainDisc is the first discriminator, with what all have in common.
type MainDisc struct {
	Disc
	Loss            string `toml:"loss" for:"gdd" want:"a loss" doc:"non-saturating or hinge"`
	RankProjections bool   `toml:"rank_projections" for:"gdd" want:"true or false" doc:"of processes that train together each draws random projections of its own"`
	SyncBatchNorm   bool   `toml:"sync_batch_norm" for:"gdd" want:"true or false" doc:"of processes that train together: batch norms over the images of all of them"`
}

// maxDiscs is how many discriminators a run may have.
const maxDiscs = 4

// Nth is discriminator k, from 0; where there is none it has no features.
func (c *Config) Nth(k int) *Disc {
	return [maxDiscs]*Disc{&c.Disc.Disc, &c.Disc1, &c.Disc2, &c.Disc3}[k]
}

// Discs is how many discriminators there are.
func (c *Config) Discs() int {
	n := 0
	for n < maxDiscs && c.Nth(n).Features != "" {
		n++
	}
	return n
}

// DiscName is the table of discriminator k, by which what belongs to it is called.
func DiscName(k int) string { return numbered("disc", k) }

// listed are the tables that a file may also write as a list, [[disc]] each.
var listed = []string{"disc", "fid"}

// numbered is the k-th table of a list.
func numbered(table string, k int) string {
	if k == 0 {
		return table
	}
	return fmt.Sprint(table, k)
}

// NoPipe is the value of augment.pipe that leaves images as they are.
const NoPipe = "none"

// Whose weights a student begins with, the values of model.start.
const (
	FromTeacher = "teacher"
	FromNone    = "random"
	FromEncoder = "encoder"
	FromDecoder = "decoder"
)

// Values of distill.target and distill.loss.
const (
	NoTarget = "none"
	CD       = "cd"
	CTM      = "ctm"

	L2     = "l2"
	LPIPS  = "lpips"
	OfMaps = "maps"
)

// Frechet is the Frechet distance between features of generated and of real images as a
// loss, over the frozen networks of the discriminators: the mean of each of their maps.
// Live, but that a run with it has it for good.
type Frechet struct {
	Weight float64 `toml:"weight" for:"gdd fd" live:"yes" want:"in [0, 1000]" doc:"of the Frechet distance in the discriminators' frozen features; gdd: 0 for none"`
	Decay  float64 `toml:"decay" for:"gdd fd" live:"yes" want:"in [0, 1)" doc:"of the averages over batches of generated features' moments; 0: none"`
}

// Instance is a loss on single images: the student is to say of a noisy image what the
// teacher, one step of its sampler on, and then the student itself say of it. Fixed, but
// for its weight.
type Instance struct {
	Target string  `toml:"target" for:"gdd fd distill" want:"none | cd | ctm" doc:"of each image, from the teacher: consistency distillation's, or CTM's"`
	Loss   string  `toml:"loss" for:"gdd fd distill" want:"l2 | lpips | maps" doc:"distance from it: of pixels, LPIPS, or likewise over the maps of another network"`
	Maps   string  `toml:"maps" for:"gdd fd distill" want:"builtin:NAME, fetch:NAME or a file's path" doc:"network of distill.loss, torchvision's vgg16 for lpips"`
	Linear string  `toml:"linear" for:"gdd fd distill" want:"\"\", fetch:NAME or a file's path" doc:"linear weights of LPIPS over vgg16"`
	Points int     `toml:"points" for:"gdd fd distill" want:"in [3, 1024]" doc:"noise levels between which the teacher steps"`
	Weight float64 `toml:"weight" for:"gdd fd distill" live:"yes" want:"in [0, 1000]" doc:"of the loss on single images in the generator's"`
}

// Augment is how images are changed before a discriminator (gdd) or the network that
// trains (edm) sees them. Fixed, but for the settings that are live.
type Augment struct {
	Pipe      string   `toml:"pipe" for:"edm gdd" want:"none | bgc | edm" doc:"geometry and colours of StyleGAN2-ADA, or the geometry of EDM"`
	P         float64  `toml:"p" for:"edm gdd" live:"yes" want:"in [0, 1]" doc:"probability of each of its transforms; with ada_target where it starts"`
	ADATarget float64  `toml:"ada_target" for:"gdd" live:"yes" want:"in [0, 1)" doc:"mean sign of real images' logits that p adapts to; 0: p stays"`
	Diff      []string `toml:"diff" for:"gdd" want:"some of color, translation, cutout" doc:"parts of DiffAugment, drawn for each discriminator"`
}

// Judge is a statistic over features. A run has the first and those of the others
// that name features. Fixed.
type Judge struct {
	Statistic string `toml:"statistic" for:"edm gdd fd distill" want:"a statistic" doc:"number that is made of the features"`
	Features  string `toml:"features" for:"edm gdd fd distill" want:"builtin:NAME, fetch:NAME or a file's path" doc:"network that measures; FID is comparable under the same one only"`
	Input     string `toml:"input" for:"edm gdd fd distill" want:"an input" doc:"how it gets its images; own: as its authors, or EDM's papers, prepare them"`
	Reference string `toml:"reference" for:"edm gdd fd distill" want:"builtin:NAME, fetch:NAME or an .npz file's path" doc:"statistics of the training images, mu and sigma"`
}

// maxJudges is how many judges an evaluation may have.
const maxJudges = 4

// Judge is judge k, from 0; where there is none it has no features.
func (c *Config) Judge(k int) *Judge {
	return [maxJudges]*Judge{&c.FID.Judge, &c.FID1, &c.FID2, &c.FID3}[k]
}

// Judges is how many judges there are.
func (c *Config) Judges() int {
	n := 0
	for n < maxJudges && c.Judge(n).Features != "" {
		n++
	}
	return n
}

// JudgeName is the table of judge k.
func JudgeName(k int) string { return numbered("fid", k) }

// FID is the evaluation during training: its first judge, with what all have in
// common. Fixed.
type FID struct {
	Judge
	Samples int    `toml:"samples" for:"edm gdd fd distill" want:"in [2, 1000000]" doc:"generated images"`
	Best    string `toml:"best" for:"edm gdd fd distill" want:"fid, or fid1 to fid3 if there is one" doc:"judge by which a network is the best so far"`
	Steps   int    `toml:"steps" for:"edm" want:"in [1, 1000]" doc:"steps of the sampler"`
	Sampler string `toml:"sampler" for:"edm" want:"edm | own" doc:"that of EDM, or of the paper that model.precond comes from"`
}

// What becomes of an evaluation that is due while one is under way, the values of
// live.fid_late.
const (
	FinishLate = "finish" // the one under way is finished first, without training on
	SkipLate   = "skip"   // it is left out
)

// Live may change between two steps. Intervals count thousands of images seen,
// and are rounded to images: one that would become no images is refused.
type Live struct {
	GenLR      float64 `toml:"gen_lr" for:"gdd fd distill" want:"in (0, 1]" doc:"Adam's learning rate of the generator"`
	DiscLR     float64 `toml:"disc_lr" for:"gdd" want:"in (0, 1]" doc:"Adam's learning rate of the discriminator"`
	LR         float64 `toml:"lr" for:"edm classifier" want:"in (0, 1]" doc:"Adam's learning rate"`
	WarmupKimg float64 `toml:"warmup_kimg" for:"edm classifier" want:"in [0, 1000000]" doc:"thousands of images over which the learning rate rises from 0; 0: none"`
	Beta1      float64 `toml:"beta1" want:"in [0, 1)" doc:"Adam's decay of the mean gradient"`
	Beta2      float64 `toml:"beta2" want:"in [0, 1)" doc:"Adam's decay of the squared gradient"`
	R1Gamma    float64 `toml:"r1_gamma" for:"gdd" want:"in [0, 1000]" doc:"weight of the R1 penalty; 0: none"`
	R1Interval int     `toml:"r1_interval" for:"gdd" want:"in [1, 10000]" doc:"steps between R1 penalties"`

	EMAHalflifeKimg float64 `toml:"ema_halflife_kimg" for:"edm gdd fd distill" want:"in [0, 1000000]" doc:"half-life of the weights' average, in thousands of images"`
	EMARamp         float64 `toml:"ema_ramp" for:"edm gdd fd distill" want:"in [0, 1]" doc:"half-life at most this share of the images seen; 0: no limit"`

	TotalKimg       float64 `toml:"total_kimg" want:"in [0.001, 1000000]" doc:"thousands of images to train on"`
	TickKimg        float64 `toml:"tick_kimg" want:"in [0.001, 1000000]" doc:"thousands of images between points of the curves"`
	FIDKimg         float64 `toml:"fid_kimg" for:"edm gdd fd distill" want:"0, or in [0.001, 1000000]" doc:"thousands of images between evaluations; 0: never"`
	FIDShare        float64 `toml:"fid_share" for:"edm gdd fd distill" want:"in (0, 1]" doc:"of the run's time that evaluations may take; 1: a slice after every step"`
	FIDLate         string  `toml:"fid_late" for:"edm gdd fd distill" want:"finish | skip" doc:"when one is due while another is under way: finish that first, or skip it"`
	FinalSamples    int     `toml:"final_samples" for:"edm gdd fd distill" want:"0, or in [2, 1000000]" doc:"images of an evaluation at the run's end, such as 50000; 0: none"`
	FinalRanges     int     `toml:"final_ranges" for:"edm gdd fd distill" want:"in [1, 100]" doc:"ranges of seeds that it goes through: mean, SD and best are of these"`
	SampleKimg      float64 `toml:"sample_kimg" for:"edm gdd fd distill" want:"0, or in [0.001, 1000000]" doc:"thousands of images between sample grids; 0: never"`
	CheckpointKimg  float64 `toml:"checkpoint_kimg" want:"0, or in [0.001, 1000000]" doc:"thousands of images between checkpoints; 0: only at the end"`
	SampleCount     int     `toml:"sample_count" for:"edm gdd fd distill" want:"in [1, 1024]" doc:"images in a sample grid"`
	KeepCheckpoints int     `toml:"keep_checkpoints" want:"in [1, 1000]" doc:"newest checkpoints to keep, beside the best by FID"`
	KeepEveryKimg   float64 `toml:"keep_every_kimg" want:"0, or in [0.001, 1000000]" doc:"thousands of images between checkpoints that are kept for good; 0: none"`
	KeepBack        int     `toml:"keep_back" want:"in [0, 1000]" doc:"newest checkpoints from before live changes to keep, to go back to; 0: none"`
	LayersKimg      float64 `toml:"layers_kimg" want:"0, or in [0.001, 1000000]" doc:"thousands of images between statistics of every layer; 0: never"`

	DivergeAction string  `toml:"diverge_action" want:"off | event | pause | rollback" doc:"what to do when a loss diverges"`
	DivergeFactor float64 `toml:"diverge_factor" want:"in (1, 1000000]" doc:"a loss so many times its recent median diverges"`
}

// Alerts choose what the user is not told of elsewhere. Where to is in a file of the user's
// own, never in a run: see package alerts.
type Alerts struct {
	Mute []string `toml:"mute" live:"yes" want:"some of best, diverged, died, done" doc:"what is not told to the webhook or command of ~/.config/innate/alerts.toml"`
}

// AlertKinds lists what alerts.mute may have.
func AlertKinds() []string { return []string{"best", "diverged", "died", "done"} }
