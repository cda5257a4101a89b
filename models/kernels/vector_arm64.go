//go:build arm64 && !purego

package kernels

// This file joins the assembly of *_arm64.s to the dispatch table: it tiles short rows,
// unpacks structures and finishes what whole vectors leave over.

func affineRowsTiledNEON(dst, x, scale, shift []float32) {
	var a, b [shortRow]float32
	affineRowsNEON(dst, x, tiled(&a, scale, 4), tiled(&b, shift, 4))
}

func affineSiLURowsTiledNEON(dst, x, scale, shift []float32) {
	var a, b [shortRow]float32
	affineSiLURowsNEON(dst, x, tiled(&a, scale, 4), tiled(&b, shift, 4))
}

func affineSiLUGradRowsTiledNEON(dst, x, dy, scale, shift []float32) {
	var a, b [shortRow]float32
	affineSiLUGradRowsNEON(dst, x, dy, tiled(&a, scale, 4), tiled(&b, shift, 4))
}

func affineLeakyRowsTiledNEON(dst, x, scale, shift []float32, slope float32) {
	var a, b [shortRow]float32
	affineLeakyRowsNEON(dst, x, tiled(&a, scale, 4), tiled(&b, shift, 4), slope)
}

func affineLeakyGradRowsTiledNEON(dst, x, dy, scale, shift []float32, slope float32) {
	var a, b [shortRow]float32
	affineLeakyGradRowsNEON(dst, x, dy, tiled(&a, scale, 4), tiled(&b, shift, 4), slope)
}

func affine2RowsTiledNEON(dst, x, y, p, q, r []float32) {
	var a, b, c [shortRow]float32
	affine2RowsNEON(dst, x, y, tiled(&a, p, 4), tiled(&b, q, 4), tiled(&c, r, 4))
}

func addRowsTiledNEON(dst, x, b []float32) {
	var a [shortRow]float32
	addRowsNEON(dst, x, tiled(&a, b, 4))
}

func sum64NEON(x []float32) float64 {
	return sumNEON(x) + sumGeneric(x[wholeTurns(len(x), 4):])
}

func dot64NEON(a, b []float32) float64 {
	n := wholeTurns(len(a), 4)
	return dotNEON(a, b) + dotGeneric(a[n:], b[n:])
}

func anyMaxNEON(x []float32) float32 {
	if len(x) < 4 {
		return maxGeneric(x)
	}
	return max(maxNEON(x), maxNEON(x[len(x)-4:])) // the last vector overlaps
}

func depthTileNEON(t *depthTile, rows int) {
	switch rows {
	case 1:
		depthTile1NEON(t)
	case 2:
		depthTile2NEON(t)
	case 3:
		depthTile3NEON(t)
	default:
		depthTile4NEON(t)
	}
}

var neon = impl{
	name: "neon",

	vl: 4, mr: 8,
	dotTile:    func(t *tile, rows, vectors int) { dotTilesNEON[vectors][rows](t) },
	outerTile:  func(t *tile, rows, vectors int) { outerTilesNEON[vectors][rows](t) },
	depthLanes: 4, depthTile: depthTileNEON,
	doubleLanes: 2, doubleRows: 8,
	doubleTile: doubleTileNEON, symmetricRows: symmetricRowsNEON,
	winograd: &winogradNEON,

	add: addNEON, sub: subNEON, mul: mulNEON, div: divNEON,
	maximum:   maximumNEON,
	mulAdd:    mulAddNEON,
	addScaled: addScaledNEON,
	scale:     scaleNEON, addScalar: addScalarNEON,
	narrow: narrowNEON, widen: widenNEON,
	square: func(dst, x []float32) { mulNEON(dst, x, x) }, sqrt: sqrtNEON, exp: expNEON,
	sigmoid: sigmoidNEON, silu: siluNEON,
	siluGrad:      siluGradNEON,
	leakyReLU:     leakyReLUNEON,
	leakyReLUGrad: leakyReLUGradNEON,
	relu6:         relu6NEON, relu6Grad: relu6GradNEON,
	gelu: geluNEON, geluGrad: geluGradNEON,

	affineRows:          affineRowsTiledNEON,
	affineSiLURows:      affineSiLURowsTiledNEON,
	affineSiLUGradRows:  affineSiLUGradRowsTiledNEON,
	affineLeakyRows:     affineLeakyRowsTiledNEON,
	affineLeakyGradRows: affineLeakyGradRowsTiledNEON,
	affine2Rows:         affine2RowsTiledNEON,
	addRows:             addRowsTiledNEON,
	sumRows:             func(sum, x []float32) { sumRowsNEON(sum, x, rowCount(x, sum)) },
	dotRows:             func(sum, dot, a, b []float32) { dotRowsNEON(sum, dot, a, b, rowCount(a, sum)) },

	sum: sum64NEON, dot: dot64NEON, anyMax: anyMaxNEON, expSum: expSumNEON,

	adam: func(p, g, m, v []float32, k adamStep) {
		adamNEON(p, g, m, v, k.beta1, k.beta2, k.rest1, k.rest2, k.stepSize, k.root, k.eps)
	},
	lerp: lerpNEON,
}
