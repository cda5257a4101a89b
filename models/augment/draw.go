package augment

import (
	"math"
	"math/rand/v2"

	"innate/models/graph"
)

// How far transforms go: shifts as shares of the image's size, logarithms of base 2
// of factors, as deviations or bounds.
const (
	wholeShift = 0.125 // bound
	shift      = 0.125 // deviation
	sizes      = 0.2   // deviation, of scale and of aspect
	turned     = 0.5   // probability that EDM's aspect is along a turned axis
	lightness  = 0.2   // deviation of what brightness adds
	contrasts  = 0.5   // deviation
	saturation = 1.0   // deviation
)

// drawer draws what may happen to an image. It draws as much whether or not it does.
type drawer struct {
	rng  *rand.Rand
	prob float64
}

// happens reports whether a transform of probability p is applied.
func (d drawer) happens(p float64) bool { return d.rng.Float64() < p }

// angle is uniform over the full circle.
func (d drawer) angle() float64 { return (2*d.rng.Float64() - 1) * math.Pi }

// normal and fraction are 0 where the transform is not applied.
func (d drawer) normal() float64 { return d.only(d.rng.NormFloat64(), d.prob) }

func (d drawer) only(v, p float64) float64 {
	if d.happens(p) {
		return v
	}
	return 0
}

// pair are two normal draws of one transform.
func (d drawer) pair() (x, y float64) {
	x, y = d.rng.NormFloat64(), d.rng.NormFloat64()
	if d.happens(d.prob) {
		return x, y
	}
	return 0, 0
}

func (p Policy) draw(rng *rand.Rand, prob float64, image graph.Shape) Transform {
	d := drawer{rng, prob}
	if p == EDM {
		return d.edm(image)
	}
	return Transform{Inverse: d.geometry(image), Colour: d.colours(image[2])}
}

// geometry is StyleGAN2-ADA's, from blits to shifts.
func (d drawer) geometry(image graph.Shape) Map {
	h, w := float64(image[0]), float64(image[1])
	mirror := Scale(1-2*d.only(float64(d.rng.IntN(2)), d.prob), 1)
	quarter := Rotate(math.Pi / 2 * d.only(float64(d.rng.IntN(4)), d.prob))
	x, y := (2*d.rng.Float64()-1)*wholeShift, (2*d.rng.Float64()-1)*wholeShift
	if !d.happens(d.prob) {
		x, y = 0, 0
	}
	whole := Translate(-math.Round(x*w), -math.Round(y*h))
	s := math.Exp2(-sizes * d.normal())
	// A turn comes before and after the change of aspect, so that both together are
	// as probable as any transform.
	turns := 1 - math.Sqrt(1-min(d.prob, 1))
	before := Rotate(d.only(d.angle(), turns))
	a := math.Exp2(-sizes * d.normal())
	after := Rotate(d.only(d.angle(), turns))
	x, y = d.pair()
	return product(mirror, quarter, whole, Scale(s, s), before, Scale(a, 1/a), after, Translate(-x*shift*w, -y*shift*h))
}

// colours are StyleGAN2-ADA's; grey images have neither hue nor saturation.
func (d drawer) colours(channels int) Colour {
	c := Brightness(lightness * d.normal())
	c = Contrast(math.Exp2(contrasts * d.normal())).Mul(c)
	if d.only(float64(d.rng.IntN(2)), d.prob) == 1 {
		c = LumaFlip().Mul(c)
	}
	angle, s := d.only(d.angle(), d.prob), math.Exp2(saturation*d.normal())
	if channels == 1 {
		return c
	}
	return Saturation(s).Mul(Hue(angle)).Mul(c)
}

// edm is EDM's geometry, with its labels.
func (d drawer) edm(image graph.Shape) Transform {
	always := d.prob
	if always > 0 {
		always = 1 // its multiplier is 1e8
	}
	mirrorX := d.only(float64(d.rng.IntN(2)), always)
	mirrorY := d.only(float64(d.rng.IntN(2)), d.prob)
	scale := d.normal()
	turn := d.only(d.angle(), d.prob)
	aspect, axis := d.rng.NormFloat64(), d.angle()
	aspect, axis = d.only(aspect, d.prob), d.only(axis, turned)
	x, y := d.pair()
	s, a := math.Exp2(-sizes*scale), math.Exp2(-sizes*aspect)
	return Transform{
		MirrorX: mirrorX == 1, MirrorY: mirrorY == 1, Colour: SameColour(),
		Inverse: product(Scale(s, s), Rotate(turn), Rotate(-axis), Scale(a, 1/a), Rotate(axis),
			Translate(-x*shift*float64(image[1]), -y*shift*float64(image[0]))),
		Labels: [LabelDim]float64{mirrorX, mirrorY, scale, math.Cos(turn) - 1, math.Sin(turn), aspect * math.Cos(axis), aspect * math.Sin(axis), x, y},
	}
}
