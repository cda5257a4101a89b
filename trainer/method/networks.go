package method

import (
	"innate/configs"
	"innate/models/adm"
	"innate/models/edm"
	"innate/models/precond"
)

// networkSettings translates what a configuration says of a network.
func networkSettings(m configs.Model) precond.Settings {
	s := precond.Settings{
		Resolution: m.Resolution, Channels: m.Channels, LabelDim: m.LabelDim, AugmentDim: m.AugmentDim,
		ModelChannels: m.ModelChannels, ChannelMult: m.ChannelMult, ChannelMultEmb: m.ChannelMultEmb,
		NumBlocks: m.NumBlocks, AttnResolutions: m.AttnResolutions, Dropout: m.Dropout, LabelDropout: m.LabelDropout,
		NoiseMult: m.ChannelMultNoise, Variance: precond.Kind(m.Precond) == precond.IDDPM,
	}
	if len(m.ResampleFilter) > 0 {
		s.Taps = m.ResampleFilter
	}
	for _, choice := range []struct {
		to   *string
		from string
	}{{&s.Embedding, m.Embedding}, {&s.Encoder, m.Encoder}, {&s.Decoder, m.Decoder}} {
		if choice.from != configs.Auto {
			*choice.to = choice.from
		}
	}
	return s
}

// publishedModel is the [model] table of a network that was published with EDM.
func publishedModel(name string) configs.Model {
	n, err := edm.Checkpoints.Get(name)
	if err != nil {
		panic(err) // configs asks for names that it has been told
	}
	m := configs.Model{Network: name, Embedding: configs.Auto, Encoder: configs.Auto, Decoder: configs.Auto, ResampleFilter: []int{}, Precond: string(n.Kind)}
	if c := n.Song; c != nil {
		m.Arch, m.Resolution, m.Channels, m.LabelDim, m.AugmentDim = c.Arch, c.Resolution, c.Channels, c.LabelDim, c.AugmentDim
		m.ModelChannels, m.ChannelMult, m.ChannelMultEmb = c.ModelChannels, c.ChannelMult, c.ChannelMultEmb
		m.NumBlocks, m.AttnResolutions, m.Dropout = c.NumBlocks, c.AttnResolutions, c.Dropout
		return m
	}
	c := n.ADM
	m.Arch, m.Resolution, m.Channels, m.LabelDim, m.AugmentDim = adm.Name, c.Resolution, c.Channels, c.LabelDim, c.AugmentDim
	m.ModelChannels, m.ChannelMult, m.ChannelMultEmb = c.ModelChannels, c.ChannelMult, c.ChannelMultEmb
	m.NumBlocks, m.AttnResolutions, m.Dropout = c.NumBlocks, c.AttnResolutions, c.Dropout
	return m
}
