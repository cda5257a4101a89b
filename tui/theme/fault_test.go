package theme_test

import (
	"math"
	"reflect"
	"regexp"
	"strconv"
	"testing"

	"innate/tui/theme"
)

// inks calls f with every ink of a theme.
func inks(t *theme.Theme, f func(name string, k theme.Ink)) {
	v := reflect.ValueOf(t).Elem()
	for i := range v.NumField() {
		switch k := v.Field(i).Interface().(type) {
		case theme.Ink:
			f(v.Type().Field(i).Name, k)
		case [theme.SeriesCount]theme.Ink:
			for _, ink := range k {
				f(v.Type().Field(i).Name, ink)
			}
		}
	}
}

// luminance is the relative one of WCAG 2.
func luminance(rgb [3]float64) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := rgb[i] / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// basic are two palettes of 16 colours, the darkest and the brightest in
// use.
var basic = map[string][16][3]float64{
	"vga": {{0, 0, 0}, {170, 0, 0}, {0, 170, 0}, {170, 85, 0}, {0, 0, 170}, {170, 0, 170}, {0, 170, 170}, {170, 170, 170},
		{85, 85, 85}, {255, 85, 85}, {85, 255, 85}, {255, 255, 85}, {85, 85, 255}, {255, 85, 255}, {85, 255, 255}, {255, 255, 255}},
	"xterm": {{0, 0, 0}, {205, 0, 0}, {0, 205, 0}, {205, 205, 0}, {0, 0, 238}, {205, 0, 205}, {0, 205, 205}, {229, 229, 229},
		{127, 127, 127}, {255, 0, 0}, {0, 255, 0}, {255, 255, 0}, {92, 92, 255}, {255, 0, 255}, {0, 255, 255}, {255, 255, 255}},
}

var (
	cubeColour  = regexp.MustCompile(`38;2;(\d+);(\d+);(\d+)`)
	basicColour = regexp.MustCompile(`[\[;]([39])([0-7])[;m]`)
)

// TestFaultLegible checks that what is written can be read: on an unknown
// background on black and on white, with 256 colours and with 16.
func TestFaultLegible(t *testing.T) {
	grounds := map[theme.Background][]float64{theme.Unknown: {0, 1}, theme.Dark: {0}, theme.Light: {1}}
	for ground, luminances := range grounds {
		th := theme.Pick("auto", theme.Look{Background: ground})
		inks(th, func(name string, k theme.Ink) {
			m := cubeColour.FindStringSubmatch(k.Render("x"))
			quiet := name == "Raw" || name == "Faint" || name == "Border" // rules and shadows
			if m == nil || name == "Banner" || name == "BannerBad" || quiet && name != "Raw" && ground != theme.Unknown {
				return
			}
			var rgb [3]float64
			for i := range rgb {
				rgb[i], _ = strconv.ParseFloat(m[i+1], 64)
			}
			want := 3.0
			switch {
			case ground == theme.Unknown && !quiet:
				want = 3.9
			case ground != theme.Unknown && name == "Raw": // branches that were left have no other
				want = 2
			}
			for _, l := range luminances {
				if c := contrast(luminance(rgb), l); c < want {
					t.Errorf("background %d: %s differs from luminance %v by %.1f, want %v", ground, name, l, c, want)
				}
			}
		})
		th = theme.Pick("auto", theme.Look{Background: ground, Basic: true})
		inks(th, func(name string, k theme.Ink) {
			s := k.Render("x")
			if cubeColour.MatchString(s) {
				t.Errorf("background %d, 16 colours: %s is %q, want one of the palette", ground, name, s)
			}
			m := basicColour.FindStringSubmatch(s)
			if m == nil {
				return
			}
			i := int(m[2][0] - '0')
			if m[1] == "9" {
				i += 8
			}
			for palette, colours := range basic {
				for _, l := range luminances {
					if c := contrast(luminance(colours[i]), l); c < 2.4 {
						t.Errorf("background %d: %s, %d of %s, differs from luminance %v by %.1f, want 2.4", ground, name, i, palette, l, c)
					}
				}
			}
		})
	}
}

// TestFaultSelection checks that the cursor row is in reverse video, which shows
// on every background and with any number of colours.
func TestFaultSelection(t *testing.T) {
	for _, name := range theme.Names() {
		for _, l := range []theme.Look{{}, {Background: theme.Dark}, {Background: theme.Light}, {Basic: true}} {
			if s := theme.Pick(name, l).Select.Render("x"); !regexp.MustCompile(`[\[;]7[;m]`).MatchString(s) {
				t.Errorf("%s %+v: %q", name, l, s)
			}
		}
	}
}
