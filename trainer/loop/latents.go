package loop

import (
	"image"
	"slices"

	"innate/models/precond"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/sampleio"
)

// Latents are what a network makes images from.
type Latents struct {
	Z      []float32 // [N H W C], standard normal
	Labels []float32 // [N classes], one-hot; nil for an unconditional network

	pixels, classes int // length of an image and of a label
}

// NewLatents has room for n images of a network.
func NewLatents(den *precond.Denoiser, n int) *Latents {
	cfg := den.Net.Shape()
	l := &Latents{pixels: cfg.Resolution * cfg.Resolution * cfg.Channels, classes: cfg.LabelDim}
	l.Z = make([]float32, n*l.pixels)
	if l.classes > 0 {
		l.Labels = make([]float32, n*l.classes)
	}
	return l
}

// Draw draws noise and, uniformly, classes. Every image has a generator of its
// own seed, the first firstSeed, so that it does not depend on its batch.
func (l *Latents) Draw(firstSeed uint64) {
	data.ImageNormals(firstSeed, l.pixels, l.Z)
	if l.classes > 0 {
		data.ImageLabels(firstSeed, l.classes, l.Labels)
	}
}

// DrawnClasses are the classes that Draw draws for n images; nil of an unconditional
// network.
func DrawnClasses(classes int, firstSeed uint64, n int) []int {
	if classes == 0 {
		return nil
	}
	out, label := make([]int, n), make([]float32, classes)
	for i := range out {
		data.ImageLabels(firstSeed+uint64(i), classes, label)
		out[i] = slices.Index(label, 1)
	}
	return out
}

// Range are the latents of images first to first+n, or to the last one there is.
func (l *Latents) Range(first, n int) *Latents {
	to := min(first+n, len(l.Z)/l.pixels)
	part := *l
	part.Z = l.Z[first*l.pixels : to*l.pixels]
	if l.classes > 0 {
		part.Labels = l.Labels[first*l.classes : to*l.classes]
	}
	return &part
}

// Generate makes images [N H W C], nominally in [-1, 1] and not clamped, in one
// step or in Heun steps.
func (l *Latents) Generate(s *precond.Sampler, steps int, images []float32) error {
	if steps == 1 {
		return s.OneStep(l.Z, l.Labels, images)
	}
	return s.Heun(l.Z, steps, l.Labels, images)
}

// GenerateAs makes images as a method does.
func (l *Latents) GenerateAs(s *precond.Sampler, how *method.Images, images []float32) error {
	if how.Own && how.Steps > 1 {
		return s.Ablate(l.Z, how.Den.Kind.Own(how.Steps), l.Labels, images)
	}
	return l.Generate(s, how.Steps, images)
}

// Arrangement is how a grid of samples is laid out.
type Arrangement struct {
	N, Cols int
	Classes []int // of each row; nil for an unconditional network
}

// Arrange lays out n samples of a network: in a nearly square grid, or with one
// class to a row. Such a grid has full rows and so a few samples more. Where all
// classes would make it more than five times as high as wide, it is nearly square
// and shows some of them, evenly chosen.
func Arrange(den *precond.Denoiser, n int) Arrangement {
	cols, rows := sampleio.Shape(n)
	classes := den.Net.Shape().LabelDim
	if classes == 0 {
		return Arrangement{N: n, Cols: cols}
	}
	if each := (n + classes - 1) / classes; classes <= 5*each {
		cols, rows = each, classes
	}
	a := Arrangement{N: rows * cols, Cols: cols}
	for row := range rows {
		a.Classes = append(a.Classes, row*classes/rows)
	}
	return a
}

// ArrangeClass lays out n samples of one class of a class-conditional network.
func ArrangeClass(n, class int) Arrangement {
	cols, rows := sampleio.Shape(n)
	return Arrangement{N: n, Cols: cols, Classes: slices.Repeat([]int{class}, rows)}
}

// Grid arranges images [N H W C] of a network.
func (a Arrangement) Grid(den *precond.Denoiser, images []float32) (image.Image, error) {
	side, channels := den.Net.Shape().Resolution, den.Net.Shape().Channels
	return sampleio.Grid(images, a.N, side, side, channels, a.Cols)
}

// Latents draws what the arranged samples are made from.
func (a Arrangement) Latents(den *precond.Denoiser, firstSeed uint64) *Latents {
	l := NewLatents(den, a.N)
	l.Draw(firstSeed)
	if a.Classes != nil {
		clear(l.Labels)
		for i := range a.N {
			l.Labels[i*l.classes+a.Classes[i/a.Cols]] = 1
		}
	}
	return l
}
