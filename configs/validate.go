package configs

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Validate checks every setting that the method uses and returns the first
// problem in the order of the file.
func (c *Config) Validate() error {
	if !slices.Contains(Methods(), c.Method) {
		return c.src.errorAt("method", quote(c.Method), oneOf(Methods()))
	}
	v := &validator{c: c}
	v.run()
	v.model()
	v.features()
	v.disc()
	v.fid()
	v.live()
	v.freeze()
	var first *keyError
	for _, e := range v.errs {
		if first == nil || e.line < first.line {
			first = e
		}
	}
	if first == nil {
		return nil
	}
	return first
}

type validator struct {
	c    *Config
	errs []*keyError
}

// check records that the value of key is not what is wanted, unless ok or the
// method has no such setting.
func (v *validator) check(ok bool, key, want string) {
	f, known := byKey[key]
	if !known {
		panic("configs: check of unknown key " + key)
	}
	if ok || !f.usedBy(v.c.Method) {
		return
	}
	got := format(f.of(v.c).Interface())
	v.errs = append(v.errs, v.c.src.errorAt(key, got, want).(*keyError))
}

func (v *validator) ints(key string, n, lo, hi int) {
	v.check(n >= lo && n <= hi, key, fmt.Sprintf("in [%d, %d]", lo, hi))
}

// positive wants 0 < x <= hi, notNegative 0 <= x <= hi, below 0 <= x < hi.
func (v *validator) positive(key string, x, hi float64) {
	v.check(x > 0 && x <= hi, key, fmt.Sprintf("in (0, %v]", hi))
}

func (v *validator) notNegative(key string, x, hi float64) {
	v.check(x >= 0 && x <= hi, key, fmt.Sprintf("in [0, %v]", hi))
}

func (v *validator) below(key string, x, hi float64) {
	v.check(x >= 0 && x < hi, key, fmt.Sprintf("in [0, %v)", hi))
}

func (v *validator) choice(key, got string, want ...string) {
	v.check(slices.Contains(want, got), key, oneOf(want))
}

// weights wants a checkpoint: builtin:NAME or a path.
func (v *validator) weights(key, got, path string) {
	name, builtin := strings.CutPrefix(got, "builtin:")
	v.check(strings.TrimSpace(name) != "" && (builtin || got != ""), key, "builtin:NAME or "+path)
}

func (v *validator) run() {
	c := v.c
	v.check(validName(c.Name), "name", "1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit")
	v.check(c.Run.Seed >= 0 && c.Run.Seed < 1<<32, "run.seed", "in [0, 4294967295]")
	v.ints("run.threads", c.Run.Threads, 0, 1024)
	v.ints("run.batch", c.Run.Batch, 1, 4096)
	v.choice("data.dataset", c.Data.Dataset, "mnist")
}

// validName reports whether a run may be called so: the name becomes a part of
// a directory name.
func validName(name string) bool {
	if name == "" || len(name) > 64 || strings.ContainsRune(".-_", rune(name[0])) {
		return false
	}
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_", r)) {
			return false
		}
	}
	return true
}

func (v *validator) model() {
	m := v.c.Model
	if m.Init != "" || v.c.Method != EDM {
		v.weights("model.init", m.Init, "a checkpoint's path")
	}
	v.choice("model.arch", m.Arch, "ddpmpp", "ncsnpp")
	v.check(m.Resolution == 28, "model.resolution", "28, the size of mnist")
	v.check(m.Channels == 1, "model.channels", "1, the channels of mnist")
	v.check(m.ModelChannels >= 4 && m.ModelChannels <= 1024 && m.ModelChannels%4 == 0,
		"model.model_channels", "a multiple of 4 in [4, 1024]")
	v.check(between(m.ChannelMult, 1, 8, 1, 16), "model.channel_mult", "1 to 8 integers in [1, 16]")
	v.ints("model.num_blocks", m.NumBlocks, 1, 16)
	v.below("model.dropout", m.Dropout, 1)

	halvings := max(len(m.ChannelMult)-1, 0)
	v.check(halvings < 16 && m.Resolution%(1<<halvings) == 0, "model.channel_mult",
		fmt.Sprintf("few enough entries that %d can be halved after each but the last", m.Resolution))
	var levels []string
	for i := range m.ChannelMult {
		levels = append(levels, fmt.Sprint(m.Resolution>>i))
	}
	for _, r := range m.AttnResolutions {
		v.check(slices.Contains(levels, fmt.Sprint(r)), "model.attn_resolutions",
			"resolutions that the network has: "+strings.Join(levels, ", "))
	}
}

// between checks the length of a list and its values.
func between(list []int, minLen, maxLen, lo, hi int) bool {
	if len(list) < minLen || len(list) > maxLen {
		return false
	}
	for _, n := range list {
		if n < lo || n > hi {
			return false
		}
	}
	return true
}

func (v *validator) features() {
	f := v.c.Features
	v.check(between(f.Widths, 1, 6, 1, 1024), "features.widths", "1 to 6 integers in [1, 1024]")
}

func (v *validator) disc() {
	d := v.c.Disc
	v.weights("disc.features", d.Features, "a checkpoint's path")
	v.ints("disc.in_size", d.InSize, 8, 256)
	v.ints("disc.cmix", d.CMix, 1, 512)
	v.ints("disc.width", d.Width, 1, 1024)
	v.choice("disc.loss", d.Loss, "ns", "hinge")
}

func (v *validator) fid() {
	f := v.c.FID
	v.weights("fid.features", f.Features, "a checkpoint's path")
	v.weights("fid.reference", f.Reference, "an .npz file's path")
	v.ints("fid.samples", f.Samples, 2, 1_000_000)
	v.ints("fid.steps", f.Steps, 1, 1000)
}

func (v *validator) live() {
	l := v.c.Live
	v.positive("live.gen_lr", l.GenLR, 1)
	v.positive("live.disc_lr", l.DiscLR, 1)
	v.positive("live.lr", l.LR, 1)
	v.notNegative("live.warmup_kimg", l.WarmupKimg, 1e6)
	v.below("live.beta1", l.Beta1, 1)
	v.below("live.beta2", l.Beta2, 1)
	v.notNegative("live.r1_gamma", l.R1Gamma, 1000)
	v.ints("live.r1_interval", l.R1Interval, 1, 10_000)
	v.notNegative("live.ema_halflife_kimg", l.EMAHalflifeKimg, 1e6)
	v.notNegative("live.ema_ramp", l.EMARamp, 1)
	v.positive("live.total_kimg", l.TotalKimg, 1e6)
	v.positive("live.tick_kimg", l.TickKimg, 1e6)
	v.notNegative("live.fid_kimg", l.FIDKimg, 1e6)
	v.notNegative("live.sample_kimg", l.SampleKimg, 1e6)
	v.notNegative("live.checkpoint_kimg", l.CheckpointKimg, 1e6)
	v.ints("live.sample_count", l.SampleCount, 1, 1024)
	v.ints("live.keep_checkpoints", l.KeepCheckpoints, 1, 1000)
}

func (v *validator) freeze() {
	f := v.c.Freeze
	v.choice("freeze.preset", f.Preset, FreezePresets()...)
	v.globs("freeze.freeze", f.Freeze)
	v.globs("freeze.train", f.Train)
}

// globs checks the syntax of path.Match patterns. Whether they match anything
// is for the trainer to say, which knows the network.
func (v *validator) globs(key string, globs []string) {
	for _, g := range globs {
		_, err := path.Match(g, "")
		v.check(err == nil && strings.TrimSpace(g) != "", key, fmt.Sprintf("globs of parameter names (%s is none)", quote(g)))
	}
}
