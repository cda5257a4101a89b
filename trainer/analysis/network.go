package analysis

import (
	"context"
	"fmt"
	"strconv"

	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/precond"
	"innate/trainer/data"
	"innate/trainer/figures"
	"innate/trainer/method"
	"innate/trainer/run"
)

// Network is one that is looked at.
type Network struct {
	Name    string // as it was asked for
	Den     *precond.Denoiser
	Weights string // fingerprint
	Nimg    int64  // images that it was trained on; 0 if its file does not say
}

// Open rebuilds the network in a file, of a run's checkpoint that of its averaged
// weights.
func Open(name string, f *checkpoint.File) (*Network, error) {
	den, err := method.OpenDenoiser(f)
	if err != nil {
		return nil, err
	}
	if err := den.Net.Params().CheckFinite(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	n := &Network{Name: name, Den: den, Weights: den.Net.Params().Fingerprint()}
	if p, err := run.ReadProgress(f.Metadata); err == nil {
		n.Nimg = p.Nimg
	} else if nimg, err := strconv.ParseInt(f.Metadata["nimg"], 10, 64); err == nil {
		n.Nimg = nimg
	}
	return n, nil
}

// Setup is what an analysis that runs networks has to work with.
type Setup struct {
	Dev    device.Device
	N      int // images
	Seed   uint64
	Images data.Dataset          // real ones
	Report func(done, total int) // is told how far it is

	drawn []float32 // of a test; nil: noise is that of the seed
}

// Definition says whose a definition is.
const definition = "innate's own: the papers name the experiment and not how it was computed"

// newReport begins a report on a network.
func newReport(kind, title string, n *Network) *figures.Report {
	r := &figures.Report{Kind: kind, Name: kind, Title: title, Nimg: n.Nimg}
	r.How = append(r.How, n.facts("network")...)
	return r
}

// facts say which network it is.
func (n *Network) facts(what string) []figures.Fact {
	text := fmt.Sprintf("%s, weights %.8s, %s", n.Name, n.Weights, n.Den.Kind)
	if n.Nimg > 0 {
		text += fmt.Sprintf(", %d images seen", n.Nimg)
	}
	return []figures.Fact{{Name: what, Value: text}}
}

func (s *Setup) facts() []figures.Fact {
	info := s.Dev.Info()
	facts := []figures.Fact{
		{Name: "images", Value: fmt.Sprint(s.N)},
		{Name: "seeds", Value: fmt.Sprintf("%d-%d", s.Seed, s.Seed+uint64(s.N)-1)},
		{Name: "device", Value: info.Name + " " + info.Kernels},
		{Name: "definition", Value: definition},
	}
	return facts
}

// real reads N images of the set, evenly spread over it, and their labels for a
// network with as many classes; nil for another.
func (s *Setup) real(shape precond.Shape) (images, labels []float32, err error) {
	if s.Images == nil {
		return nil, nil, fmt.Errorf("analysis: no real images, want a data set")
	}
	h, w, c := s.Images.Shape()
	if h != shape.Resolution || w != shape.Resolution || c != shape.Channels {
		return nil, nil, fmt.Errorf("analysis: images of %s: %dx%dx%d, want %v as the network makes", s.Images.Name(), h, w, c, shape.Image())
	}
	if s.N > s.Images.Len() {
		return nil, nil, fmt.Errorf("analysis: %d images, want at most the %d of %s", s.N, s.Images.Len(), s.Images.Name())
	}
	index := make([]int, s.N)
	for i := range index {
		index[i] = i * s.Images.Len() / s.N
	}
	images = make([]float32, s.N*h*w*c)
	if err := s.Images.Images(index, images); err != nil {
		return nil, nil, err
	}
	if shape.LabelDim > 0 && s.Images.Classes() == shape.LabelDim {
		labels = make([]float32, s.N*shape.LabelDim)
		err = s.Images.Labels(index, labels)
	}
	return images, labels, err
}

// drawnLabels are classes for N images; nil for an unconditional network.
func (s *Setup) drawnLabels(shape precond.Shape) []float32 {
	if shape.LabelDim == 0 {
		return nil
	}
	labels := make([]float32, s.N*shape.LabelDim)
	data.ImageLabels(s.Seed, shape.LabelDim, labels)
	return labels
}

// noise is unit noise for N images.
func (s *Setup) noise(shape precond.Shape) []float32 {
	if s.drawn != nil {
		return s.drawn
	}
	pixels := shape.Image().Size()
	z := make([]float32, s.N*pixels)
	data.ImageNormals(s.Seed, pixels, z)
	return z
}

// step reports progress, or why to stop.
func (s *Setup) step(ctx context.Context, done, total int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.Report(done, total)
	return nil
}

// levels are the noise levels of the grid of EDM's sampler of 18 steps, falling, as
// far as the network knows them.
func levels(k precond.Kind) []float64 {
	lo, hi := k.Range()
	grid := precond.SigmaGrid(gridSteps)[:gridSteps]
	for i, sigma := range grid {
		grid[i] = k.Round(min(max(sigma, lo), hi))
	}
	return grid
}

const gridSteps = 18

// sigmaNames are heads of columns.
func sigmaNames(sigmas []float64) []string {
	names := make([]string, len(sigmas))
	for i, sigma := range sigmas {
		names[i] = strconv.FormatFloat(sigma, 'g', 2, 64)
	}
	return names
}
