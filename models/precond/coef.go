package precond

import (
	"fmt"
	"math"
)

// SigmaData is the standard deviation that EDM assumes of images.
const SigmaData = 0.5

// SigmaMin and SigmaMax bound the noise levels of sampling; a one-step
// generator maps SigmaMax·z to an image.
const (
	SigmaMin = 0.002
	SigmaMax = 80.0
)

// Kind selects the coefficients of a denoiser.
type Kind string

// EDM is the preconditioning of Karras et al. 2022, Table 1. GDD is that of
// one-step students, in the form of consistency models: the identity at
// sigma = SigmaMin.
const (
	EDM Kind = "edm"
	GDD Kind = "gdd"
)

// Coef are the coefficients at one noise level.
type Coef struct{ CSkip, COut, CIn, CNoise float64 }

// Coef returns the coefficients at sigma > 0. GDD's differ from EDM's in that
// sigma-SigmaMin replaces sigma in cSkip and in the numerator of cOut, and only
// there.
func (k Kind) Coef(sigma float64) Coef {
	s := sigma
	switch k {
	case EDM:
	case GDD:
		s -= SigmaMin
	default:
		panic(fmt.Sprintf("precond: kind %q, want %q or %q", string(k), EDM, GDD))
	}
	root := math.Sqrt(sigma*sigma + SigmaData*SigmaData)
	return Coef{
		CSkip:  SigmaData * SigmaData / (s*s + SigmaData*SigmaData),
		COut:   s * SigmaData / root,
		CIn:    1 / root,
		CNoise: math.Log(sigma) / 4,
	}
}

// rho bends the schedule towards small noise levels.
const rho = 7

// SigmaGrid returns the noise levels of a sampler of n steps, n+1 values from
// SigmaMax down to SigmaMin and then 0 (Karras et al. 2022, eq. 5). A single
// step goes from SigmaMax to 0.
func SigmaGrid(n int) []float64 {
	if n < 1 {
		panic(fmt.Sprintf("precond: %d steps, want > 0", n))
	}
	hi, lo := math.Pow(SigmaMax, 1.0/rho), math.Pow(SigmaMin, 1.0/rho)
	grid := make([]float64, n+1)
	grid[0] = SigmaMax
	for i := 1; i < n; i++ {
		grid[i] = math.Pow(hi+float64(i)/float64(n-1)*(lo-hi), rho)
	}
	return grid
}
