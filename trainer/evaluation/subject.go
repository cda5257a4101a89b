package evaluation

import (
	"fmt"

	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/precond"
	"innate/trainer/data"
	"innate/trainer/loop"
	"innate/trainer/run"
)

// subjectBatch is how many images are made at once. More cost memory and, on a CPU, no
// less time: 2,000 images of the built-in teacher take 2.3 s of one, likewise by 100 and
// 2.45 s by 250. The numbers are the same, to the bit.
const subjectBatch = 50

// Subject is what is measured: images by number.
type Subject struct {
	Name    string // as whoever asks names it
	Weights string // fingerprint of the network; "" of a set
	EMA     string // which average of the weights; "" of a set
	Nimg    int64  // images that the network was trained on; 0 if its file does not say
	Kind    string // what else the images depend on
	Steps   int    // of the sampler; 0 of a set
	Image   graph.Shape
	Len     int // images that there are; 0: as many as there are seeds

	source func(firstSeed uint64) metrics.Source
	labels func(firstSeed uint64, n int) ([]int, error) // classes of n images; nil for none
}

// NFE is how often the network is evaluated for an image: Heun steps do so twice, but
// for the last one.
func (s Subject) NFE() int { return max(0, 2*s.Steps-1) }

// OfNetwork draws the images of the network den in file, in so many steps.
func OfNetwork(dev device.Device, name string, file *checkpoint.File, den *precond.Denoiser, steps int) (Subject, error) {
	sampler, err := precond.NewSampler(dev, den, subjectBatch)
	if err != nil {
		return Subject{}, err
	}
	latents := loop.NewLatents(den, subjectBatch)
	shape := den.Net.Shape()
	s := Subject{
		Name: name, Weights: den.Net.Params().Fingerprint(), EMA: "as stored", Steps: steps,
		Kind:  fmt.Sprintf("%v %v", den.Kind, den.Precision),
		Image: graph.Shape{shape.Resolution, shape.Resolution, shape.Channels},
		source: func(firstSeed uint64) metrics.Source {
			return func(first int, images []float32) error {
				latents.Draw(firstSeed + uint64(first))
				return latents.Generate(sampler, steps, images)
			}
		},
	}
	s.labels = func(firstSeed uint64, n int) ([]int, error) {
		return loop.DrawnClasses(shape.LabelDim, firstSeed, n), nil
	}
	if file.Metadata[run.MetaKind] == run.CheckpointKind {
		s.EMA = "EMA of the run"
	}
	if p, err := run.ReadProgress(file.Metadata); err == nil {
		s.Nimg = p.Nimg
	}
	return s, nil
}

// OfSet takes the images of a data set, in its order.
func OfSet(set data.Dataset) Subject {
	h, w, c := set.Shape()
	images := data.InOrder(set, subjectBatch)
	labels := func(_ uint64, n int) ([]int, error) {
		all, err := data.ClassesOf(set)
		return all[:min(n, len(all))], err
	}
	return Subject{
		Name: set.Name(), Image: graph.Shape{h, w, c}, Len: set.Len(), labels: labels,
		source: func(uint64) metrics.Source { return images },
	}
}
