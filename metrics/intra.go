package metrics

import (
	"errors"
	"fmt"
	"strings"
)

func init() { Statistics.Add("intra-fid", Statistic{Title: "intra-FID", ByClass: true, New: newIntra}) }

func newIntra(p *Pass) (Result, error) {
	ref, err := p.RefSet()
	if err != nil {
		return nil, err
	}
	if _, err := p.RefVectors(); err != nil {
		return nil, err
	}
	if ref.Labels == nil {
		return nil, errors.New("metrics: reference: got no classes of its images, want labels [N]")
	}
	vectors := p.Vectors()
	return func() (Number, error) { return Intra(vectors, p.Config.Labels, ref) }, nil
}

// labelled refuses images of which not each has a class.
func labelled(labels []int, nimg int) error {
	if len(labels) != nimg {
		return fmt.Errorf("metrics: by class: %d labels of %d images, want one of each: a network, or a set, with classes", len(labels), nimg)
	}
	return nil
}

// Intra is the mean over classes of the Fréchet distance of the images of a class from
// those of the reference (intra-FID of Miyato & Koyama 2018), with the standard
// deviation over the classes, of which the note names each, and how few images the
// smallest has where a covariance lacks rank. Every class of the reference needs two
// images on both sides.
func Intra(images *Rows, labels []int, ref *Set) (Number, error) {
	if err := labelled(labels, images.N()); err != nil {
		return Number{}, err
	}
	of, refOf := byClass(labels), byClass(ref.Labels)
	var distances []float64
	var each []string
	fewest := images.N()
	for class, index := range refOf {
		if len(index) == 0 {
			continue
		}
		if class >= len(of) || len(of[class]) < 2 || len(index) < 2 {
			return Number{}, fmt.Errorf("metrics: intra-fid: class %d: got too few images, want at least 2 on both sides", class)
		}
		a, err := images.Pick(of[class]).Stats()
		if err != nil {
			return Number{}, err
		}
		b, err := ref.Vectors.Pick(index).Stats()
		if err != nil {
			return Number{}, err
		}
		d, err := Frechet(a, b)
		if err != nil {
			return Number{}, fmt.Errorf("metrics: intra-fid: class %d: %w", class, err)
		}
		fewest = min(fewest, len(of[class]), len(index))
		distances = append(distances, d)
		each = append(each, fmt.Sprintf("%d: %.4g", class, d))
	}
	mean, sd := meanSD(distances)
	note := fmt.Sprintf("SD over %d classes; %s", len(distances), strings.Join(each, ", "))
	if d := images.Width(); fewest <= d {
		note = fmt.Sprintf("biased: classes of %d images and more for %d dimensions; %s", fewest, d, note)
	}
	return Number{mean, sd, note}, nil
}

// byClass are the numbers of the images of each class.
func byClass(labels []int) (out [][]int) {
	for i, class := range labels {
		for class >= len(out) {
			out = append(out, nil)
		}
		out[class] = append(out[class], i)
	}
	return out
}
