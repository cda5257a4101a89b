package method

import (
	"fmt"
	"slices"
	"strings"

	"innate/configs"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/precond"
	"innate/models/weights"
	"innate/trainer/data"
)

func checkEDM(cfg *configs.Config, set data.Dataset) error {
	if _, err := edmSettings(cfg, set); err != nil {
		return err
	}
	if p := cfg.Model.LabelDropout; p != 0 && !cfg.Data.Labels {
		return cfg.At("model.label_dropout", fmt.Errorf("model.label_dropout: got %g, want 0 without data.labels, which it drops", p))
	}
	return checkAugment(cfg, set)
}

// square refuses images of another shape, which the networks do not take.
func square(cfg *configs.Config, set data.Dataset) error {
	if h, w, _ := set.Shape(); h != w {
		return cfg.At("data.dataset", fmt.Errorf("data.dataset: images of %dx%d, want square ones", h, w))
	}
	return nil
}

func checkClassifier(cfg *configs.Config, set data.Dataset) error {
	if err := square(cfg, set); err != nil {
		return err
	}
	if set.Classes() < 2 {
		return cfg.At("data.dataset", fmt.Errorf("data.dataset: got %q with %d classes, want labelled images", set.Name(), set.Classes()))
	}
	return nil
}

// checkStudent is for all methods that train a one-step generator.
func checkStudent(cfg *configs.Config, set data.Dataset) error {
	if cfg.Method == configs.GDD {
		if err := checkAugment(cfg, set); err != nil {
			return err
		}
	}
	if err := checkTeacher(cfg, set); err != nil {
		return cfg.At("model.init", fmt.Errorf("model.init: %w", err))
	}
	if err := checkTeaching(cfg, set); err != nil {
		return err
	}
	for k := range cfg.Discs() {
		name := configs.DiscName(k)
		file, err := weights.Open(configs.Locate("", cfg.Nth(k).Features))
		if err != nil {
			return cfg.At(name+".features", fmt.Errorf("%s.features: %w", name, err))
		}
		net, err := DescribeBackbone(file)
		if err != nil {
			return cfg.At(name+".features", fmt.Errorf("%s.features: %w", name, err))
		}
		if _, err := projectorConfig(cfg, k, net); err != nil {
			return err
		}
		if cfg.Frechet.Weight == 0 {
			continue
		}
		if _, err := spaceOf(cfg, k, net); err != nil {
			return err
		}
		if err := notJudging(cfg, k, file, "", func() (features.Backbone, error) { return OpenBackbone(file) }); err != nil {
			return err
		}
	}
	return nil
}

// checkTeacher refuses a teacher that cannot be read, or of other images. It reads no
// values.
func checkTeacher(cfg *configs.Config, set data.Dataset) error {
	file, err := weights.Open(configs.Locate("", cfg.Model.Init))
	if err != nil {
		return err
	}
	if err := CheckDenoiser(file); err != nil {
		return err
	}
	shape, err := shapeIn(file)
	if err != nil {
		return err
	}
	return fits(cfg.Model.Init, shape, set)
}

// fits refuses a teacher whose images or classes are not those of the data.
func fits(teacher string, s precond.Shape, set data.Dataset) error {
	if h, w, c := set.Shape(); s.Resolution != h || s.Resolution != w || s.Channels != c {
		return fmt.Errorf("%s makes %dx%d images with %d channels, want the data's %dx%d with %d",
			teacher, s.Resolution, s.Resolution, s.Channels, h, w, c)
	}
	if s.LabelDim != 0 && s.LabelDim != set.Classes() {
		return fmt.Errorf("%s is conditioned on %d classes, want the data's %d or none", teacher, s.LabelDim, set.Classes())
	}
	return nil
}

// edmSettings are the network that a config asks for. Its images are those of
// the data set; a config may repeat their size, but not contradict it.
func edmSettings(cfg *configs.Config, set data.Dataset) (precond.Settings, error) {
	if err := square(cfg, set); err != nil {
		return precond.Settings{}, err
	}
	h, _, channels := set.Shape()
	for _, s := range []struct {
		key       string
		got, want int
		of        string
	}{
		{"model.resolution", cfg.Model.Resolution, h, "size"},
		{"model.channels", cfg.Model.Channels, channels, "channels"},
	} {
		if s.got != 0 && s.got != s.want {
			return precond.Settings{}, cfg.At(s.key, fmt.Errorf("%s: got %d, want %d, the %s of %s", s.key, s.got, s.want, s.of, set.Name()))
		}
	}
	classes := 0
	if cfg.Data.Labels {
		if classes = set.Classes(); classes == 0 {
			return precond.Settings{}, cfg.At("data.labels", fmt.Errorf("data.labels: got true, want false: %s has no classes", set.Name()))
		}
	}
	m := cfg.Model
	if m.LabelDim != 0 && m.LabelDim != classes {
		of := "since data.labels is false"
		if cfg.Data.Labels {
			of = "the classes of " + set.Name()
		}
		return precond.Settings{}, cfg.At("model.label_dim", fmt.Errorf("model.label_dim: got %d, want %d, %s", m.LabelDim, classes, of))
	}
	s := networkSettings(m)
	s.Resolution, s.Channels, s.LabelDim = h, channels, classes
	levels := make([]string, len(m.ChannelMult))
	for i := range levels {
		levels[i] = fmt.Sprint(h >> i)
	}
	if halvings := len(levels) - 1; h%(1<<halvings) != 0 {
		return s, cfg.At("model.channel_mult", fmt.Errorf("model.channel_mult: got %v, want few enough entries that %d can be halved after each but the last", m.ChannelMult, h))
	}
	for _, r := range m.AttnResolutions {
		if !slices.Contains(levels, fmt.Sprint(r)) {
			return s, cfg.At("model.attn_resolutions", fmt.Errorf("model.attn_resolutions: got %v, want resolutions that the network has: %s", m.AttnResolutions, strings.Join(levels, ", ")))
		}
	}
	arch, err := precond.Archs.Get(m.Arch)
	if err != nil {
		return s, cfg.At("model.arch", fmt.Errorf("model.%w", err))
	}
	if err := arch.Check(s); err != nil {
		return s, cfg.At("model", err)
	}
	return s, nil
}

// projectorConfig is discriminator k's path from an image over a feature network,
// as a config asks for.
func projectorConfig(cfg *configs.Config, k int, net features.Backbone) (disc.ProjectorConfig, error) {
	d, name := cfg.Nth(k), configs.DiscName(k)
	c := disc.ProjectorConfig{InSize: d.InSize, CMix: d.CMix, Expand: true, Mean: narrow(d.Mean), Std: narrow(d.Std)}
	if len(c.Mean) == 0 {
		c.Mean = net.Pixels().Mean
	}
	if len(c.Std) == 0 {
		c.Std = net.Pixels().Std
	}
	for _, s := range []struct {
		key string
		n   int
	}{{name + ".mean", len(c.Mean)}, {name + ".std", len(c.Std)}} {
		if channels := net.Channels(); s.n != 1 && s.n != channels {
			return c, cfg.At(s.key, fmt.Errorf("%s: got %d values, want 1 or one for each of %d channels", s.key, s.n, channels))
		}
	}
	if err := c.Validate(net); err != nil {
		return c, cfg.At(name+".in_size", fmt.Errorf("%s.in_size: %w", name, err))
	}
	return c, nil
}

// narrow converts to the precision of networks.
func narrow(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}
