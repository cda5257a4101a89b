package analysis

import (
	"context"
	"fmt"
	"math"

	"innate/metrics"
	"innate/trainer/figures"
)

// MismatchSteps are the steps of the teacher's sampler in experiment E1, and those in
// which it is meant to be used.
var MismatchSteps = []int{2, 4, 6, 8, 10, 18}

// Mismatch compares a one-step student with its teacher in k Heun steps on the same
// noise (experiment E1): how far both lie from the data, and from each other, by LPIPS,
// too, unless lpips is nil.
func Mismatch(ctx context.Context, s Setup, student, teacher *Network, judge Judge, lpips *Perceptual, steps []int) (*figures.Report, error) {
	image := student.Den.Net.Shape().Image()
	if a, b := student.Den.Net.Shape(), teacher.Den.Net.Shape(); !b.Image().Equal(image) || a.LabelDim != b.LabelDim {
		return nil, fmt.Errorf("analysis: teacher of images %v with %d classes, want %v with %d as the student", b.Image(), b.LabelDim, image, a.LabelDim)
	}
	if s.N < 2 {
		return nil, fmt.Errorf("analysis: %d images, want at least 2 for a covariance", s.N)
	}
	scale, err := judge.open(s.Dev, image, s.N)
	if err != nil {
		return nil, err
	}
	m := mismatch{setup: s, scale: scale, pixels: image.Size(), total: s.N}
	for _, k := range steps {
		m.total += s.N * nfe(k)
	}
	r := newReport("mismatch", "Student in one step against its teacher in k", student)
	r.How = append(r.How, teacher.facts("teacher")...)
	r.How = append(r.How, s.facts()...)
	r.How = append(r.How, scale.facts...)
	r.How = append(r.How,
		figures.Fact{Name: "teacher's sampler", Value: "Heun (Karras et al. 2022, Algorithm 1) without churn, 2k - 1 network calls"},
		figures.Fact{Name: "L2", Value: "mean over pairs of the Euclidean distance of 8-bit images in [-1, 1], same noise and class; rms: its root mean square a value"})
	if lpips != nil {
		r.How = append(r.How, lpips.Fact)
		if m.pairs, err = lpips.pairs(s.Dev, image); err != nil {
			return nil, err
		}
		defer m.pairs.program.Release()
	}

	ofStudent, err := m.student(ctx, student)
	if err != nil {
		return nil, err
	}
	studentFID, err := scale.data.Distance(ofStudent)
	if err != nil {
		return nil, err
	}
	reference, err := metrics.NewReference(ofStudent)
	if err != nil {
		return nil, err
	}
	table := figures.Table{
		Name: "steps", Title: scale.label + ": T the teacher in k steps, S the student in one", Words: []string{"k"},
		Heads: []string{"NFE", "FID(T, S)", "FID(T, data)", "FID(S, data)", "L2(T, S)", "rms"},
	}
	if lpips != nil {
		table.Heads = append(table.Heads, "LPIPS(T, S)")
	}
	chart := figures.Chart{Name: "distances", Title: "Distances by the teacher's steps", X: "teacher's steps", Y: scale.label}
	lines := []figures.Line{{Name: "FID(T, S)"}, {Name: "FID(T, data)"}, {Name: "FID(S, data)"}}
	for _, k := range steps {
		ofTeacher, pair, err := m.teacher(ctx, teacher, k)
		if err != nil {
			return nil, err
		}
		toStudent, err := reference.Distance(ofTeacher)
		if err != nil {
			return nil, err
		}
		toData, err := scale.data.Distance(ofTeacher)
		if err != nil {
			return nil, err
		}
		values := figures.Numbers{float64(nfe(k)), toStudent, toData, studentFID, pair, m.rmsOfPairs()}
		if lpips != nil {
			values = append(values, m.pairs.sum/float64(s.N))
		}
		table.Rows = append(table.Rows, figures.Row{Words: []string{fmt.Sprint(k)}, Values: values})
		for i := range lines {
			lines[i].X, lines[i].Y = append(lines[i].X, float64(k)), append(lines[i].Y, values[i+1])
		}
	}
	chart.Lines = lines
	r.Tables, r.Charts = append(r.Tables, table), append(r.Charts, chart)
	return r, nil
}

// nfe is how often k Heun steps call the network.
func nfe(k int) int { return 2*k - 1 }

// mismatch is the comparison at work.
type mismatch struct {
	setup   Setup
	scale   *scale
	pixels  int
	levels  []uint8 // the student's images
	squares float64 // sum of squared differences of the last teacher
	pairs   *pairs  // its images with the student's; nil for no LPIPS

	done, total int // network calls
}

// student measures the student's images and keeps them.
func (m *mismatch) student(ctx context.Context, n *Network) (metrics.Stats, error) {
	gen, err := newGenerator(m.setup.Dev, n.Den, m.setup.Seed)
	if err != nil {
		return metrics.Stats{}, err
	}
	defer gen.close()
	m.levels = make([]uint8, m.setup.N*m.pixels)
	return m.scale.stats(ctx, func(first int, images []float32) error {
		if err := gen.images(first, 1, images); err != nil {
			return err
		}
		count := min(imageBatch, m.setup.N-first)
		metrics.QuantizeBytes(m.levels[first*m.pixels:(first+count)*m.pixels], images[:count*m.pixels])
		return m.step(ctx, count)
	}, m.setup.N)
}

func (m *mismatch) step(ctx context.Context, calls int) error {
	m.done += calls
	return m.setup.step(ctx, m.done, m.total)
}

// teacher measures the teacher's images in k steps, and their mean distance from the
// student's.
func (m *mismatch) teacher(ctx context.Context, n *Network, k int) (stats metrics.Stats, pair float64, err error) {
	gen, err := newGenerator(m.setup.Dev, n.Den, m.setup.Seed)
	if err != nil {
		return stats, 0, err
	}
	defer gen.close()
	m.squares = 0
	if m.pairs != nil {
		m.pairs.sum = 0
	}
	levels := make([]uint8, imageBatch*m.pixels)
	stats, err = m.scale.stats(ctx, func(first int, images []float32) error {
		if err := gen.images(first, k, images); err != nil {
			return err
		}
		count := min(imageBatch, m.setup.N-first)
		metrics.QuantizeBytes(levels, images)
		for i := range count {
			sum := 0.0
			for j := range m.pixels {
				d := (float64(levels[i*m.pixels+j]) - float64(m.levels[(first+i)*m.pixels+j])) / 127.5
				sum += d * d
			}
			pair += math.Sqrt(sum)
			m.squares += sum
		}
		if m.pairs != nil {
			if err := m.pairs.add(levels[:count*m.pixels], m.levels[first*m.pixels:(first+count)*m.pixels]); err != nil {
				return err
			}
		}
		return m.step(ctx, count*nfe(k))
	}, m.setup.N)
	return stats, pair / float64(m.setup.N), err
}

// rmsOfPairs is the root of the mean squared difference of a value.
func (m *mismatch) rmsOfPairs() float64 {
	return math.Sqrt(m.squares / float64(m.setup.N*m.pixels))
}
