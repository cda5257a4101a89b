//go:build amd64 && !purego

package kernels

// This file joins the assembly of vector_amd64.s to the dispatch table: it tiles
// short rows, unpacks structures and finishes what whole vectors leave over.

func affineRowsTiledAVX2(dst, x, scale, shift []float32) {
	var a, b [shortRow]float32
	affineRowsAVX2(dst, x, tiled(&a, scale, 8), tiled(&b, shift, 8))
}

func affineSiLURowsTiledAVX2(dst, x, scale, shift []float32) {
	var a, b [shortRow]float32
	affineSiLURowsAVX2(dst, x, tiled(&a, scale, 8), tiled(&b, shift, 8))
}

func affineSiLUGradRowsTiledAVX2(dst, x, dy, scale, shift []float32) {
	var a, b [shortRow]float32
	affineSiLUGradRowsAVX2(dst, x, dy, tiled(&a, scale, 8), tiled(&b, shift, 8))
}

func affineLeakyRowsTiledAVX2(dst, x, scale, shift []float32, slope float32) {
	var a, b [shortRow]float32
	affineLeakyRowsAVX2(dst, x, tiled(&a, scale, 8), tiled(&b, shift, 8), slope)
}

func affineLeakyGradRowsTiledAVX2(dst, x, dy, scale, shift []float32, slope float32) {
	var a, b [shortRow]float32
	affineLeakyGradRowsAVX2(dst, x, dy, tiled(&a, scale, 8), tiled(&b, shift, 8), slope)
}

func affine2RowsTiledAVX2(dst, x, y, p, q, r []float32) {
	var a, b, c [shortRow]float32
	affine2RowsAVX2(dst, x, y, tiled(&a, p, 8), tiled(&b, q, 8), tiled(&c, r, 8))
}

func addRowsTiledAVX2(dst, x, b []float32) {
	var a [shortRow]float32
	addRowsAVX2(dst, x, tiled(&a, b, 8))
}

func affineRowsTiledAVX512(dst, x, scale, shift []float32) {
	var a, b [shortRow]float32
	affineRowsAVX512(dst, x, tiled(&a, scale, 16), tiled(&b, shift, 16))
}

func affineSiLURowsTiledAVX512(dst, x, scale, shift []float32) {
	var a, b [shortRow]float32
	affineSiLURowsAVX512(dst, x, tiled(&a, scale, 16), tiled(&b, shift, 16))
}

func affineSiLUGradRowsTiledAVX512(dst, x, dy, scale, shift []float32) {
	var a, b [shortRow]float32
	affineSiLUGradRowsAVX512(dst, x, dy, tiled(&a, scale, 16), tiled(&b, shift, 16))
}

func affineLeakyRowsTiledAVX512(dst, x, scale, shift []float32, slope float32) {
	var a, b [shortRow]float32
	affineLeakyRowsAVX512(dst, x, tiled(&a, scale, 16), tiled(&b, shift, 16), slope)
}

func affineLeakyGradRowsTiledAVX512(dst, x, dy, scale, shift []float32, slope float32) {
	var a, b [shortRow]float32
	affineLeakyGradRowsAVX512(dst, x, dy, tiled(&a, scale, 16), tiled(&b, shift, 16), slope)
}

func affine2RowsTiledAVX512(dst, x, y, p, q, r []float32) {
	var a, b, c [shortRow]float32
	affine2RowsAVX512(dst, x, y, tiled(&a, p, 16), tiled(&b, q, 16), tiled(&c, r, 16))
}

func addRowsTiledAVX512(dst, x, b []float32) {
	var a [shortRow]float32
	addRowsAVX512(dst, x, tiled(&a, b, 16))
}

func sum64AVX2(x []float32) float64 {
	return sumAVX2(x) + sumGeneric(x[wholeTurns(len(x), 8):])
}

func sum64AVX512(x []float32) float64 {
	return sumAVX512(x) + sumGeneric(x[wholeTurns(len(x), 16):])
}

func dot64AVX2(a, b []float32) float64 {
	n := wholeTurns(len(a), 8)
	return dotAVX2(a, b) + dotGeneric(a[n:], b[n:])
}

func dot64AVX512(a, b []float32) float64 {
	n := wholeTurns(len(a), 16)
	return dotAVX512(a, b) + dotGeneric(a[n:], b[n:])
}

func anyMaxAVX2(x []float32) float32 {
	if len(x) < 8 {
		return maxGeneric(x)
	}
	return max(maxAVX2(x), maxAVX2(x[len(x)-8:])) // the last vector overlaps
}

func anyMaxAVX512(x []float32) float32 {
	if len(x) < 16 {
		return maxGeneric(x)
	}
	return max(maxAVX512(x), maxAVX512(x[len(x)-16:]))
}

var avx2 = impl{
	name: "avx2",

	vl: 8, mr: 6,
	dotTile:    func(t *tile, rows, vectors int) { dotTilesAVX2[vectors][rows](t) },
	outerTile:  func(t *tile, rows, vectors int) { outerTilesAVX2[vectors][rows](t) },
	depthLanes: 8, depthTile: depthTileAVX2,
	doubleLanes: 4, doubleRows: 6,
	doubleTile: doubleTileOfAVX2, symmetricRows: symmetricRowsOfAVX2,
	winograd: &winogradAVX2,

	add: addAVX2, sub: subAVX2, mul: mulAVX2, div: divAVX2,
	maximum:   maximumAVX2,
	mulAdd:    mulAddAVX2,
	addScaled: addScaledAVX2,
	scale:     scaleAVX2, addScalar: addScalarAVX2,
	narrow: narrowAVX2, widen: widenAVX2,
	square: func(dst, x []float32) { mulAVX2(dst, x, x) }, sqrt: sqrtAVX2, exp: expAVX2,
	sigmoid: sigmoidAVX2, silu: siluAVX2,
	siluGrad:      siluGradAVX2,
	leakyReLU:     leakyReLUAVX2,
	leakyReLUGrad: leakyReLUGradAVX2,
	relu6:         relu6AVX2, relu6Grad: relu6GradAVX2,
	gelu: geluAVX2, geluGrad: geluGradAVX2,

	affineRows:          affineRowsTiledAVX2,
	affineSiLURows:      affineSiLURowsTiledAVX2,
	affineSiLUGradRows:  affineSiLUGradRowsTiledAVX2,
	affineLeakyRows:     affineLeakyRowsTiledAVX2,
	affineLeakyGradRows: affineLeakyGradRowsTiledAVX2,
	affine2Rows:         affine2RowsTiledAVX2,
	addRows:             addRowsTiledAVX2,
	sumRows:             func(sum, x []float32) { sumRowsAVX2(sum, x, rowCount(x, sum)) },
	dotRows:             func(sum, dot, a, b []float32) { dotRowsAVX2(sum, dot, a, b, rowCount(a, sum)) },

	sum: sum64AVX2, dot: dot64AVX2, anyMax: anyMaxAVX2, expSum: expSumAVX2,

	adam: func(p, g, m, v []float32, k adamStep) {
		adamAVX2(p, g, m, v, k.beta1, k.beta2, k.rest1, k.rest2, k.stepSize, k.root, k.eps)
	},
	lerp: lerpAVX2,
}

var avx512 = impl{
	name: "avx512",

	vl: 16, mr: 14,
	dotTile:    func(t *tile, rows, vectors int) { dotTilesAVX512[vectors][rows](t) },
	outerTile:  func(t *tile, rows, vectors int) { outerTilesAVX512[vectors][rows](t) },
	depthLanes: 16, depthTile: depthTileAVX512,
	doubleLanes: 8, doubleRows: 14,
	doubleTile: doubleTileOfAVX512, symmetricRows: symmetricRowsOfAVX512,
	winograd: &winogradAVX512,

	add: addAVX512, sub: subAVX512, mul: mulAVX512, div: divAVX512,
	maximum:   maximumAVX512,
	mulAdd:    mulAddAVX512,
	addScaled: addScaledAVX512,
	scale:     scaleAVX512, addScalar: addScalarAVX512,
	narrow: narrowAVX512, widen: widenAVX512,
	square: func(dst, x []float32) { mulAVX512(dst, x, x) }, sqrt: sqrtAVX512, exp: expAVX512,
	sigmoid: sigmoidAVX512, silu: siluAVX512,
	siluGrad:      siluGradAVX512,
	leakyReLU:     leakyReLUAVX512,
	leakyReLUGrad: leakyReLUGradAVX512,
	relu6:         relu6AVX512, relu6Grad: relu6GradAVX512,
	gelu: geluAVX512, geluGrad: geluGradAVX512,

	affineRows:          affineRowsTiledAVX512,
	affineSiLURows:      affineSiLURowsTiledAVX512,
	affineSiLUGradRows:  affineSiLUGradRowsTiledAVX512,
	affineLeakyRows:     affineLeakyRowsTiledAVX512,
	affineLeakyGradRows: affineLeakyGradRowsTiledAVX512,
	affine2Rows:         affine2RowsTiledAVX512,
	addRows:             addRowsTiledAVX512,
	sumRows:             func(sum, x []float32) { sumRowsAVX512(sum, x, rowCount(x, sum)) },
	dotRows:             func(sum, dot, a, b []float32) { dotRowsAVX512(sum, dot, a, b, rowCount(a, sum)) },

	sum: sum64AVX512, dot: dot64AVX512, anyMax: anyMaxAVX512, expSum: expSumAVX512,

	adam: func(p, g, m, v []float32, k adamStep) {
		adamAVX512(p, g, m, v, k.beta1, k.beta2, k.rest1, k.rest2, k.stepSize, k.root, k.eps)
	},
	lerp: lerpAVX512,
}
