package kernels_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"innate/models/kernels"
)

type shape = kernels.ConvShape

// convShapes covers every square kernel up to 5, long ones both ways, both strides, paddings from none to more
// than the kernel, odd and even sizes, and channel counts around the vector
// lengths; the quickest first, so that a slow machine shows a fault soon.
func convShapes() []shape {
	shapes := []shape{
		{1, 1, 1, 1, 1, 1, 1, 0, 0},
		{1, 1, 1, 1, 1, 1, 2, 1, 0},
		{1, 1, 1, 2, 3, 3, 1, 1, 0},
		{3, 28, 28, 1, 16, 3, 1, 1, 0},
		{3, 28, 28, 16, 1, 3, 1, 1, 0},
		{1, 28, 28, 16, 16, 3, 1, 1, 0},
		{5, 14, 14, 32, 16, 3, 1, 1, 0},
		{9, 7, 7, 64, 32, 3, 1, 1, 0},
		{70, 3, 3, 8, 8, 3, 1, 1, 0},
		{17, 8, 8, 24, 40, 4, 2, 1, 0},
		{20, 4, 4, 33, 31, 3, 1, 1, 0},
		{2, 9, 13, 7, 17, 5, 2, 2, 0},
		{40, 2, 2, 8, 8, 1, 1, 0, 0},
		{1, 33, 70, 48, 20, 3, 2, 1, 0},
		{1, 70, 20, 64, 9, 3, 1, 1, 0},
		{3, 30, 30, 4, 16, 3, 1, 0, 0},
		{2, 9, 6, 19, 1, 3, 1, 0, 0},
		{2, 9, 6, 19, 2, 3, 1, 2, 0},
		{1, 9, 6, 32, 3, 3, 1, 1, 0},
		{1, 3, 2, 32, 3, 5, 1, 4, 0},
		{20, 4, 4, 24, 1, 2, 1, 1, 0},
		{2, 12, 11, 1, 19, 4, 1, 2, 0},
		{1, 1, 1, 32, 1, 5, 1, 2, 0},
		{2, 6, 6, 1, 32, 3, 1, 4, 0},
		{1, 2, 2, 32, 1, 5, 1, 4, 0},
		{2, 5, 6, 3, 32, 3, 1, 0, 0},
		{1, 90, 40, 16, 2, 3, 1, 1, 0},
		{2, 6, 6, 5, 6, 3, 1, 4, 0},
		{2, 5, 6, 5, 6, 2, 2, 3, 0},
		{3, 7, 5, 70, 66, 1, 1, 0, 0},
		{2, 11, 7, 16, 32, 3, 1, 1, 0},
		{5, 5, 6, 48, 16, 3, 1, 0, 0},
		{1, 4, 9, 16, 16, 3, 1, 2, 0},
		{19, 4, 4, 16, 48, 3, 1, 1, 0},
		{1, 8, 8, 144, 80, 3, 1, 1, 0},
		{3, 1, 1, 16, 16, 3, 1, 1, 0},
		{25, 16, 15, 16, 16, 3, 1, 1, 0}, // enough tiles for several groups
		{3, 13, 5, 16, 112, 3, 1, 1, 0},
		{3, 7, 5, 12, 10, 1, 2, 0, 0},
		{3, 8, 8, 16, 32, 4, 2, 1, 0},
		{2, 9, 7, 32, 16, 4, 2, 1, 0},
		{5, 16, 15, 16, 48, 4, 2, 2, 0},
		{1, 4, 4, 48, 16, 4, 2, 0, 0},
		{24, 11, 16, 16, 16, 4, 2, 1, 0},
		{2, 2, 3, 16, 16, 4, 2, 1, 0},
	}
	shapes = append(shapes,
		shape{2, 17, 17, 16, 24, 1, 1, 0, 6}, shape{2, 17, 17, 24, 16, 7, 1, 3, -6},
		shape{1, 8, 8, 40, 32, 1, 1, 0, 2}, shape{1, 8, 8, 32, 40, 3, 1, 1, -2},
		shape{3, 4, 9, 3, 2, 7, 2, 4, -4}, shape{3, 9, 4, 1, 19, 2, 2, 0, 4}, shape{2, 8, 8, 17, 1, 7, 1, 3, 0},
		shape{1, 5, 6, 8, 8, 1, 1, 1, 4}, shape{2, 6, 5, 8, 8, 3, 1, 1, 4}, shape{2, 6, 5, 8, 8, 1, 1, 2, 0},
	)
	for k := 1; k <= 5; k++ {
		for stride := 1; stride <= 2; stride++ {
			for pad := 0; pad <= 2; pad++ {
				shapes = append(shapes, shape{2, 6, 7, 3, 18, k, stride, pad, 0})
			}
		}
	}
	slices.SortStableFunc(shapes, func(a, b shape) int { return products(a) - products(b) })
	return shapes
}

// products is how many a convolution has, those with padding included.
func products(s shape) int {
	oh, ow := s.Out()
	return s.N * oh * ow * s.Ci * s.Co * s.K * (s.K + s.Wide)
}

// visit calls f for every product y[yi] += x[xi]·w[wi] of a convolution.
func visit(s shape, f func(xi, wi, yi int)) {
	oh, ow := s.Out()
	for n := range s.N {
		for h := range oh {
			for w := range ow {
				for r := range s.K {
					for c := range s.K + s.Wide {
						ih, iw := h*s.Stride+r-s.Pad, w*s.Stride+c-s.Pad-s.Wide/2
						if ih < 0 || iw < 0 || ih >= s.H || iw >= s.W {
							continue
						}
						for o := range s.Co {
							for i := range s.Ci {
								f(((n*s.H+ih)*s.W+iw)*s.Ci+i,
									((o*s.Ci+i)*s.K+r)*(s.K+s.Wide)+c,
									((n*oh+h)*ow+w)*s.Co+o)
							}
						}
					}
				}
			}
		}
	}
}

// near compares sums of products with their float64 value. A sum of n products
// of values in [-1, 1), in any order, is off by at most n·ε·Σ|products|; random
// signs leave about the root of that. Winograd's F(4×4, 3×3) has four times the
// error, and an output shares that of its tile.
func near(t *testing.T, what string, got []float32, want, size []float64, tile int) {
	t.Helper()
	most := slices.Max(size)
	for i := range want {
		tol := 4e-7*size[i] + 1e-6
		if tile == 4 {
			tol = 4e-7*(size[i]+most) + 4e-6
		}
		if d := math.Abs(float64(got[i]) - want[i]); !(d <= tol) {
			t.Fatalf("%s[%d] = %v, want %v (off by %.3g, tolerance %.3g)", what, i, got[i], want[i], d, tol)
		}
	}
}

func TestConv(t *testing.T) {
	ps := pools(t)
	for _, s := range convShapes() {
		testConv(t, ps, s)
	}
}

// Shapes that nobody thought of.
func TestConvRandomShapes(t *testing.T) {
	ps := pools(t)[1:2]
	rng := newRand(5)
	for range 150 {
		s := shape{
			N: 1 + rng.IntN(4), H: 1 + rng.IntN(9), W: 1 + rng.IntN(20), Ci: 1 + rng.IntN(35), Co: 1 + rng.IntN(35),
			K: 1 + rng.IntN(5), Stride: 1 + rng.IntN(2), Pad: rng.IntN(6),
		}
		if rng.IntN(3) == 0 {
			s.Co = 1 + rng.IntN(3)
		}
		if rng.IntN(3) == 0 {
			s.Ci = 1 + rng.IntN(3)
		}
		if rng.IntN(3) == 0 {
			s.Wide = max(2*(rng.IntN(5)-2), 2*((1-s.K)/2), -2*s.Pad)
		}
		if s.K <= s.H+2*s.Pad && s.K+s.Wide <= min(7, s.W+2*s.Pad+s.Wide) {
			testConv(t, ps, s)
		}
	}
}

// testConv compares the three directions with float64 sums, on every
// implementation, and the bits across numbers of threads.
func testConv(t *testing.T, ps []*kernels.Pool, s shape) {
	rng := newRand(1)
	oh, ow := s.Out()
	x, w := random(rng, s.N*s.H*s.W*s.Ci), random(rng, s.Co*s.Ci*s.K*(s.K+s.Wide))
	dy, bias := random(rng, s.N*oh*ow*s.Co), random(rng, s.Co)
	var y64, ySize, dx64, dxSize, dw64, dwSize []float64
	exact := sync.OnceFunc(func() { // when a test runs: most of the time is here
		y64, ySize = make([]float64, len(dy)), make([]float64, len(dy))
		dx64, dxSize = make([]float64, len(x)), make([]float64, len(x))
		dw64, dwSize = make([]float64, len(w)), make([]float64, len(w))
		for i := range y64 {
			y64[i] = float64(bias[i%s.Co])
		}
		visit(s, func(xi, wi, yi int) {
			a, b, c := float64(x[xi]), float64(w[wi]), float64(dy[yi])
			y64[yi] += a * b
			ySize[yi] += math.Abs(a * b)
			dx64[xi] += b * c
			dxSize[xi] += math.Abs(b * c)
			dw64[wi] += a * c
			dwSize[wi] += math.Abs(a * c)
		})
	})
	eachConv(t, s, func(t *testing.T, tile int) {
		t.Run(fmt.Sprintf("%+v F(%d)", s, tile), func(t *testing.T) {
			exact()
			var first [4][]float32
			for _, p := range ps {
				var shared []float32
				fwd := prepared(&shared, func(m *kernels.Region) *kernels.ConvForward { return kernels.NewConvForward(p, s, m, nil) })
				gradX := prepared(&shared, func(m *kernels.Region) *kernels.ConvGradInput { return kernels.NewConvGradInput(p, s, m, nil) })
				gradW := prepared(&shared, func(m *kernels.Region) *kernels.ConvGradWeight { return kernels.NewConvGradWeight(p, s, m) })
				var out [4][]float32
				for range 2 { // scratch is first what prepared leaves, then what the others do
					out = [4][]float32{garbage(len(dy)), garbage(len(x)), garbage(len(w)), garbage(len(dy))}
					fwd.Run(x, w, bias, out[0])
					fwd.Run(x, w, nil, out[3])
					gradX.Run(dy, w, out[1])
					gradW.Run(x, dy, out[2])
				}
				checkKept(t, p, s, x, w, dy, out[3], out[1])
				for i := range out[3] {
					out[3][i] += bias[i%s.Co]
				}
				near(t, "y", out[0], y64, ySize, tile)
				near(t, "y without bias + bias", out[3], y64, ySize, tile)
				near(t, "dx", out[1], dx64, dxSize, tile)
				near(t, "dw", out[2], dw64, dwSize, tile)
				for i := range out {
					if p == ps[0] {
						first[i] = out[i]
					} else if !slices.Equal(first[i], out[i]) {
						t.Fatalf("result %d differs between 1 and %d threads", i, p.Threads())
					}
				}
			}
		})
	})
}

// checkKept holds runs that keep their weight packed against others, to the bit, and
// has one follow a change.
func checkKept(t *testing.T, p *kernels.Pool, s shape, x, w, dy, y, dx []float32) {
	t.Helper()
	forward, grad := kernels.PackingOf(s, false).Keep(nil), kernels.PackingOf(s, true).Keep(nil)
	fwd, gradX := kernels.NewConvForward(p, s, nil, forward), kernels.NewConvGradInput(p, s, nil, grad)
	other := make([]float32, len(w))
	for i, w := range [][]float32{other, w, other} {
		if i < 2 { // the last is not looked at
			forward.Changed()
			grad.Changed()
		}
		gotY, gotDx := garbage(len(y)), garbage(len(dx))
		fwd.Run(x, w, nil, gotY)
		gradX.Run(dy, w, gotDx)
		if i > 0 && !(slices.Equal(gotY, y) && slices.Equal(gotDx, dx)) {
			t.Errorf("run %d with a weight that is kept differs", i)
		}
	}
}

// eachConv runs a test on every implementation, by the definition and by every form
// of Winograd's algorithm that applies to s; tile is its m, or 0.
func eachConv(t *testing.T, s shape, f func(t *testing.T, tile int)) {
	defer kernels.SetConvMode("")
	eachImpl(t, func(t *testing.T) {
		for _, mode := range []string{"direct", "f2", "f4"} {
			kernels.SetConvMode(mode)
			if tile := kernels.WinogradTile(s); tile > 0 || mode == "direct" {
				f(t, tile)
			}
		}
	})
}

// The choice between the algorithms follows the shape.
func TestWinogradChoice(t *testing.T) {
	if kernels.Active() == "portable" || os.Getenv("INNATE_CONV") != "" {
		t.Skip("for whole vectors of assembly, and no mode")
	}
	for _, test := range []struct {
		s    shape
		want int
	}{
		{shape{64, 28, 28, 16, 16, 3, 1, 1, 0}, 4},
		{shape{64, 28, 28, 64, 64, 3, 1, 1, 0}, 4},
		{shape{64, 7, 7, 64, 64, 3, 1, 1, 0}, 4},
		{shape{8, 32, 32, 256, 256, 3, 1, 1, 0}, 4},
		{shape{64, 2, 2, 64, 64, 3, 1, 1, 0}, 2},   // a quarter of a 4×4 tile
		{shape{1, 4, 4, 256, 256, 3, 1, 1, 0}, 4},  // as for any number of images
		{shape{64, 28, 28, 32, 32, 3, 2, 1, 0}, 0}, // stride
		{shape{64, 28, 28, 32, 32, 1, 1, 0, 0}, 0}, // kernel
		{shape{64, 8, 8, 64, 64, 4, 2, 1, 0}, 4},   // halves the image
		{shape{64, 28, 28, 1, 32, 3, 1, 1, 0}, 0},  // part of a vector
		{shape{64, 28, 28, 32, 33, 3, 1, 1, 0}, 0}, // likewise
		{shape{64, 28, 28, 32, 32, 3, 1, 4, 0}, 0}, // more padding than a tile knows
	} {
		if got := kernels.WinogradTile(test.s); got != test.want {
			t.Errorf("%+v: F(%d), want %d", test.s, got, test.want)
		}
	}
}

func TestConvMisuse(t *testing.T) {
	p := kernels.NewPool(1)
	defer p.Close()
	f := kernels.NewConvForward(p, shape{1, 4, 4, 2, 3, 3, 1, 1, 0}, nil, nil)
	for name, call := range map[string]func(){
		"kernel of 8":           func() { kernels.NewConvForward(p, shape{1, 8, 8, 1, 1, 8, 1, 1, 0}, nil, nil) },
		"kernel of 0 columns":   func() { kernels.NewConvForward(p, shape{1, 8, 8, 1, 1, 2, 1, 1, -2}, nil, nil) },
		"odd Wide":              func() { kernels.NewConvForward(p, shape{1, 8, 8, 1, 1, 3, 1, 1, 1}, nil, nil) },
		"less than no padding":  func() { kernels.NewConvForward(p, shape{1, 8, 8, 1, 1, 5, 1, 0, -2}, nil, nil) },
		"stride of 3":           func() { kernels.NewConvGradInput(p, shape{1, 8, 8, 1, 1, 3, 3, 1, 0}, nil, nil) },
		"no channel":            func() { kernels.NewConvGradWeight(p, shape{1, 8, 8, 0, 1, 3, 1, 1, 0}, nil) },
		"kernel over the image": func() { kernels.NewConvForward(p, shape{1, 2, 8, 1, 1, 3, 1, 0, 0}, nil, nil) },
		"length of x":           func() { f.Run(make([]float32, 31), make([]float32, 54), nil, make([]float32, 48)) },
		"length of bias":        func() { f.Run(make([]float32, 32), make([]float32, 54), make([]float32, 2), make([]float32, 48)) },
		"empty product":         func() { kernels.NewGemm(p, 1, 0, 2, 3, false, false, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

// garbage is a result buffer whose old contents would show.
func garbage(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(math.NaN())
	}
	return x
}
