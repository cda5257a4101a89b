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

// Coef are the coefficients at one noise level.
type Coef struct{ CSkip, COut, CIn, CNoise float64 }

// rho bends the schedule towards small noise levels.
const rho = 7

// SigmaGrid returns the noise levels of a sampler of n steps, n+1 values from
// SigmaMax down to SigmaMin and then 0 (Karras et al. 2022, eq. 5). A single
// step goes from SigmaMax to 0.
func SigmaGrid(n int) []float64 { return sigmaGrid(n, SigmaMin, SigmaMax) }

func sigmaGrid(n int, smallest, largest float64) []float64 {
	if n < 1 {
		panic(fmt.Sprintf("precond: %d steps, want > 0", n))
	}
	hi, lo := math.Pow(largest, 1.0/rho), math.Pow(smallest, 1.0/rho)
	grid := make([]float64, n+1)
	grid[0] = largest
	for i := 1; i < n; i++ {
		grid[i] = math.Pow(hi+float64(i)/float64(n-1)*(lo-hi), rho)
	}
	return grid
}
