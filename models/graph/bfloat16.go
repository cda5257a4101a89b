package graph

// What keeps values in half the memory. Neither has a gradient: a plan puts them where
// gradients read (Keeping), behind all differentiation.
var (
	// OpToBFloat16: x to its values rounded to bfloat16, to the nearest and ties to
	// even. No operation but OpToFloat32 reads them, and they are no result: how they
	// lie is the device's business.
	OpToBFloat16 = register(&Def{Name: "to_bfloat16", Shape: sameShape})

	// OpToFloat32: what OpToBFloat16 has made to float32.
	OpToFloat32 = register(&Def{Name: "to_float32", Shape: sameShape})
)

// RoundBFloat16 is x rounded to bfloat16.
func (g *Builder) RoundBFloat16(x Node) Node {
	return g.Apply(OpToFloat32, nil, g.Apply(OpToBFloat16, nil, x))
}
