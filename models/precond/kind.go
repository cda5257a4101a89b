package precond

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// Kind selects the coefficients of a denoiser.
type Kind string

// EDM is the preconditioning of Karras et al. 2022, Table 1, which has those of
// Song et al. 2021 (VP, VE) and of Nichol & Dhariwal 2021 (IDDPM), too. GDD is that
// of one-step students, in the form of consistency models: the identity at sigma =
// SigmaMin.
const (
	EDM   Kind = "edm"
	GDD   Kind = "gdd"
	VP    Kind = "vp"
	VE    Kind = "ve"
	IDDPM Kind = "iddpm"
)

// Kinds lists them.
func Kinds() []Kind { return []Kind{EDM, GDD, VP, VE, IDDPM} }

// Coef returns the coefficients at sigma > 0. GDD's differ from EDM's in that
// sigma-SigmaMin replaces sigma in cSkip and in the numerator of cOut, and only
// there.
func (k Kind) Coef(sigma float64) Coef {
	switch k {
	case EDM:
		return boundary(sigma, sigma)
	case GDD:
		return boundary(sigma, sigma-SigmaMin)
	case VP:
		return Coef{1, -sigma, 1 / math.Sqrt(sigma*sigma+1), (vpSteps - 1) * published.inverse(sigma)}
	case VE:
		return Coef{1, sigma, 1, math.Log(sigma / 2)}
	case IDDPM:
		return Coef{1, -sigma, 1 / math.Sqrt(sigma*sigma+1), float64(iddpmSteps - 1 - nearest(iddpmLevels, sigma))}
	}
	panic(fmt.Sprintf("precond: kind %q, want one of %q", string(k), Kinds()))
}

// boundary are EDM's coefficients with s in the place of sigma where a consistency
// model's boundary condition has it.
func boundary(sigma, s float64) Coef {
	root := math.Sqrt(sigma*sigma + SigmaData*SigmaData)
	return Coef{
		CSkip:  SigmaData * SigmaData / (s*s + SigmaData*SigmaData),
		COut:   s * SigmaData / root,
		CIn:    1 / root,
		CNoise: math.Log(sigma) / 4,
	}
}

// Range bounds the noise levels that the network was trained for.
func (k Kind) Range() (lo, hi float64) {
	switch k {
	case VP:
		return published.sigma(vpSmallest), published.sigma(1)
	case VE:
		return 0.02, 100
	case IDDPM:
		return iddpmLevels[iddpmSteps-1], iddpmLevels[0]
	}
	return 0, math.Inf(1)
}

// Round is the nearest noise level that the network knows: of IDDPM one of its
// steps.
func (k Kind) Round(sigma float64) float64 {
	if k == IDDPM {
		return iddpmLevels[nearest(iddpmLevels, sigma)]
	}
	return sigma
}

// vp is a variance-preserving schedule, sigma² = exp(d·t²/2 + min·t) - 1.
type vp struct{ betaD, betaMin float64 }

// published is that of Song et al. 2021, whose network counts its steps.
var published = vp{19.9, 0.1}

const (
	vpSteps    = 1000
	vpSmallest = 1e-5 // time of the smallest noise level
)

func (v vp) sigma(t float64) float64 { return math.Sqrt(math.Expm1(v.betaD*t*t/2 + v.betaMin*t)) }

func (v vp) slope(t float64) float64 {
	s := v.sigma(t)
	return (v.betaMin + v.betaD*t) * (s + 1/s) / 2
}

func (v vp) inverse(sigma float64) float64 {
	return (math.Sqrt(v.betaMin*v.betaMin+2*v.betaD*math.Log1p(sigma*sigma)) - v.betaMin) / v.betaD
}

// Levels are the noise levels that the network counts, falling to 0; nil of kinds whose
// network knows all.
func (k Kind) Levels() []float64 {
	if k == IDDPM {
		return slices.Clone(iddpmLevels)
	}
	return nil
}

const iddpmSteps = 1000

// iddpmLevels are the noise levels of Nichol & Dhariwal 2021, falling to 0: those
// of a cosine schedule, each step losing at most all but a thousandth.
var iddpmLevels = func() []float64 {
	const c1, c2 = 0.001, 0.008
	alphaBar := func(j int) float64 {
		s := math.Sin(math.Pi / 2 * float64(j) / (iddpmSteps * (c2 + 1)))
		return s * s
	}
	u := make([]float64, iddpmSteps+1)
	for j := iddpmSteps; j > 0; j-- {
		u[j-1] = math.Sqrt((u[j]*u[j]+1)/max(alphaBar(j-1)/alphaBar(j), c1) - 1)
	}
	return u
}()

// nearest is the index of the value of a falling list that is nearest to sigma, the
// first of two.
func nearest(falling []float64, sigma float64) int {
	i := sort.Search(len(falling), func(i int) bool { return falling[i] <= sigma })
	if i == len(falling) || i > 0 && falling[i-1]-sigma <= sigma-falling[i] {
		return i - 1
	}
	return i
}

// check reports an unknown kind.
func (k Kind) check() error {
	if !slices.Contains(Kinds(), k) {
		return fmt.Errorf("%q, want one of %q", string(k), Kinds())
	}
	return nil
}
