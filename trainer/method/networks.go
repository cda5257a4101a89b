package method

import (
	"innate/configs"
	"innate/models/adm"
	"innate/models/edm"
	"innate/models/precond"
)

// networkSettings translates what a configuration says of a network.
func networkSettings(m configs.Model) precond.Settings {
	s := precond.Settings{NoiseMult: m.ChannelMultNoise, Variance: precond.Kind(m.Precond) == precond.IDDPM, Sizes: precond.Sizes{
		Resolution: m.Resolution, Channels: m.Channels, LabelDim: m.LabelDim, AugmentDim: m.AugmentDim,
		ModelChannels: m.ModelChannels, ChannelMult: m.ChannelMult, ChannelMultEmb: m.ChannelMultEmb,
		NumBlocks: m.NumBlocks, AttnResolutions: m.AttnResolutions, Dropout: m.Dropout, LabelDropout: m.LabelDropout,
	}}
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
	m.Arch = adm.Name
	if n.Song != nil {
		m.Arch = n.Song.Arch
	}
	s := n.Sizes()
	m.Resolution, m.Channels, m.LabelDim, m.AugmentDim = s.Resolution, s.Channels, s.LabelDim, s.AugmentDim
	m.ModelChannels, m.ChannelMult, m.ChannelMultEmb = s.ModelChannels, s.ChannelMult, s.ChannelMultEmb
	m.NumBlocks, m.AttnResolutions, m.Dropout = s.NumBlocks, s.AttnResolutions, s.Dropout
	return m
}
