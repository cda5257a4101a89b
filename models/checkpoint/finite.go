package checkpoint

import "math"

// finiteBlock is how many values NotFinite widens at once.
const finiteBlock = 1 << 16

// NotFinite counts the values of a float tensor that are NaN or infinite; a
// tensor of another type has none to count.
func (t Tensor) NotFinite() (int, error) {
	width := t.DType.Size()
	raw, err := t.Raw()
	if err != nil || width == 0 {
		return 0, err
	}
	n := 0
	for left := t.Count(); left > 0; {
		block := Tensor{DType: t.DType, Shape: []int{min(left, finiteBlock)}}
		block.raw = raw[:block.Shape[0]*width]
		raw = raw[len(block.raw):]
		left -= block.Shape[0]
		values, err := block.Float64s()
		if err != nil {
			return 0, nil // of integers
		}
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				n++
			}
		}
	}
	return n, nil
}
