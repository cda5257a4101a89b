package features

import (
	"math"

	"innate/models/graph"
	"innate/models/resize"
)

// The programs that compute FID with Inception agree on the network and resize images
// for it in ways of their own, none of which filters before it shrinks but clean-fid's.
// All read 8-bit images and make floats of 299x299 pixels, which none rounds again; gray
// ones they repeat.
//
//   - edm, NVIDIA's: TensorFlow 1's bilinear, emulated by a sampling grid; (v-128)/128.
//   - torch-fidelity: the same by its definition. Output i is at i·n/299, without the
//     half pixel; (v-128)/128.
//   - pytorch-fid: bilinear between the centres of pixels; 2v/255-1.
//   - clean-fid: Pillow's bicubic, of floats, cut off at 0 and 255; (v-128)/128.
//
// They keep images of 299 pixels as they are, up to rounding.
func init() {
	sampled := func(axis func(n int) []between, scale func(v float32) float32) func(dst, src []float32, image graph.Shape) {
		return func(dst, src []float32, image graph.Shape) {
			bilinearLevels(dst, src, image, axis(image[0]), axis(image[1]))
			for i, v := range dst {
				dst[i] = scale(v)
			}
		}
	}
	shifted := func(v float32) float32 { return (v - 128) / 128 }
	fill := map[string]func(dst, src []float32, image graph.Shape){
		"edm":            sampled(gridAxis, shifted),
		"torch-fidelity": sampled(tensorFlowAxis, shifted),
		"pytorch-fid":    sampled(centredAxis, func(v float32) float32 { return float32(2*(v/255)) - 1 }),
		"clean-fid": func(dst, src []float32, image graph.Shape) {
			levels := make([]float32, image.Size())
			for i, v := range src {
				levels[i] = level(v)
			}
			side := inceptionSide
			out := resize.Floats(resize.Bicubic, levels, image[0], image[1], image[2], side, side)
			for i := range dst { // a gray one is repeated
				dst[i] = shifted(min(max(out[i*image[2]/3], 0), 255))
			}
		},
	}
	for _, name := range inceptionInputs {
		Inputs.Add(name, Input{Shape: inceptionShape, Fill: fill[name]})
	}
}

// inceptionShape is that of the network's images. What is neither gray nor of three
// channels keeps them, which the network then refuses.
func inceptionShape(image graph.Shape) graph.Shape {
	if image[2] == 1 {
		return graph.Shape{inceptionSide, inceptionSide, 3}
	}
	return graph.Shape{inceptionSide, inceptionSide, image[2]}
}

// level is the byte that a pixel in [-1, 1] was made of.
func level(v float32) float32 { return float32(math.Round(float64(v+1) * 127.5)) }

// between is where a value of the output lies along an axis: at t of the way from lo
// to hi.
type between struct {
	lo, hi int
	t      float32
}

func betweenAt(at float32, n int) between {
	lo := min(int(at), n-1)
	return between{lo, min(lo+1, n-1), at - float32(lo)}
}

// axisOf asks for the place of every value among n, in float32.
func axisOf(n int, at func(i int) float32) []between {
	axis := make([]between, inceptionSide)
	for i := range axis {
		axis[i] = betweenAt(at(i), n)
	}
	return axis
}

// tensorFlowAxis is that of tf.image.resize_bilinear in TensorFlow 1.
func tensorFlowAxis(n int) []between {
	scale := float32(n) / inceptionSide
	return axisOf(n, func(i int) float32 { return float32(i) * scale })
}

// centredAxis is that of PyTorch's interpolate without align_corners.
func centredAxis(n int) []between {
	scale := float32(n) / inceptionSide
	return axisOf(n, func(i int) float32 { return max(float32((float32(i)+0.5)*scale)-0.5, 0) })
}

// gridAxis is that of PyTorch's affine_grid, moved by half a pixel's difference, and
// grid_sample with the border repeated, rounded where they round.
func gridAxis(n int) []between {
	const side = float32(inceptionSide)
	move := float32(1/float32(n)) - 1/side
	step := float32(2) / (side - 1)
	return axisOf(n, func(i int) float32 {
		line := float32(float32(i)*step) - 1 // torch.linspace(-1, 1, 299), which counts from both ends
		if i >= inceptionSide/2 {
			line = 1 - float32(step*float32(inceptionSide-1-i))
		}
		grid := float32(float32(line*(side-1))/side) + move
		return min(max(float32((grid+1)*(float32(n)/2))-0.5, 0), float32(n-1))
	})
}

// bilinearLevels resizes the bytes of src, in [-1, 1], to levels from 0 to 255 in dst
// [299 299 3]: first along rows and then between them.
func bilinearLevels(dst, src []float32, image graph.Shape, rows, columns []between) {
	w, c := image[1], image[2]
	line := func(out []float32, y int) {
		row := src[y*w*c:]
		for x, at := range columns {
			for k := range 3 {
				a, b := level(row[at.lo*c+k%c]), level(row[at.hi*c+k%c])
				out[3*x+k] = a + float32((b-a)*at.t)
			}
		}
	}
	const size = 3 * inceptionSide
	upper, lower := make([]float32, size), make([]float32, size)
	made := -1 // row of src that upper is of, with the next in lower
	for y, at := range rows {
		if at.lo != made {
			line(upper, at.lo)
			line(lower, at.hi)
			made = at.lo
		}
		out := dst[y*size : (y+1)*size]
		for i, a := range upper {
			out[i] = a + float32((lower[i]-a)*at.t)
		}
	}
}
