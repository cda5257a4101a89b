package precond

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Ablation is a sampler of the study in Karras et al. 2022, Table 1 and appendix D:
// any choice of time steps, noise schedule, scaling and solver of the papers that
// it compares, for any network.
type Ablation struct {
	Steps          int
	Solver         string  // Euler or Heun, by Solvers
	Discretization string  // which noise levels the steps stop at, by Discretizations
	Schedule       string  // how the noise level grows with time, by Schedules
	Scaling        string  // whether the image is scaled down as it does, by Scalings
	Alpha          float64 // where in a step Heun looks a second time, in (0, 1]; 1 is its end
	Churn
}

// The choices of an Ablation.
var (
	Solvers         = []string{"euler", "heun"}
	Discretizations = []string{"vp", "ve", "iddpm", "edm"}
	Schedules       = []string{"vp", "ve", "linear"}
	Scalings        = []string{"vp", "none"}
)

// Own is the sampler of the paper that the preconditioning comes from: Euler's method
// over that paper's noise levels, in its schedule and scaling; of EDM Heun's.
func (k Kind) Own(steps int) Ablation {
	a := Ablation{Steps: steps, Solver: "euler", Discretization: string(k), Schedule: "linear", Scaling: "none", Alpha: 1}
	switch k {
	case VP:
		a.Schedule, a.Scaling = "vp", "vp"
	case VE:
		a.Schedule = "ve"
	case EDM, GDD:
		a.Solver, a.Discretization = "heun", "edm"
	}
	return a
}

// Validate reports the first choice that there is not.
func (a Ablation) Validate() error {
	for _, c := range []struct {
		name, value string
		of          []string
	}{
		{"solver", a.Solver, Solvers}, {"discretization", a.Discretization, Discretizations},
		{"schedule", a.Schedule, Schedules}, {"scaling", a.Scaling, Scalings},
	} {
		if !slices.Contains(c.of, c.value) {
			return fmt.Errorf("precond: %s: got %q, want %s", c.name, c.value, strings.Join(c.of, " | "))
		}
	}
	if a.Steps < 2 {
		return fmt.Errorf("precond: steps: got %d, want 2 or more", a.Steps)
	}
	if !(a.Alpha > 0 && a.Alpha <= 1) {
		return fmt.Errorf("precond: alpha: got %v, want in (0, 1]", a.Alpha)
	}
	return nil
}

// smallestTime is epsilon_s, that of the VP discretization.
const smallestTime = 1e-3

// bounds are the noise levels between which the steps of a discretization lie, as
// far as a network knows them.
func (a Ablation) bounds(k Kind) (lo, hi float64) {
	switch a.Discretization {
	case "vp":
		lo, hi = published.sigma(smallestTime), published.sigma(1)
	case "ve":
		lo, hi = 0.02, 100
	case "iddpm":
		lo, hi = SigmaMin, 81
	default:
		lo, hi = SigmaMin, SigmaMax
	}
	smallest, largest := k.Range()
	return max(lo, smallest), min(hi, largest)
}

// between is the variance-preserving schedule that goes from hi at time 1 to lo at
// the smallest time.
func between(lo, hi float64) vp {
	d := 2 * (math.Log1p(lo*lo)/smallestTime - math.Log1p(hi*hi)) / (smallestTime - 1)
	return vp{d, math.Log1p(hi*hi) - d/2}
}

// levels are the noise levels of the steps, falling.
func (a Ablation) levels(k Kind) []float64 {
	lo, hi := a.bounds(k)
	n := a.Steps
	if a.Discretization == "edm" {
		return sigmaGrid(n, lo, hi)[:n]
	}
	var steps []float64 // that IDDPM chooses from
	for _, u := range iddpmLevels {
		if u >= lo && u <= hi {
			steps = append(steps, u)
		}
	}
	out := make([]float64, n)
	for i := range out {
		at := float64(i) / float64(n-1)
		switch a.Discretization {
		case "vp":
			out[i] = between(lo, hi).sigma(1 + at*(smallestTime-1))
		case "ve":
			out[i] = hi * math.Pow(lo/hi, at)
		case "iddpm":
			out[i] = steps[int(math.RoundToEven(float64(len(steps)-1)*at))]
		}
	}
	return out
}

// course is a noise schedule sigma(t), with its derivative and its inverse, and the
// scale s(t) of the image, with its derivative.
type course struct {
	sigma, slope, inverse, scale, scaleSlope func(float64) float64
}

func (a Ablation) course(k Kind) course {
	var c course
	switch a.Schedule {
	case "vp":
		v := between(a.bounds(k))
		c.sigma, c.slope, c.inverse = v.sigma, v.slope, v.inverse
	case "ve":
		c.sigma = math.Sqrt
		c.slope = func(t float64) float64 { return 0.5 / math.Sqrt(t) }
		c.inverse = func(sigma float64) float64 { return sigma * sigma }
	default:
		c.sigma = func(t float64) float64 { return t }
		c.slope = func(float64) float64 { return 1 }
		c.inverse = c.sigma
	}
	if a.Scaling == "vp" {
		c.scale = func(t float64) float64 { return 1 / math.Hypot(1, c.sigma(t)) }
		c.scaleSlope = func(t float64) float64 { return -c.sigma(t) * c.slope(t) * math.Pow(c.scale(t), 3) }
	} else {
		c.scale = func(float64) float64 { return 1 }
		c.scaleSlope = func(float64) float64 { return 0 }
	}
	return c
}

// Ablate maps unit noise z [B H W C] to images by any sampler of the study. State
// is float64, the network float32.
func (s *Sampler) Ablate(z []float32, a Ablation, labels, out []float32) error {
	if err := a.Validate(); err != nil {
		return err
	}
	c, k := a.course(s.den.Kind), s.den.Kind
	times := make([]float64, 0, a.Steps+1)
	for _, sigma := range a.levels(k) {
		times = append(times, c.inverse(k.Round(sigma)))
	}
	times = append(times, 0)
	s.makeState()
	return s.each(z, labels, out, func(first int, in, out []float32) error {
		x := s.state[:len(in)]
		for i, v := range in {
			x[i] = float64(v) * c.sigma(times[0]) * c.scale(times[0])
		}
		for i, t := range times[:a.Steps] {
			raised := c.inverse(k.Round(c.sigma(t) * (1 + a.gamma(c.sigma(t), a.Steps))))
			for j := range x {
				x[j] *= c.scale(raised) / c.scale(t)
			}
			if a.Amount > 0 {
				s.add(a.Churn, x, first, i, c.scale(raised)*math.Sqrt(max(square(c.sigma(raised))-square(c.sigma(t)), 0)))
			}
			if err := s.step(x, c, a, raised, times[i+1]); err != nil {
				return err
			}
		}
		for i, v := range x {
			out[i] = float32(v)
		}
		return nil
	})
}

func square(v float64) float64 { return v * v }

// step goes from time t to next.
func (s *Sampler) step(x []float64, c course, a Ablation, t, next float64) error {
	h := next - t
	d, d2, moved := s.grad[:len(x)], s.second[:len(x)], s.hat[:len(x)]
	if err := s.timeSlope(d, x, c, t); err != nil {
		return err
	}
	if a.Solver == "euler" || next == 0 {
		for i := range x {
			x[i] += h * d[i]
		}
		return nil
	}
	for i := range x {
		moved[i] = x[i] + a.Alpha*h*d[i]
	}
	if err := s.timeSlope(d2, moved, c, t+a.Alpha*h); err != nil {
		return err
	}
	w := 1 / (2 * a.Alpha)
	for i := range x {
		x[i] += h * ((1-w)*d[i] + w*d2[i])
	}
	return nil
}

// timeSlope fills d with dx/dt (Karras et al. 2022, eq. 81).
func (s *Sampler) timeSlope(d, x []float64, c course, t float64) error {
	sigma, scale := c.sigma(t), c.scale(t)
	for i, v := range x {
		d[i] = v / scale
	}
	y, err := s.denoise(d, sigma)
	if err != nil {
		return err
	}
	rate := c.slope(t) / sigma
	own := rate + c.scaleSlope(t)/scale
	for i, v := range x {
		d[i] = own*v - rate*scale*float64(y[i])
	}
	return nil
}
