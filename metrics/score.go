package metrics

import (
	"fmt"
	"math"
)

// scoreParts are the consecutive parts of the images of which each has a score: of
// 50,000 images 5,000, as OpenAI's evaluator has them.
const scoreParts = 10

func init() {
	Statistics.Add("is", Statistic{Title: "IS", Rises: true, Least: scoreParts, New: newScore})
}

func newScore(p *Pass) (Result, error) {
	logits, err := p.Logits()
	if err != nil {
		return nil, err
	}
	return func() (Number, error) { return InceptionScore(logits) }, nil
}

// InceptionScore is exp of the mean divergence of the classes of an image from those
// of all images (Salimans et al. 2016), as mean and standard deviation over ten
// consecutive parts. logits [N Classes] are those that the network means for it:
// Inception-2015's lack the bias.
func InceptionScore(logits *Rows) (Number, error) {
	n := logits.N()
	if n < scoreParts {
		return Number{}, fmt.Errorf("metrics: inception score: %d images, want at least %d, one in each part", n, scoreParts)
	}
	scores := make([]float64, scoreParts)
	parallel(threads(), scoreParts, func(_, k int) {
		scores[k] = partScore(logits, k*n/scoreParts, (k+1)*n/scoreParts)
	})
	mean, sd := meanSD(scores)
	return Number{mean, sd, fmt.Sprintf("SD over %d parts of %d", scoreParts, n/scoreParts)}, nil
}

// partScore is the score of images from to to.
func partScore(logits *Rows, from, to int) float64 {
	classes := logits.Width()
	logP := make([]float64, (to-from)*classes)
	marginal := make([]float64, classes)
	for i := range to - from {
		row := logP[i*classes : (i+1)*classes]
		logits.wide(row, from+i)
		logSoftmax(row)
		for c, v := range row {
			marginal[c] += math.Exp(v) / float64(to-from)
		}
	}
	divergence := 0.0
	for i := range to - from {
		for c, v := range logP[i*classes : (i+1)*classes] {
			if p := math.Exp(v); p > 0 { // so that the marginal is none of 0, either
				divergence += p * (v - math.Log(marginal[c]))
			}
		}
	}
	return math.Exp(divergence / float64(to-from))
}

// logSoftmax replaces logits by the logarithms of their probabilities.
func logSoftmax(row []float64) {
	largest := math.Inf(-1)
	for _, v := range row {
		largest = max(largest, v)
	}
	sum := 0.0
	for _, v := range row {
		sum += math.Exp(v - largest)
	}
	shift := largest + math.Log(sum)
	for i := range row {
		row[i] -= shift
	}
}
