package files_test

import (
	"fmt"
	"testing"

	"innate/trainer/data"
)

// BenchmarkZip is how many images a second one core decodes from a zip as EDM writes
// it, to what a step trains on.
func BenchmarkZip(b *testing.B) {
	for _, side := range []int{32, 64} {
		b.Run(fmt.Sprint(side), func(b *testing.B) {
			var members []member
			for i := range 256 {
				members = append(members, member{edmName(i), pngOf(b, side, i)})
			}
			set := openSet(b, place(b, "x.zip", zipOf(b, members...)), data.Options{Workers: 1})
			index, images := make([]int, 64), make([]float32, 64*side*side*3)
			n := 0
			for b.Loop() {
				for k := range index {
					index[k] = n % set.Len()
					n++
				}
				check(b, set.Images(index, images))
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
