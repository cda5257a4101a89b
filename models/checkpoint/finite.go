package checkpoint

import "math"

// NotFinite counts the values of a float tensor that are NaN or infinite; a
// tensor of another type, or one read without its values, has none to count.
func (t Tensor) NotFinite() int {
	values, err := t.Float64s()
	if err != nil {
		return 0
	}
	n := 0
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			n++
		}
	}
	return n
}
