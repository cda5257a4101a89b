package method_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/nettest"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/method"
)

// TestTeaching compares the targets of cd and of ctm with the same jumps taken image by
// image, as their formulas are printed, to 1e-4 of pixels near 1: the networks are float32.
// All places of the grid that may be drawn are.
func TestTeaching(t *testing.T) {
	const n, size, points = 32, 4 * 4, 5
	rng := rand.New(rand.NewPCG(1, 2))
	network := func(kind precond.Kind) *precond.Denoiser {
		net, err := unet.New(unet.Config{Arch: "ddpmpp", Sizes: precond.Sizes{Resolution: 4, Channels: 1, ModelChannels: 4, ChannelMult: []int{1}, ChannelMultEmb: 2, NumBlocks: 1}}, rng)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range net.Params().All() { // some begin at zero
			for i := range p.Data {
				p.Data[i] += 0.1 * float32(rng.NormFloat64())
			}
		}
		return &precond.Denoiser{Net: net, Kind: kind}
	}
	teacher, student := network(precond.EDM), network(precond.GDD)
	real, z := make([]float32, n*size), make([]float32, n*size)
	for i := range real {
		real[i], z[i] = float32(rng.NormFloat64())/2, float32(rng.NormFloat64())
	}
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	for _, target := range []string{"cd", "ctm"} {
		got, err := method.Teach(dev, teacher, student, target, points, z, real)
		if err != nil {
			t.Fatal(err)
		}
		j := jumper{t, sampler(t, dev, teacher), sampler(t, dev, student), ascending(points)}
		seen := map[[3]int]bool{}
		for i, at := range got.Jumps {
			seen[at] = true
			noise, v := j.grid[at[0]], make([]float64, size)
			for p := range v {
				v[p] = float64(real[i*size+p]) + noise*float64(z[i*size+p])
			}
			nettest.Near(t, "noisy", got.X[i*size:][:size], narrowed(v), 1e-5)
			v = j.jump(j.jump(j.jump(v, at[0], at[1]), at[1], at[2]), at[2], 0)
			nettest.Near(t, "target", got.Target[i*size:][:size], narrowed(v), 1e-4)
		}
		want := map[string]int{"cd": points - 2, "ctm": 10}[target] // ctm: the sum over t in 2..4 of t(t-1)/2
		if len(seen) > want || len(seen) < want/2 {
			t.Errorf("%s: %d different jumps of 32 images, want up to %d", target, len(seen), want)
		}
		for at := range seen {
			if at[0] < 2 || at[1] < 1 || at[1] >= at[0] || at[2] >= at[1] || target == "cd" && (at[1] != at[0]-1 || at[2] != 0) {
				t.Errorf("%s: jumps %v", target, at)
			}
		}
	}
}

func ascending(points int) []float64 {
	grid := make([]float64, points)
	for i := range grid { // Karras et al. 2022, eq. 5, from its other end
		grid[i] = math.Pow(math.Pow(0.002, 1./7)+float64(i)/float64(points-1)*(math.Pow(80, 1./7)-math.Pow(0.002, 1./7)), 7)
	}
	return grid
}

func narrowed(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// jumper takes one image along the grid.
type jumper struct {
	t                *testing.T
	teacher, student *precond.Sampler // of one image
	grid             []float64
}

func (j jumper) jump(v []float64, from, to int) []float64 {
	t, u := j.grid[from], j.grid[to]
	out := make([]float64, len(v))
	switch {
	case from == to:
		return v
	case from-to == 1: // Heun's step with the teacher
		first := j.denoise(j.teacher, v, t)
		for i := range v {
			out[i] = v[i] + (u-t)*(v[i]-first[i])/t
		}
		second := j.denoise(j.teacher, out, u)
		for i := range v {
			out[i] = v[i] + (u-t)*((v[i]-first[i])/t+(out[i]-second[i])/u)/2
		}
	default:
		says := j.denoise(j.student, v, t)
		for i := range v {
			out[i] = v[i] + (t-u)/t*(says[i]-v[i])
		}
	}
	return out
}

func sampler(t *testing.T, dev device.Device, den *precond.Denoiser) *precond.Sampler {
	s, err := precond.NewSampler(dev, den, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (j jumper) denoise(s *precond.Sampler, v []float64, sigma float64) []float64 {
	out := make([]float32, len(v))
	if err := s.Denoise(narrowed(v), sigma, nil, out); err != nil {
		j.t.Fatal(err)
	}
	wide := make([]float64, len(v))
	for i, x := range out {
		wide[i] = float64(x)
	}
	return wide
}
