package data

import (
	"math"
	"math/rand/v2"
)

// Normal deviates by the ziggurat of Marsaglia and Tsang (2000) with 256 layers,
// in the unbiased form of Doornik (2005): layer and position come from separate
// bits. One 64-bit draw serves two values: 8 bits choose the layer, 24 bits a
// signed position in it.
const (
	zigLayers = 256
	zigR      = 3.6541528853610088   // where the tail begins
	zigArea   = 0.004928673233992336 // of each layer
)

// zig holds the layers of exp(-x*x/2): layer i spans [0, x[i]) and the densities
// f[i] to f[i+1]; layer 0 is the base strip, whose width x[0] includes the tail.
var zig = func() (z struct {
	x, f   [zigLayers + 1]float64
	scale  [zigLayers]float32 // x[i] * 2^-23: a position times this is a value
	inside [zigLayers]int32   // positions below this lie under the curve for sure
}) {
	density := func(x float64) float64 { return math.Exp(-0.5 * x * x) }
	z.x[0], z.x[1] = zigArea/density(zigR), zigR
	for i := 2; i < zigLayers; i++ {
		z.x[i] = math.Sqrt(-2 * math.Log(zigArea/z.x[i-1]+density(z.x[i-1])))
	}
	for i := range z.x {
		z.f[i] = density(z.x[i]) // the top, x[256] = 0, has density 1
	}
	for i := range z.scale {
		z.scale[i] = float32(z.x[i] * (1.0 / (1 << 23)))
		z.inside[i] = int32(z.x[i+1] / z.x[i] * (1 << 23))
	}
	return z
}()

// FillNormal fills dst with standard normal deviates. The stream then stands
// where it stands for any other slice of this length; two calls for halves of an
// odd length draw other numbers than one call for the whole.
func (r *Rand) FillNormal(dst []float32) { fillNormal(&r.pcg, dst) }

// ImageNormals fills dst with the noise of consecutive images, per values each.
// Every image draws from a generator of its own seed, the first from firstSeed
// and so on, so that an image does not depend on the batch it is made in.
func ImageNormals(firstSeed uint64, per int, dst []float32) {
	eachImage("image", firstSeed, 0, per, dst)
}

// ImageChurn is ImageNormals of the noise that a sampler adds to the images in one of
// its steps.
func ImageChurn(firstSeed uint64, step, per int, dst []float32) {
	eachImage("churn", firstSeed, uint64(step), per, dst)
}

func eachImage(use string, firstSeed, sub uint64, per int, dst []float32) {
	var pcg rand.PCG
	for i := 0; len(dst) > 0; i++ {
		n := min(per, len(dst))
		pcg.Seed(seedOf(use, firstSeed+uint64(i), sub))
		fillNormal(&pcg, dst[:n])
		dst = dst[n:]
	}
}

// ImageLabels fills dst [N classes] with the one-hot labels of consecutive
// images, of classes drawn uniformly. As with noise, every image has a generator
// of its own seed.
func ImageLabels(firstSeed uint64, classes int, dst []float32) {
	var pcg rand.PCG
	rng := rand.New(&pcg)
	clear(dst)
	for i := range len(dst) / classes {
		pcg.Seed(seedOf("class", firstSeed+uint64(i), 0))
		dst[i*classes+rng.IntN(classes)] = 1
	}
}

func fillNormal(pcg *rand.PCG, dst []float32) {
	for len(dst) >= 2 {
		u := pcg.Uint64()
		a, b := uint32(u), uint32(u>>32)
		// Both halves lie well inside their layers in 98 of 100 draws.
		i, j := a&255, b&255
		p, q := int32(a)>>8, int32(b)>>8
		if max(p, -p) < zig.inside[i] {
			dst[0] = float32(p) * zig.scale[i]
		} else {
			dst[0] = normalSlow(pcg, a)
		}
		if max(q, -q) < zig.inside[j] {
			dst[1] = float32(q) * zig.scale[j]
		} else {
			dst[1] = normalSlow(pcg, b)
		}
		dst = dst[2:]
	}
	if len(dst) == 1 {
		dst[0] = normalSlow(pcg, uint32(pcg.Uint64()))
	}
}

// normalSlow completes one deviate from 32 random bits, drawing more as needed.
func normalSlow(pcg *rand.PCG, bits uint32) float32 {
	for {
		i, pos := bits&255, int32(bits)>>8
		if max(pos, -pos) < zig.inside[i] {
			return float32(pos) * zig.scale[i]
		}
		if i == 0 {
			return normalTail(pcg, pos < 0)
		}
		x := float64(pos) * (zig.x[i] * (1.0 / (1 << 23)))
		y := zig.f[i] + uniform(pcg)*(zig.f[i+1]-zig.f[i])
		if y < math.Exp(-0.5*x*x) {
			return float32(x)
		}
		bits = uint32(pcg.Uint64())
	}
}

// normalTail draws from beyond zigR (Marsaglia 1964).
func normalTail(pcg *rand.PCG, negative bool) float32 {
	for {
		x := -math.Log(1-uniform(pcg)) / zigR
		y := -math.Log(1 - uniform(pcg))
		if y+y >= x*x {
			if negative {
				return float32(-zigR - x)
			}
			return float32(zigR + x)
		}
	}
}

func uniform(pcg *rand.PCG) float64 { return float64(pcg.Uint64()>>11) * (1.0 / (1 << 53)) }
