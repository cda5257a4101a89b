package edm

import (
	"innate/models/adm"
	"innate/models/precond"
	"innate/models/registry"
	"innate/models/unet"
)

// Checkpoints are the networks that were published with EDM, by the names of their
// files, as EDM trained them.
var Checkpoints = registry.New[Network]("published network")

func init() {
	for _, c := range []struct {
		name       string
		resolution int
		classes    int
		dropout    float64
	}{
		{"cifar10-32x32-uncond", 32, 0, 0.13},
		{"cifar10-32x32-cond", 32, 10, 0.13},
		{"ffhq-64x64-uncond", 64, 0, 0.05},
		{"afhqv2-64x64-uncond", 64, 0, 0.25},
	} {
		for suffix, arch := range map[string]string{"-vp": unet.DDPMpp, "-ve": unet.NCSNpp} {
			Checkpoints.Add(c.name+suffix, Network{Kind: precond.EDM, Song: song(arch, c.resolution, c.classes, c.dropout)})
		}
	}
	Checkpoints.Add("imagenet-64x64-cond-adm", Network{Kind: precond.EDM, ADM: &adm.Config{Sizes: precond.Sizes{
		Resolution: 64, Channels: 3, LabelDim: 1000, ModelChannels: 192, ChannelMult: []int{1, 2, 3, 4}, ChannelMultEmb: 4,
		NumBlocks: 3, AttnResolutions: []int{32, 16, 8}, Dropout: 0.1,
	}}})
}

func song(arch string, resolution, classes int, dropout float64) *unet.Config {
	mult := []int{2, 2, 2}
	if resolution == 64 {
		mult = []int{1, 2, 2, 2}
	}
	return &unet.Config{
		Arch: arch, Sizes: precond.Sizes{
			Resolution: resolution, Channels: 3, LabelDim: classes, AugmentDim: augmentInputs,
			ModelChannels: 128, ChannelMult: mult, ChannelMultEmb: 4, NumBlocks: 4, AttnResolutions: []int{16}, Dropout: dropout,
		},
	}
}

// WithoutAugmentation is the network less the input of augmentation labels, as a
// generator that is distilled from it has it.
func (n Network) WithoutAugmentation() Network {
	return n.with(func(s *precond.Sizes) { s.AugmentDim = 0 })
}
