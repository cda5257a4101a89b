package models

import (
	"fmt"
	"math"
)

// CheckFinite returns an error that names the first tensor with a value that is
// not finite, nil if there is none. What takes weights from elsewhere to
// compute a picture or a number asks it: what comes of NaN is rubbish that looks
// like a result.
func (s *ParamSet) CheckFinite() error {
	for _, p := range s.list {
		for i, v := range p.Data {
			if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("tensor %q: value %d of %d is %v, want finite numbers", p.Name, i, len(p.Data), v)
			}
		}
	}
	return nil
}
