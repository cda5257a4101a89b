package metrics

import "fmt"

// QuantizeBytes turns values of nominal range [-1, 1] into bytes as the
// reference does before it saves an image: trunc(clip(127.5 x + 128, 0, 255)),
// in float32. NaN becomes 0. Lengths must be equal.
func QuantizeBytes(dst []uint8, src []float32) {
	if len(dst) != len(src) {
		panic(fmt.Sprintf("metrics: quantize %d values into %d", len(src), len(dst)))
	}
	for i, x := range src {
		dst[i] = quantize(x)
	}
}

// Quantize reduces values to 8 bits by the rule of QuantizeBytes and scales
// them back to [-1, 1] by u/127.5 - 1, which is what a feature network gets to
// see. dst may be src; lengths must be equal. Values that come from bytes are
// unchanged.
func Quantize(dst, src []float32) {
	if len(dst) != len(src) {
		panic(fmt.Sprintf("metrics: quantize %d values into %d", len(src), len(dst)))
	}
	for i, x := range src {
		dst[i] = levels[quantize(x)]
	}
}

func quantize(x float32) uint8 {
	v := float32(x*127.5) + 128
	switch {
	case v >= 255:
		return 255
	case v >= 0:
		return uint8(v)
	}
	return 0 // below the range, or NaN
}

// levels are the 256 values that an 8-bit channel can take.
var levels = func() (t [256]float32) {
	for u := range t {
		t[u] = float32(u)/127.5 - 1
	}
	return t
}()
