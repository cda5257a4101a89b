package precond

import "math"

// multistep is the state of samplers of several steps, of one batch.
type multistep struct {
	state, hat, grad, second []float64
	drawn                    []float32
}

func (s *Sampler) makeState() {
	if s.multistep == nil {
		n := s.batch * s.pixels
		s.multistep = &multistep{make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float32, n)}
	}
}

// Churn is the noise that a sampler adds before each step (Karras et al. 2022,
// Algorithm 2). The zero value adds none.
type Churn struct {
	Amount   float64 // S_churn
	Min, Max float64 // S_min and S_max: noise levels between which it adds some; a Max of 0 bounds nothing
	Noise    float64 // S_noise: the deviation of what is added, near 1

	// Draw fills dst with unit noise of a step for consecutive images.
	Draw func(firstImage, step int, dst []float32)
}

// gamma is by how much a noise level rises in a sampler of so many steps.
func (c Churn) gamma(sigma float64, steps int) float64 {
	if sigma < c.Min || c.Max > 0 && sigma > c.Max {
		return 0
	}
	return min(c.Amount/float64(steps), math.Sqrt2-1)
}

// add raises the noise of x by a given deviation.
func (s *Sampler) add(c Churn, x []float64, first, step int, deviation float64) {
	if deviation == 0 {
		return
	}
	n := s.drawn[:len(x)]
	c.Draw(first, step, n)
	for i, v := range n {
		x[i] += deviation * c.Noise * float64(v)
	}
}

// Heun maps unit noise z [B H W C] to images in the given number of steps of
// the deterministic second-order sampler (Karras et al. 2022, Algorithm 1): the
// state is float64, the network float32, and the last step is Euler's. It calls
// the network 2·steps-1 times. One step is OneStep.
func (s *Sampler) Heun(z []float32, steps int, labels, out []float32) error {
	return s.HeunChurn(z, steps, Churn{}, labels, out)
}

// HeunChurn is Heun with noise added in each step: Algorithm 2.
func (s *Sampler) HeunChurn(z []float32, steps int, c Churn, labels, out []float32) error {
	grid := s.den.Kind.Grid(steps)
	s.makeState()
	return s.each(z, labels, out, func(first int, in, out []float32) error {
		x, hat, d := s.state[:len(in)], s.hat[:len(in)], s.grad[:len(in)]
		for i, v := range in {
			x[i] = float64(v) * grid[0]
		}
		for k, t := range grid[:steps] {
			next := grid[k+1]
			if gamma := c.gamma(t, steps); gamma > 0 {
				raised := s.den.Kind.Round(t * (1 + gamma))
				s.add(c, x, first, k, math.Sqrt(max(raised*raised-t*t, 0)))
				t = raised
			}
			if err := s.slope(d, x, t); err != nil {
				return err
			}
			for i := range x {
				hat[i] = x[i] + (next-t)*d[i]
			}
			if next > 0 {
				y, err := s.denoise(hat, next)
				if err != nil {
					return err
				}
				for i := range x {
					second := (hat[i] - float64(y[i])) / next
					hat[i] = x[i] + (next-t)*(d[i]+second)/2
				}
			}
			copy(x, hat)
		}
		for i, v := range x {
			out[i] = float32(v)
		}
		return nil
	})
}

// Grid is SigmaGrid within the network's noise levels.
func (k Kind) Grid(n int) []float64 {
	lo, hi := k.Range()
	grid := sigmaGrid(n, max(SigmaMin, lo), min(SigmaMax, hi))
	for i, sigma := range grid[:n] {
		grid[i] = k.Round(sigma)
	}
	return grid
}

// slope fills d with dx/dsigma = (x - D(x; sigma))/sigma.
func (s *Sampler) slope(d, x []float64, sigma float64) error {
	y, err := s.denoise(x, sigma)
	if err != nil {
		return err
	}
	for i, v := range x {
		d[i] = (v - float64(y[i])) / sigma
	}
	return nil
}
