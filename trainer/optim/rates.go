package optim

import "innate/models"

// Rates are factors of the learning rate. Of the patterns that match a parameter the
// last one counts.
type Rates []Rate

// Rate is the factor of the parameters that a pattern of models.Match matches.
type Rate struct {
	Pattern string
	Factor  float64 // in (0, 1]
}

// Resolve returns the factors of the named parameters, of those that have another than
// 1. A pattern that matches nothing is an error.
func (r Rates) Resolve(names []string) (map[string]float64, error) {
	factors := map[string]float64{}
	for _, rate := range r {
		hits, err := models.Match(names, rate.Pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range hits {
			if factors[name] = rate.Factor; rate.Factor == 1 {
				delete(factors, name)
			}
		}
	}
	return factors, nil
}

// SetRates gives parameters factors of the learning rate, by name, and all others 1,
// in this and all later bindings of the optimizer. With none at all a step is what it
// is without this call, bit for bit; a factor of 1 is exact, too.
func (b *Binding) SetRates(factors map[string]float64) {
	b.adam.rated = len(factors) > 0
	for _, s := range b.adam.slots {
		s.factor = 1
		if f, ok := factors[s.param.Name]; ok {
			s.factor = f
		}
	}
}
