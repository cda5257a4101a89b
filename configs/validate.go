package configs

import (
	"fmt"
	"reflect"
	"regexp"
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
	v.rules()
	v.name()
	v.microBatch()
	v.check(deviceName.MatchString(v.c.Run.Device), "run.device", "")
	v.check(v.c.Run.Precision == Float32 || v.c.Run.Precision == BFloat16, "run.precision", "")
	v.check((c.Data.Dataset == FilesSet) == (strings.TrimSpace(c.Data.Path) != ""), "data.path", "")
	v.model()
	v.disc()
	v.augment()
	v.terms()
	v.weights()
	v.alerts()
	v.globs("freeze.freeze", c.Freeze.Freeze)
	v.globs("freeze.train", c.Freeze.Train)
	v.schedule()
	v.rates()
	if len(v.errs) == 0 {
		return nil
	}
	return slices.MinFunc(v.errs, func(a, b *keyError) int { return a.line - b.line })
}

// deviceName is the form of a device's name. Whether there is such a device, the
// trainer finds out.
var deviceName = regexp.MustCompile(`^(cpu|torch:cpu|cuda(:(0|[1-9][0-9]{0,3}))?)$`)

type validator struct {
	c    *Config
	errs []*keyError
}

// check records that the value of key is not what is wanted (by default, what
// its tag says), unless ok or the method has no such setting.
func (v *validator) check(ok bool, key, want string) {
	f, known := byKey[key]
	if !known {
		panic("configs: check of unknown key " + key)
	}
	if ok || !f.usedBy(v.c.Method) {
		return
	}
	if want == "" {
		want = f.wanted()
	}
	v.errs = append(v.errs, v.c.src.errorAt(key, format(f.of(v.c).Interface()), want))
}

// rules checks what the tags say. The trainer computes in float32, where a decay
// just below 1 is 1 and a tiny rate 0, so that a number has to keep its meaning
// there.
func (v *validator) rules() {
	for _, f := range schema {
		value := f.of(v.c).Interface()
		v.check(f.ok(value), f.key, "")
		if x, ok := value.(float64); ok && f.rule.ok(x) {
			narrow := float64(float32(x))
			v.check(f.rule.ok(narrow) && (narrow != 0 || x == 0), f.key, f.want+" and as a float32")
		}
	}
}

// name checks that a run may be called so: it becomes a part of the name of a
// directory.
func (v *validator) name() {
	name := v.c.Name
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(".-_", r))
	}
	v.check(name != "" && len(name) <= 64 && !strings.ContainsRune(".-_", rune(name[0])) && !strings.ContainsFunc(name, odd), "name", "")
}

// alerts checks that every kind is one, and said once.
func (v *validator) alerts() {
	kinds, seen := AlertKinds(), map[string]bool{}
	for _, kind := range v.c.Alerts.Mute {
		v.check(slices.Contains(kinds, kind) && !seen[kind], "alerts.mute", "")
		seen[kind] = true
	}
}

func (v *validator) microBatch() {
	batch, micro := v.c.Run.Batch, v.c.Run.MicroBatch
	v.check(micro == 0 || micro > 0 && batch%micro == 0, "run.micro_batch",
		fmt.Sprintf("%s, which is %d", byKey["run.micro_batch"].want, batch))
}

func (v *validator) model() {
	m := v.c.Model
	v.check(m.ModelChannels >= 4 && m.ModelChannels <= 1024 && m.ModelChannels%4 == 0, "model.model_channels", "")
	filters := [][]int{{}, {1, 1}, {1, 3, 3, 1}}
	v.check(slices.ContainsFunc(filters, func(f []int) bool { return slices.Equal(f, m.ResampleFilter) }), "model.resample_filter", "")
	if m.Resolution == 0 {
		return // the trainer knows the images' size
	}
	halvings := max(len(m.ChannelMult)-1, 0)
	v.check(halvings < 16 && m.Resolution%(1<<halvings) == 0, "model.channel_mult",
		fmt.Sprintf("few enough entries that %d can be halved after each but the last", m.Resolution))
	var levels []string
	for i := range m.ChannelMult {
		levels = append(levels, fmt.Sprint(m.Resolution>>i))
	}
	for _, r := range m.AttnResolutions {
		v.check(slices.Contains(levels, fmt.Sprint(r)), "model.attn_resolutions",
			byKey["model.attn_resolutions"].want+": "+strings.Join(levels, ", "))
	}
}

// disc checks the size that images are resized to: each stage of the feature
// network halves it. How many stages a file has is for the trainer to say. A
// discriminator of which something is said has features, and so have all before it.
func (v *validator) disc() {
	wanted := 1 // discriminators
	for k := range maxDiscs {
		if !reflect.DeepEqual(*v.c.Nth(k), defaultDisc(v.c.Method)) {
			wanted = k + 1
		}
	}
	for k := range wanted {
		d, name, parts := v.c.Nth(k), DiscName(k), 2
		if d.Features == discFeatures {
			parts = 8
		}
		v.check(d.InSize >= 8 && d.InSize <= 256 && d.InSize%parts == 0, name+".in_size",
			fmt.Sprintf("%s, so a multiple of %d", byKey[name+".in_size"].want, parts))
		v.check(named(d.Features), name+".features", "")
		v.globs(name+".freeze_layers", d.FreezeLayers)
		v.check(d.Classes == "" || named(d.Classes) && !strings.HasPrefix(d.Classes, "builtin:"), name+".classes", "")
	}
}

// terms checks the parts of a student's loss. What is missing of the chosen ones is for
// the trainer to say.
func (v *validator) terms() {
	c := v.c
	v.check(c.Method != FD || c.Frechet.Weight > 0, "fd.weight", "in (0, 1000] for method fd")
	v.check(c.Distill.Linear == "" || c.Distill.Loss == LPIPS && named(c.Distill.Linear), "distill.linear", "\"\", but for distill.loss = \"lpips\"")
	v.check(c.Distill.Loss == L2 || named(c.Distill.Maps), "distill.maps", "")
}

// augment checks the parts of DiffAugment.
func (v *validator) augment() {
	other := func(part string) bool { return !slices.Contains([]string{"color", "translation", "cutout"}, part) }
	v.check(!slices.ContainsFunc(v.c.Augment.Diff, other), "augment.diff", "")
}

// named reports whether a text names a file: builtin:NAME, fetch:NAME or a path.
func named(s string) bool {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(s, "builtin:"), "fetch:")) != ""
}

// weights checks what names a file: builtin:NAME or a path. Whether it exists is
// for the trainer to say.
func (v *validator) weights() {
	c := v.c
	v.check(named(c.Model.Init) || c.Model.Init == "" && c.Method == EDM, "model.init", "")
	v.judges()
}

// judges checks those of which something is said: they have features, and so have
// all before them, and no two measure the same.
func (v *validator) judges() {
	c, wanted := v.c, 1
	for k := 1; k < maxJudges; k++ {
		if *c.Judge(k) != defaultJudge() {
			wanted = k + 1
		}
	}
	decides := false
	for k := range c.Judges() {
		decides = decides || c.FID.Best == JudgeName(k)
	}
	v.check(decides || c.Judges() == 0, "fid.best", "")
	for k := range wanted {
		j, name := c.Judge(k), JudgeName(k)
		v.check(named(j.Features), name+".features", "")
		v.check(named(j.Reference), name+".reference", "")
		for before := range k {
			other := c.Judge(before)
			v.check(j.Statistic != other.Statistic || j.Features != other.Features || j.Input != other.Input, name+".features",
				fmt.Sprintf("others than %s has for the same statistic", JudgeName(before)))
		}
	}
}

// globs checks the syntax of path.Match patterns. Whether they match anything
// is for the trainer to say, which knows the network.
func (v *validator) globs(key string, globs []string) {
	if g, bad := badGlob(globs); bad {
		v.check(false, key, fmt.Sprintf("%s (%s is none)", byKey[key].want, shown(quote(g))))
	}
}
