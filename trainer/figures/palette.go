package figures

import (
	"image/color"
	"math"
)

// palette goes from dark violet over green to pale yellow with a lightness that rises
// evenly for the eye: straight in L of OKLab (Ottosson 2020), so that it keeps its
// order in grey and for those who see few hues.
var palette = func() (p [256]color.RGBA) {
	for i := range p {
		t := float64(i) / 255
		hue := (300 - 200*t) * math.Pi / 180
		p[i] = fromOKLab(0.25+0.7*t, 0.11, hue)
	}
	return p
}()

// Colour is that of a share in [0, 1]; grey for NaN.
func Colour(share float64) color.RGBA {
	if math.IsNaN(share) {
		return color.RGBA{128, 128, 128, 255}
	}
	return palette[int(math.Round(255*min(max(share, 0), 1)))]
}

// fromOKLab is the sRGB colour of a lightness, a chroma and a hue in radians, cut off
// at the gamut.
func fromOKLab(lightness, chroma, hue float64) color.RGBA {
	a, b := chroma*math.Cos(hue), chroma*math.Sin(hue)
	cube := func(x float64) float64 { return x * x * x }
	l := cube(lightness + 0.3963377774*a + 0.2158037573*b)
	m := cube(lightness - 0.1055613458*a - 0.0638541728*b)
	s := cube(lightness - 0.0894841775*a - 1.2914855480*b)
	level := func(linear float64) uint8 {
		linear = min(max(linear, 0), 1)
		v := 12.92 * linear
		if linear > 0.0031308 {
			v = 1.055*math.Pow(linear, 1/2.4) - 0.055
		}
		return uint8(math.Round(255 * v))
	}
	return color.RGBA{
		level(4.0767416621*l - 3.3077115913*m + 0.2309699292*s),
		level(-1.2684380046*l + 2.6097574011*m - 0.3413193965*s),
		level(-0.0041960863*l - 0.7034186147*m + 1.7076147010*s),
		255,
	}
}
