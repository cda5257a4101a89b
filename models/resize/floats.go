package resize

import "fmt"

// Floats is Image for values of any size, as Pillow has them in mode F: sums in
// float64, rounded to float32 after the rows and after the columns, and not cut off.
func Floats(f Filter, src []float32, h, w, c, toH, toW int) []float32 {
	if h < 1 || w < 1 || c < 1 || toH < 1 || toW < 1 || len(src) != h*w*c {
		panic(fmt.Sprintf("resize: %d values of %dx%dx%d to %dx%d, want sizes of at least 1 and their product", len(src), h, w, c, toH, toW))
	}
	if toW != w {
		to := weightsOf(f, w, toW)
		out := make([]float32, 0, h*toW*c)
		for y := range h {
			row := src[y*w*c:][:w*c]
			for _, t := range to {
				for k := range c {
					sum := 0.0
					for j, weight := range t.weights {
						sum += float64(float64(row[(t.first+j)*c+k]) * weight)
					}
					out = append(out, float32(sum))
				}
			}
		}
		src, w = out, toW
	}
	if toH != h {
		row := w * c
		out, sums := make([]float32, toH*row), make([]float64, row)
		for y, t := range weightsOf(f, h, toH) {
			clear(sums)
			for j, weight := range t.weights {
				for x, v := range src[(t.first+j)*row:][:row] {
					sums[x] += float64(float64(v) * weight)
				}
			}
			for x, sum := range sums {
				out[y*row+x] = float32(sum)
			}
		}
		src = out
	}
	return src
}
