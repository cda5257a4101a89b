package method

import (
	"innate/configs"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/unet"
	"innate/models/weights"
)

// Check refuses a config whose sizes fit no network, which the networks know and
// the config does not: before a run is made for it, and with the line. It builds
// nothing.
func Check(cfg *configs.Config) error {
	switch cfg.Method {
	case configs.EDM:
		if err := unetConfig(cfg.Model, 0).Validate(); err != nil {
			return cfg.At("model", err)
		}
	case configs.GDD:
		file, err := weights.Open(cfg.Disc.Features)
		if err != nil {
			return cfg.At("disc.features", err)
		}
		cnn, err := OpenCNN(file)
		if err != nil {
			return cfg.At("disc.features", err)
		}
		if err := projectorConfig(cfg.Disc, cnn).Validate(cnn.Config); err != nil {
			return cfg.At("disc.in_size", err)
		}
	}
	return nil
}

// unetConfig is the architecture that a config asks for.
func unetConfig(c configs.Model, classes int) unet.Config {
	return unet.Config{
		Arch: c.Arch, Resolution: c.Resolution, Channels: c.Channels, LabelDim: classes,
		ModelChannels: c.ModelChannels, ChannelMult: c.ChannelMult, ChannelMultEmb: 4,
		NumBlocks: c.NumBlocks, AttnResolutions: c.AttnResolutions, Dropout: c.Dropout,
	}
}

// projectorConfig is the discriminator's path from an image over a feature
// network, as a config asks for.
func projectorConfig(c configs.Disc, cnn *features.Net) disc.ProjectorConfig {
	return disc.ProjectorConfig{
		InSize: c.InSize, CMix: c.CMix, Expand: true,
		Mean: constant(0.5, cnn.Config.Channels), Std: constant(0.5, cnn.Config.Channels),
	}
}
