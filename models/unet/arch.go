package unet

import "innate/models/registry"

// Arch is what one architecture of U-Nets has of its own.
type Arch struct {
	Fourier bool  // random Fourier features of the noise level, not sinusoids
	Taps    []int // the resampling filter in one dimension
	Pyramid bool  // the encoder also sees the input at every resolution
}

// The two architectures of EDM.
const (
	DDPMpp = "ddpmpp"
	NCSNpp = "ncsnpp"
)

// Archs are the architectures that model.arch may name.
var Archs = registry.New[Arch]("arch")

func init() {
	Archs.Add(DDPMpp, Arch{Taps: []int{1, 1}})
	Archs.Add(NCSNpp, Arch{Fourier: true, Taps: []int{1, 3, 3, 1}, Pyramid: true})
}

// arch is the configuration's architecture, which Validate knows.
func (c Config) arch() Arch {
	a, _ := Archs.Get(c.Arch)
	return a
}
