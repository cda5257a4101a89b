package kernels

import (
	"fmt"
	"os"
	"strings"
)

// impl is one implementation of every hot loop. Its functions get checked,
// equally long slices; lengths may be zero and have any remainder.
type impl struct {
	name string

	// Register tiles of up to mr rows by one or two vectors of vl floats.
	vl, mr             int
	dotTile, outerTile func(t *tile, rows, vectors int)

	// Tiles of depthwise convolutions, whose vectors are depthLanes channels.
	depthLanes int
	depthTile  func(t *depthTile, rows int)

	// Products of float64: tiles of doubleRows rows by two vectors of doubleLanes
	// values, and loops over four rows.
	doubleLanes, doubleRows int
	doubleTile              func(t *doubleTile)
	symmetricRows           func(t *symmetricRows)

	// The transforms of Winograd's algorithm, over lines of whole vectors.
	winograd *winogradMaps

	// Elementwise maps.
	add, sub, mul, div func(dst, a, b []float32)
	maximum            func(dst, a, b []float32)
	mulAdd             func(dst, a, b []float32)
	addScaled          func(dst, a, b []float32, c float32)
	scale, addScalar   func(dst, a []float32, c float32)
	square, sqrt, exp  func(dst, x []float32)
	sigmoid, silu      func(dst, x []float32)
	siluGrad           func(dst, x, dy []float32)
	leakyReLU          func(dst, x []float32, slope float32)
	leakyReLUGrad      func(dst, x, dy []float32, slope float32)
	relu6, gelu        func(dst, x []float32)
	relu6Grad          func(dst, y, dy []float32)
	geluGrad           func(dst, x, dy []float32)

	// Rows of channels; the coefficient slices hold one value per channel.
	affineRows          func(dst, x, scale, shift []float32)
	affineSiLURows      func(dst, x, scale, shift []float32)
	affineSiLUGradRows  func(dst, x, dy, scale, shift []float32)
	affineLeakyRows     func(dst, x, scale, shift []float32, slope float32)
	affineLeakyGradRows func(dst, x, dy, scale, shift []float32, slope float32)
	affine2Rows         func(dst, a, b, p, q, r []float32)
	addRows             func(dst, x, b []float32)
	sumRows             func(sum, x []float32)
	dotRows             func(sum, dot, a, b []float32)

	// Reductions. anyMax may lose a NaN; expSum stores e^(x−shift) and returns
	// the sum.
	sum    func(x []float32) float64
	dot    func(a, b []float32) float64
	anyMax func(x []float32) float32
	expSum func(dst, x []float32, shift float32) float32

	// Conversions from and to bfloat16, two values in a word.
	narrow func(dst, lo, hi []float32)
	widen  func(lo, hi, x []float32)

	// Optimizer.
	adam func(p, g, m, v []float32, k adamStep)
	lerp func(dst, x []float32, t float32)
}

// active is what every exported function calls. It changes only in Select.
var active *impl

// envError is what was wrong with INNATE_KERNELS.
var envError error

func init() {
	active = implementations()[0]
	if name := os.Getenv("INNATE_KERNELS"); name != "" {
		if err := Select(name); err != nil {
			envError = fmt.Errorf("INNATE_KERNELS: %w", err)
		}
	}
}

// implementations lists what this CPU can run, the fastest first.
func implementations() []*impl { return append(assembly(), &portable) }

// Active names the implementation in use: "avx512", "avx2", "neon" or "portable".
func Active() string { return active.name }

// Available names the implementations that this CPU can run, the fastest first.
func Available() []string {
	var names []string
	for _, k := range implementations() {
		names = append(names, k.name)
	}
	return names
}

// Select switches to the named implementation. Call it before any kernel runs:
// prepared objects keep the implementation that they were made under.
func Select(name string) error {
	for _, k := range implementations() {
		if k.name == name {
			active = k
			return nil
		}
	}
	return fmt.Errorf("kernels %q, want one of %s", name, strings.Join(Available(), ", "))
}

// EnvError reports an INNATE_KERNELS that names no implementation this CPU can
// run; the best one is in use then.
func EnvError() error { return envError }
