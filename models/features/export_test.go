package features

import "innate/models"

// The networks of files with weights that a test fills in before they are prepared.

func FilledVGG(fill func(*models.ParamSet)) Backbone {
	set := vggDict().random(nil)
	fill(set)
	return newVGG(set)
}

func FilledLite(fill func(*models.ParamSet)) Backbone {
	set := liteDict().random(nil)
	fill(set)
	return newLite(set)
}

func FilledDeiT(width, grid int, fill func(*models.ParamSet)) Backbone {
	s := deitShape(width, grid)
	set := deitDict(s).random(nil)
	fill(set)
	return newDeiT(set, s)
}

// DeiTCount is how many values a transformer's file has, without taking memory for them.
func DeiTCount(width, grid int) (n int) {
	for _, t := range deitDict(deitShape(width, grid)).tensors {
		size := 1
		for _, d := range t.shape {
			size *= d
		}
		n += size
	}
	return n
}
