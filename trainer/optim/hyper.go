package optim

import "math"

// Hyper are the settings of one Adam step.
type Hyper struct {
	LR           float64 // learning rate, > 0
	Beta1, Beta2 float64 // decay of first and second moment, in [0, 1)
	Eps          float64 // added to the corrected root, > 0
}

// Lazy corrects h for a network that takes interval+1 steps every interval
// iterations because of a lazy regulariser (Karras et al. 2020): with
// c = interval/(interval+1) the rate becomes c*lr and the decays beta^c. An
// interval of zero or less means no regulariser and changes nothing.
func (h Hyper) Lazy(interval int) Hyper {
	if interval <= 0 {
		return h
	}
	c := float64(interval) / float64(interval+1)
	h.LR *= c
	h.Beta1 = math.Pow(h.Beta1, c)
	h.Beta2 = math.Pow(h.Beta2, c)
	return h
}
