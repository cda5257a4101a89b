package augment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models/graph"
)

// The parts of DiffAugment's policy.
const (
	DiffColour      = "color" // brightness, saturation, contrast
	DiffTranslation = "translation"
	DiffCutout      = "cutout"
)

// How far DiffAugment goes, as shares of an image's size.
const (
	diffShift  = 0.125
	diffCutout = 0.2
)

// Diffs lists the parts of a policy.
func Diffs() []string { return []string{DiffColour, DiffTranslation, DiffCutout} }

// CheckDiff refuses a part that there is not.
func CheckDiff(policy []string) error {
	for _, part := range policy {
		if !slices.Contains(Diffs(), part) {
			return fmt.Errorf("augment: got %q, want some of %s", part, strings.Join(Diffs(), ", "))
		}
	}
	return nil
}

// Diff is DiffAugment of a batch of images in a graph.
type Diff struct {
	policy []string
	n      int
	image  graph.Shape // [H W C]
	g      *graph.Builder

	brightness, contrast, rest graph.Node // [N]: rest is 1 less the contrast
	saturation                 graph.Node // [N C C], a map of colours
	theta                      graph.Node // [N 6], shifts by whole pixels
	kept                       graph.Node // [N H W], 0 where an image is cut out
}

// NewDiff declares what is drawn for batches of n images [H W C], at first nothing.
func NewDiff(g *graph.Builder, policy []string, n int, image graph.Shape) *Diff {
	d := &Diff{policy: policy, n: n, image: image, g: g}
	if d.has(DiffColour) {
		d.brightness, d.contrast, d.rest = g.Input("brightness", n), g.Input("contrast", n), g.Input("rest", n)
		d.saturation = g.Input("saturation", n, image[2], image[2])
	}
	if d.has(DiffTranslation) {
		d.theta = g.Input("shift", n, 6)
	}
	if d.has(DiffCutout) {
		d.kept = g.Input("kept", n, image[0], image[1])
	}
	for i := range n {
		d.Set(i, Change{Saturation: 1, Contrast: 1})
	}
	return d
}

func (d *Diff) has(part string) bool { return slices.Contains(d.policy, part) }

// Forward is the augmented x [N H W C].
func (d *Diff) Forward(x graph.Node) graph.Node {
	g, s := d.g, x.Shape()
	if d.has(DiffColour) {
		x = g.AddPerSample(x, d.brightness)
		x = g.Reshape(g.MatMul(g.Reshape(x, s[0], s[1]*s[2], s[3]), d.saturation, false, true), s...)
		mean := g.Scale(g.SumPerSample(x), 1/float32(s[1]*s[2]*s[3]))
		x = g.AddPerSample(g.MulPerSample(x, d.contrast), g.Mul(mean, d.rest))
	}
	if d.has(DiffTranslation) {
		x = g.Warp(x, d.theta, s[1], s[2])
	}
	if d.has(DiffCutout) {
		x = g.MulLast(x, d.kept)
	}
	return x
}

// Change is what is done to one image. Pixel (y, x) comes from (y+ShiftY, x+ShiftX);
// the square that is cut out has its middle at (CutY, CutX).
type Change struct {
	Brightness, Saturation, Contrast float64
	ShiftY, ShiftX                   int
	Cut                              bool
	CutY, CutX                       int
}

// Draw draws a change for every image.
func (d *Diff) Draw(rng *rand.Rand) {
	h, w := d.image[0], d.image[1]
	shift := func(n int) int {
		most := rounded(diffShift, n)
		return rng.IntN(2*most+1) - most
	}
	middle := func(n int) int { return rng.IntN(n + 1 - rounded(diffCutout, n)%2) }
	for i := range d.n {
		d.Set(i, Change{
			Brightness: rng.Float64() - 0.5, Saturation: 2 * rng.Float64(), Contrast: rng.Float64() + 0.5,
			ShiftY: shift(h), ShiftX: shift(w),
			Cut: true, CutY: middle(h), CutX: middle(w),
		})
	}
}

// rounded is a share of a size, in pixels.
func rounded(share float64, n int) int { return int(share*float64(n) + 0.5) }

// Set fills the inputs of image i.
func (d *Diff) Set(i int, c Change) {
	h, w, channels := d.image[0], d.image[1], d.image[2]
	if d.has(DiffColour) {
		d.g.Data(d.brightness)[i] = float32(c.Brightness)
		d.g.Data(d.contrast)[i], d.g.Data(d.rest)[i] = float32(c.Contrast), float32(1-c.Contrast)
		m := d.g.Data(d.saturation)[i*channels*channels:][:channels*channels]
		for k := range m {
			v := (1 - c.Saturation) / float64(channels) // towards the mean of the channels
			if k%(channels+1) == 0 {
				v += c.Saturation
			}
			m[k] = float32(v)
		}
	}
	if d.has(DiffTranslation) {
		copy(d.g.Data(d.theta)[6*i:], []float32{1, 0, float32(c.ShiftX), 0, 1, float32(c.ShiftY)})
	}
	if !d.has(DiffCutout) {
		return
	}
	kept := d.g.Data(d.kept)[i*h*w:][:h*w]
	for p := range kept {
		kept[p] = 1
	}
	if !c.Cut {
		return
	}
	rows, cols := rounded(diffCutout, h), rounded(diffCutout, w)
	for y := max(0, c.CutY-rows/2); y < min(h, c.CutY-rows/2+rows); y++ {
		for x := max(0, c.CutX-cols/2); x < min(w, c.CutX-cols/2+cols); x++ {
			kept[y*w+x] = 0
		}
	}
}
