package kernels

import "math"

// The portable loops. Every product that meets a sum is rounded by an explicit
// conversion, so that no compiler fuses the two.

func addGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func maximumGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = max(a[i], b[i])
	}
}

func subGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func mulGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func divGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] = a[i] / b[i]
	}
}

func mulAddGeneric(dst, a, b []float32) {
	for i := range dst {
		dst[i] += float32(a[i] * b[i])
	}
}

func addScaledGeneric(dst, a, b []float32, c float32) {
	for i := range dst {
		dst[i] = (a[i] + b[i]) * c
	}
}

func scaleGeneric(dst, a []float32, c float32) {
	for i := range dst {
		dst[i] = a[i] * c
	}
}

func addScalarGeneric(dst, a []float32, c float32) {
	for i := range dst {
		dst[i] = a[i] + c
	}
}

func squareGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = v * v
	}
}

func sqrtGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(math.Sqrt(float64(v)))
	}
}

func expGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = expf(v)
	}
}

func logGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(math.Log(float64(v)))
	}
}

func sigmoidGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = sigmoidf(v)
	}
}

func softplusGeneric(dst, x []float32) {
	for i, v := range x {
		// ln(1+eˣ) = max(x, 0) + ln(1+e^−|x|)
		w := float64(v)
		dst[i] = float32(math.Max(w, 0) + math.Log1p(math.Exp(-math.Abs(w))))
	}
}

func siluGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = siluf(v)
	}
}

func siluGradGeneric(dst, x, dy []float32) {
	for i, v := range x {
		dst[i] = dy[i] * siluGradf(v)
	}
}

func leakyReLUGeneric(dst, x []float32, slope float32) {
	for i, v := range x {
		dst[i] = leakyf(v, v, slope)
	}
}

func leakyReLUGradGeneric(dst, x, dy []float32, slope float32) {
	for i, v := range x {
		dst[i] = leakyf(v, dy[i], slope)
	}
}

// expf is eˣ by e^x = 2ⁿ·e^r, n = round(x/ln 2), |r| ≤ ln 2/2. Coefficients and
// the split of ln 2 are those of expf in Moshier's Cephes library.
func expf(x float32) float32 {
	switch {
	case x > 100:
		return float32(math.Inf(1))
	case x < -150:
		return 0
	case x != x:
		return x
	}
	n := float32(math.RoundToEven(float64(float32(x * expLog2e))))
	r := x - float32(n*expLn2Hi)
	r -= float32(n * expLn2Lo)
	p := float32(expC5)
	p = float32(p*r) + expC4
	p = float32(p*r) + expC3
	p = float32(p*r) + expC2
	p = float32(p*r) + expC1
	p = float32(p*r) + expC0
	p = float32(p*float32(r*r)) + r
	p += 1
	// Two factors, each a normal number, so that the last product alone
	// overflows to infinity or rounds to a subnormal.
	k := int32(n)
	half := k >> 1
	return float32(p*exp2i(half)) * exp2i(k-half)
}

// exp2i is 2ⁿ for −126 ≤ n ≤ 127.
func exp2i(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }

// Constants of the exponential, shared with the assembly generator.
const (
	expLog2e = 1.44269504088896341
	expLn2Hi = 0.693359375
	expLn2Lo = -2.12194440e-4
	expC0    = 5.0000001201e-1
	expC1    = 1.6666665459e-1
	expC2    = 4.1665795894e-2
	expC3    = 8.3334519073e-3
	expC4    = 1.3981999507e-3
	expC5    = 1.9875691500e-4
)

// sigmoidf is 1/(1+e⁻ˣ). It takes e^−|x| only, so that the small end keeps its
// relative accuracy and nothing overflows.
func sigmoidf(x float32) float32 {
	e := expf(-abs(x))
	r := 1 / (1 + e)
	if x < 0 {
		return e * r
	}
	return r
}

// siluf is x·sigmoid(x). Below −150 the sigmoid is zero; the bound keeps −Inf
// from making NaN of it.
func siluf(x float32) float32 {
	if x < -150 {
		x = -150
	}
	return x * sigmoidf(x)
}

// siluGradf is silu'(x) = s·(1 + x·(1−s)). Beyond ±150 it is 0 or 1.
func siluGradf(x float32) float32 {
	x = min(max(x, -150), 150)
	s := sigmoidf(x)
	return s * (1 + float32(x*(1-s)))
}

// leakyf is v where x > 0 and slope·v elsewhere.
func leakyf(x, v, slope float32) float32 {
	if x > 0 {
		return v
	}
	return slope * v
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }
