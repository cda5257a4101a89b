package metrics

import "fmt"

// Neighbours that make the ball around an image: of precision and recall, and of
// density and coverage.
const (
	precisionK = 3
	densityK   = 5
)

func init() {
	for _, s := range []struct {
		name, title string
		of          func(neighbourhoods) float64
		k           int
	}{
		{"precision", "precision", func(h neighbourhoods) float64 { return h.Precision }, precisionK},
		{"recall", "recall", func(h neighbourhoods) float64 { return h.Recall }, precisionK},
		{"density", "density", func(h neighbourhoods) float64 { return h.Density }, densityK},
		{"coverage", "coverage", func(h neighbourhoods) float64 { return h.Coverage }, densityK},
	} {
		Statistics.Add(s.name, Statistic{Title: s.title, Rises: true, Least: precisionK + 1, New: func(p *Pass) (Result, error) {
			ref, err := p.RefVectors()
			if err != nil {
				return nil, err
			}
			if ref.N() <= densityK { // all four are found together
				return nil, fmt.Errorf("metrics: %s: got a reference of %d images, want at least %d", s.title, ref.N(), densityK+1)
			}
			images := p.Vectors()
			return func() (Number, error) {
				if err := p.findNeighbours(images, ref); err != nil {
					return Number{}, err
				}
				return Number{Value: s.of(*p.neighbours), Note: fmt.Sprintf("k = %d, against %d images", s.k, ref.N())}, nil
			}, nil
		}})
	}
}

// findNeighbours is findNeighbourhoods, once for all that ask; what it has to know of
// the reference alone it finds once for all images.
func (p *Pass) findNeighbours(images, ref *Rows) (err error) {
	if p.neighbours != nil {
		return nil
	}
	if p.refRadii == nil {
		if p.refRadii, err = refRadii(ref); err != nil {
			return err
		}
	}
	found, err := findNeighbourhoods(images, ref, p.refRadii)
	if err == nil {
		p.neighbours = &found
	}
	return err
}

// refRadii are the radii of the balls of a reference, for precision and for density.
func refRadii(ref *Rows) ([][]float64, error) {
	balls, err := radii(ref, []int{precisionK, densityK})
	if err != nil {
		return nil, fmt.Errorf("%w, in the reference", err)
	}
	return balls, nil
}

// neighbourhoods are the four numbers that one look at all distances gives.
type neighbourhoods struct{ Precision, Recall, Density, Coverage float64 }

// findNeighbourhoods compares images with a reference, of whose balls ofRef are the
// radii. The balls of precision and recall have their surface (Kynkäänniemi et al.
// 2019), those of density and coverage lack it (Naeem et al. 2020), each as in its
// authors' program. The four numbers depend on the sizes of both sets.
func findNeighbourhoods(images, ref *Rows, ofRef [][]float64) (neighbourhoods, error) {
	if images.Width() != ref.Width() {
		return neighbourhoods{}, fmt.Errorf("metrics: neighbours: features of dimension %d and %d, want one", images.Width(), ref.Width())
	}
	ofImages, err := radii(images, []int{precisionK})
	if err != nil {
		return neighbourhoods{}, err
	}
	// Goroutines see different images and note what they see of the reference each
	// for itself; in the end it is the same whoever saw it.
	workers := threads()
	recalled, covered := make([][]bool, workers), make([][]bool, workers)
	for w := range workers {
		recalled[w], covered[w] = make([]bool, ref.N()), make([]bool, ref.N())
	}
	precise, inside := make([]bool, images.N()), make([]int, images.N())
	eachDistance(workers, images, ref, func(worker, j int, row []float64) {
		for i, v := range row {
			precise[j] = precise[j] || v <= ofRef[0][i]
			recalled[worker][i] = recalled[worker][i] || v <= ofImages[0][j]
			if v < ofRef[1][i] {
				inside[j]++
				covered[worker][i] = true
			}
		}
	})
	balls := 0
	for _, n := range inside {
		balls += n
	}
	return neighbourhoods{
		Precision: share(precise), Recall: share(recalled...), Coverage: share(covered...),
		Density: float64(balls) / float64(densityK*images.N()),
	}, nil
}

// share is that of the places where one of the lists is true.
func share(lists ...[]bool) float64 {
	n := 0
	for i := range lists[0] {
		for _, list := range lists {
			if list[i] {
				n++
				break
			}
		}
	}
	return float64(n) / float64(len(lists[0]))
}
