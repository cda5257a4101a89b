// Package resize changes the size of images to the bit as Pillow does, by which
// the data sets of the papers were made and images are prepared for feature networks.
// Another filter, or the same one rounded elsewhere, gives other images, and FID tells
// them apart.
//
// Pillow filters the rows first, rounds to bytes, and then the columns, each with
// weights of 22 bits after the point. When it shrinks, a filter grows with the factor.
// This is Pillow up to 12: 13 takes the columns first at some sizes, such as ones that
// shrink an image in height and enlarge it in width, and differs there by some levels.
package resize

import (
	"fmt"
	"math"
)

// Filter is the kernel of a resampling: a weight for each distance, up to a support.
type Filter struct {
	support float64
	weight  func(x float64) float64
}

// The filters, by Pillow's names.
var (
	Box     = Filter{0.5, box}
	Bicubic = Filter{2, bicubic}
	Lanczos = Filter{3, lanczos}
)

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

// bicubic is the cubic convolution of Keys 1981 with a = -1/2.
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	switch {
	case x < 1:
		return float64((float64((a+2)*x)-(a+3))*x*x) + 1
	case x < 2:
		return (float64((float64((x-5)*x)+8)*x) - 4) * a
	}
	return 0
}

// lanczos is the sinc, windowed by a wider one that ends at 3.
func lanczos(x float64) float64 {
	if x < -3 || x >= 3 {
		return 0
	}
	return float64(sinc(x) * sinc(x/3))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// precision is how many bits of a weight lie after the point: a sum of weighted bytes,
// which may be twice too large, and its sign then fit in 32 bits.
const precision = 32 - 8 - 2

// taps are what one value of the output is made of: those of the input from first on,
// each times a weight.
type taps struct {
	first   int
	weights []int32
}

// tapsOf are the weights of every value of an axis as whole numbers.
func tapsOf(f Filter, from, to int) []taps {
	all := make([]taps, to)
	for i, real := range weightsOf(f, from, to) {
		all[i] = taps{real.first, make([]int32, len(real.weights))}
		for j, w := range real.weights {
			all[i].weights[j] = int32(math.Copysign(0.5, w) + float64(w*(1<<precision)))
		}
	}
	return all
}

// realTaps are taps whose weights add up to 1.
type realTaps struct {
	first   int
	weights []float64
}

// weightsOf returns the taps of every value of an axis of size to, made of one of size
// from. Products are rounded by themselves, so that no processor fuses them into sums.
func weightsOf(f Filter, from, to int) []realTaps {
	scale := float64(from) / float64(to)
	grow := max(scale, 1)
	support := float64(f.support * grow)
	all := make([]realTaps, to)
	for i := range all {
		center := float64((float64(i) + 0.5) * scale)
		first := max(int(center-support+0.5), 0)
		end := min(int(center+support+0.5), from)
		weights, sum := make([]float64, end-first), 0.0
		for j := range weights {
			weights[j] = f.weight((float64(first+j) - center + 0.5) * (1 / grow))
			sum += weights[j]
		}
		for j := range weights {
			if sum != 0 {
				weights[j] /= sum
			}
		}
		all[i] = realTaps{first, weights}
	}
	return all
}

// Image resamples src [h w c] to [toH toW c] by a filter. It panics on sizes that are
// not those of src. An axis that keeps its size keeps its values; if both do, the
// result is src.
func Image(f Filter, src []byte, h, w, c, toH, toW int) []byte {
	if h < 1 || w < 1 || c < 1 || toH < 1 || toW < 1 || len(src) != h*w*c {
		panic(fmt.Sprintf("resize: %d bytes of %dx%dx%d to %dx%d, want sizes of at least 1 and their product", len(src), h, w, c, toH, toW))
	}
	if toW != w {
		src = rows(tapsOf(f, w, toW), src, h, w, c)
		w = toW
	}
	if toH != h {
		src = columns(tapsOf(f, h, toH), src, w*c)
	}
	return src
}

// rows filters every row of an image.
func rows(to []taps, src []byte, h, w, c int) []byte {
	out := make([]byte, h*len(to)*c)
	for y := range h {
		in, row := src[y*w*c:(y+1)*w*c], out[y*len(to)*c:(y+1)*len(to)*c]
		for x, t := range to {
			for k := range c {
				sum := int32(1) << (precision - 1)
				at := t.first*c + k
				for _, weight := range t.weights {
					sum += int32(in[at]) * weight
					at += c
				}
				row[x*c+k] = clip(sum)
			}
		}
	}
	return out
}

// columns filters every column of an image with rows of so many bytes.
func columns(to []taps, src []byte, row int) []byte {
	out := make([]byte, len(to)*row)
	sums := make([]int32, row)
	for y, t := range to {
		for x := range sums {
			sums[x] = 1 << (precision - 1)
		}
		for j, weight := range t.weights {
			in := src[(t.first+j)*row:][:row]
			for x, v := range in {
				sums[x] += int32(v) * weight
			}
		}
		for x, sum := range sums {
			out[y*row+x] = clip(sum)
		}
	}
	return out
}

// clip is the byte nearest to a sum.
func clip(sum int32) byte { return byte(min(max(sum>>precision, 0), 255)) }
