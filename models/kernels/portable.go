package kernels

// portable is the implementation in Go.
var portable = impl{
	name: "portable",

	vl: genericLanes, mr: genericRows,
	dotTile: dotTileGeneric, outerTile: outerTileGeneric,
	depthLanes: 1, depthTile: depthTileGeneric,
	doubleLanes: genericLanes64, doubleRows: genericRows64,
	doubleTile: doubleTileGeneric, symmetricRows: symmetricRowsGeneric,
	winograd: &winogradGeneric,

	add: addGeneric, sub: subGeneric, mul: mulGeneric, div: divGeneric,
	maximum:   maximumGeneric,
	mulAdd:    mulAddGeneric,
	addScaled: addScaledGeneric,
	scale:     scaleGeneric, addScalar: addScalarGeneric,
	narrow: narrowGeneric, widen: widenGeneric,
	square: squareGeneric, sqrt: sqrtGeneric, exp: expGeneric,
	sigmoid: sigmoidGeneric, silu: siluGeneric,
	siluGrad:      siluGradGeneric,
	leakyReLU:     leakyReLUGeneric,
	leakyReLUGrad: leakyReLUGradGeneric,
	relu6:         relu6Generic, relu6Grad: relu6GradGeneric,
	gelu: geluGeneric, geluGrad: geluGradGeneric,

	affineRows:          affineRowsGeneric,
	affineSiLURows:      affineSiLURowsGeneric,
	affineSiLUGradRows:  affineSiLUGradRowsGeneric,
	affineLeakyRows:     affineLeakyRowsGeneric,
	affineLeakyGradRows: affineLeakyGradRowsGeneric,
	affine2Rows:         affine2RowsGeneric,
	addRows:             addRowsGeneric,
	sumRows:             sumRowsGeneric,
	dotRows:             dotRowsGeneric,

	sum: sumGeneric, dot: dotGeneric, anyMax: maxGeneric,
	expSum: expSumGeneric,

	adam: adamGeneric, lerp: lerpGeneric,
}
