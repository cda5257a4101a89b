package augment

import "math"

// Map is the affine map (x, y) to (m0·x + m1·y + m2, m3·x + m4·y + m5).
type Map [6]float64

// Translate moves by (x, y).
func Translate(x, y float64) Map { return Map{1, 0, x, 0, 1, y} }

// Scale multiplies both coordinates.
func Scale(x, y float64) Map { return Map{x, 0, 0, 0, y, 0} }

// Rotate turns by an angle, from x towards y.
func Rotate(angle float64) Map {
	sin, cos := math.Sincos(angle)
	return Map{cos, -sin, 0, sin, cos, 0}
}

// Mul is m after o: the matrix product m·o.
func (m Map) Mul(o Map) Map {
	row := func(a, b, c float64) (x, y, z float64) {
		return a*o[0] + b*o[3], a*o[1] + b*o[4], a*o[2] + b*o[5] + c
	}
	var p Map
	p[0], p[1], p[2] = row(m[0], m[1], m[2])
	p[3], p[4], p[5] = row(m[3], m[4], m[5])
	return p
}

// product is that of the maps in the order of matrices.
func product(maps ...Map) Map {
	p := Scale(1, 1)
	for _, m := range maps {
		p = p.Mul(m)
	}
	return p
}

// Colour is an affine map of colours (red, green, blue), by rows of a 3x4 matrix.
type Colour [12]float64

// SameColour changes nothing.
func SameColour() Colour { return Contrast(1) }

// Brightness adds b to all colours.
func Brightness(b float64) Colour { return Colour{1, 0, 0, b, 0, 1, 0, b, 0, 0, 1, b} }

// Contrast multiplies all colours by c.
func Contrast(c float64) Colour { return Colour{c, 0, 0, 0, 0, c, 0, 0, 0, 0, c, 0} }

// LumaFlip mirrors brightness and leaves hues.
func LumaFlip() Colour { return aboutGrey(-1, 1) }

// Saturation multiplies distances from grey by s.
func Saturation(s float64) Colour { return aboutGrey(1, s) }

// aboutGrey multiplies the part of a colour along the axis of grey, and the rest.
func aboutGrey(along, across float64) Colour {
	var c Colour
	for i := range 3 {
		for j := range 3 {
			c[4*i+j] = (along - across) / 3
			if i == j {
				c[4*i+j] += across
			}
		}
	}
	return c
}

// Hue turns colours about the axis of grey (Rodrigues' formula).
func Hue(angle float64) Colour {
	sin, cos := math.Sincos(angle)
	c := aboutGrey(1, cos)
	sin /= math.Sqrt(3)
	for i := range 3 {
		c[4*i+(i+1)%3] -= sin
		c[4*i+(i+2)%3] += sin
	}
	return c
}

// Mul is c after o.
func (c Colour) Mul(o Colour) Colour {
	var p Colour
	for i := range 3 {
		for j := range 4 {
			for k := range 3 {
				p[4*i+j] += c[4*i+k] * o[4*k+j]
			}
		}
		p[4*i+3] += c[4*i+3]
	}
	return p
}

// grey is what a map makes of an image of one channel: the mean over its rows.
func (c Colour) grey() (factor, shift float64) {
	for i := range 3 {
		factor += (c[4*i] + c[4*i+1] + c[4*i+2]) / 3
		shift += c[4*i+3] / 3
	}
	return factor, shift
}
