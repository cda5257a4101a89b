package metrics

import (
	"fmt"
	"math"
)

// jackknifeParts are the parts of the images of which one is left out at a time.
const jackknifeParts = 10

func init() {
	Statistics.Add("fid-inf", Statistic{Title: "FID-inf", Least: 2 * jackknifeParts, New: newInfinity})
}

func newInfinity(p *Pass) (Result, error) {
	ref, err := p.Reference()
	if err != nil {
		return nil, err
	}
	vectors := p.Vectors()
	return func() (Number, error) { return Infinity(vectors, ref) }, nil
}

// Infinity is the Fréchet distance that endlessly many images would have, and its
// standard error. A distance of n images exceeds it by about c/n (Chong & Forsyth
// 2020), so that a line in 1/n through the distances of all images and of nine tenths
// of them leads to it. As every image is left out in one of ten parts, image i in part
// i mod 10, that is the jackknife of Quenouille and Tukey, which draws nothing and
// whose pseudo-values also give the standard error. With fewer images than some
// times the dimension the excess falls less simply, and the value is still too high.
func Infinity(vectors *Rows, ref *Reference) (Number, error) {
	const k = jackknifeParts
	if vectors.N() < 2*k {
		return Number{}, fmt.Errorf("metrics: extrapolation: %d images, want at least %d, two in each part", vectors.N(), 2*k)
	}
	parts := make([]*Accumulator, k)
	for part := range parts {
		parts[part] = NewAccumulator(vectors.Width())
	}
	for i := range vectors.N() {
		parts[i%k].Add(vectors.Row(i), 1)
	}
	whole, err := distanceOf(parts, -1, ref)
	if err != nil {
		return Number{}, err
	}
	pseudo := make([]float64, k)
	for part := range pseudo {
		without, err := distanceOf(parts, part, ref)
		if err != nil {
			return Number{}, err
		}
		pseudo[part] = k*whole - (k-1)*without
	}
	mean, sd := meanSD(pseudo)
	note := fmt.Sprintf("extrapolated from %d images; SD: jackknife of %d parts", vectors.N(), k)
	if n, d := vectors.N()-vectors.N()/k, vectors.Width(); n <= d {
		note = fmt.Sprintf("biased: %d images without a part for %d dimensions; %s", n, d, note)
	}
	return Number{mean, sd / math.Sqrt(k-1), note}, nil
}

// distanceOf is the distance of all parts but one.
func distanceOf(parts []*Accumulator, but int, ref *Reference) (float64, error) {
	acc := NewAccumulator(parts[0].Dim())
	for i, part := range parts {
		if i != but {
			acc.Merge(part)
		}
	}
	s, err := acc.Stats()
	if err != nil {
		return 0, err
	}
	return ref.Distance(s)
}
