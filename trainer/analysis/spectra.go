package analysis

import (
	"context"
	"math"
	"strconv"

	"innate/models/nn"
	"innate/models/precond"
	"innate/trainer/figures"
)

// Spectra measures power by frequency (experiment E7): of real images, of what a
// network makes in one step and what the one that it came from does, on the same
// noise, of what it denoises at each noise level, and of its blocks' feature maps.
// before may be nil.
func Spectra(ctx context.Context, s Setup, after, before *Network) (*figures.Report, error) {
	shape := after.Den.Net.Shape()
	real, labels, err := s.real(shape)
	if err != nil {
		return nil, err
	}
	if labels == nil {
		labels = s.drawnLabels(shape)
	}
	r := newReport("spectra", "Power of images by frequency", after)
	if before != nil {
		r.How = append(r.How, before.facts("before")...)
	}
	r.How = append(r.How, s.facts()...)
	r.How = append(r.How,
		figures.Fact{Name: "real", Value: s.Images.Name() + ", evenly spread"},
		figures.Fact{Name: "power", Value: "|DFT|^2/(HW) without a window, mean over channels, images and the frequencies nearest to an integer radius up to Nyquist"},
		figures.Fact{Name: "bands", Value: "thirds of the radius up to Nyquist, without the mean; energy of a pixel; dB against the real images"})

	ofReal := newSpectrum(shape.Resolution)
	ofReal.add(real, shape.Channels)
	named := []namedSpectrum{{"real images", ofReal}}
	sigmas := levels(after.Den.Kind)
	total := len(sigmas) + 1
	if before != nil {
		total++
	}
	done := 0
	step := func() error { done++; return s.step(ctx, done, total) }
	z := s.noise(shape)
	for _, n := range []*Network{after, before} {
		if n == nil {
			continue
		}
		name := "one step"
		if n == before {
			name = "one step before"
		}
		spec, err := s.oneStep(n, z, labels)
		if err != nil {
			return nil, err
		}
		named = append(named, namedSpectrum{name, spec})
		if err := step(); err != nil {
			return nil, err
		}
	}
	denoised, blocks, err := s.denoisedSpectra(after, real, z, labels, sigmas, step)
	if err != nil {
		return nil, err
	}
	chart := figures.Chart{Name: "power", Title: "Radially averaged power", X: "radius (periods per image)", Y: "power (dB)"}
	table := figures.Table{Name: "bands", Title: "Energy by band", Words: []string{"images"}}
	for _, band := range bandNames {
		table.Heads = append(table.Heads, band, band+" dB to real")
	}
	for _, n := range named {
		chart.Lines = append(chart.Lines, lineOf(n))
		table.Rows = append(table.Rows, bandRow(n, ofReal))
	}
	for k, spec := range denoised {
		table.Rows = append(table.Rows, bandRow(namedSpectrum{"denoised at sigma " + sigmaNames(sigmas)[k], spec}, ofReal))
	}
	r.Charts = append(r.Charts, chart)
	r.Tables = append(r.Tables, table)
	r.Maps = append(r.Maps, ratioMap(denoised, ofReal, sigmas))
	r.Maps = append(r.Maps, blockMaps(after.Den.Net.Blocks(), blocks, sigmas)...)
	return r, nil
}

// namedSpectrum is one for a line or a row.
type namedSpectrum struct {
	name string
	*spectrum
}

// oneStep is the spectrum of what a network makes of noise in one step.
func (s *Setup) oneStep(n *Network, z, labels []float32) (*spectrum, error) {
	sampler, err := precond.NewSampler(s.Dev, n.Den, min(s.N, lensBatch))
	if err != nil {
		return nil, err
	}
	defer sampler.Program().Release()
	out := make([]float32, len(z))
	if err := sampler.OneStep(z, labels, out); err != nil {
		return nil, err
	}
	shape := n.Den.Net.Shape()
	spec := newSpectrum(shape.Resolution)
	spec.add(out, shape.Channels)
	return spec, nil
}

// denoisedSpectra are those of D(y + sigma n; sigma), and of the blocks' outputs
// [sigma][block].
func (s *Setup) denoisedSpectra(n *Network, real, z, labels []float32, sigmas []float64, step func() error) ([]*spectrum, [][]*spectrum, error) {
	l, err := newLens(s.Dev, n.Den, s.N)
	if err != nil {
		return nil, nil, err
	}
	defer l.close()
	shape := n.Den.Net.Shape()
	pixels := shape.Image().Size()
	noisy := make([]float32, len(real))
	denoised, blocks := make([]*spectrum, len(sigmas)), make([][]*spectrum, len(sigmas))
	for k, sigma := range sigmas {
		addNoise(noisy, real, z, sigma)
		denoised[k] = newSpectrum(shape.Resolution)
		for i := range l.blocks {
			blocks[k] = append(blocks[k], newSpectrum(l.taps[i][nn.TapOutput].Shape()[1]))
		}
		err := l.each(l.whole, noisy, labels, sigma, func(_, m int) error {
			denoised[k].add(l.whole.Value(l.denoised)[:m*pixels], shape.Channels)
			for i, spec := range blocks[k] {
				out := l.taps[i][nn.TapOutput]
				spec.add(l.whole.Value(out)[:m*out.Shape().Size()/l.batch], out.Shape().Last())
			}
			return nil
		})
		if err == nil {
			err = step()
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return denoised, blocks, nil
}

func lineOf(n namedSpectrum) figures.Line {
	line := figures.Line{Name: n.name}
	for r, p := range n.mean() {
		line.X, line.Y = append(line.X, float64(r)), append(line.Y, decibels(p, 1))
	}
	return line
}

func bandRow(n namedSpectrum, real *spectrum) figures.Row {
	row := figures.Row{Words: []string{n.name}}
	own, of := n.bands(), real.bands()
	for b := range own {
		row.Values = append(row.Values, own[b], decibels(own[b], of[b]))
	}
	return row
}

// ratioMap is the power of denoised images against real ones, by noise level and
// radius.
func ratioMap(denoised []*spectrum, real *spectrum, sigmas []float64) figures.Map {
	m := figures.Map{
		Name: "denoised", Title: "Power of D(y + sigma n; sigma) against real images", RowsOf: "sigma", ColsOf: "radius", Unit: "dB",
		Rows: sigmaNames(sigmas), Lo: math.Inf(1), Hi: math.Inf(-1),
	}
	of := real.mean()
	for r := range of {
		m.Cols = append(m.Cols, strconv.Itoa(r))
	}
	for _, spec := range denoised {
		row := make(figures.Numbers, len(of))
		for r, p := range spec.mean() {
			row[r] = decibels(p, of[r])
			if !math.IsNaN(row[r]) {
				m.Lo, m.Hi = min(m.Lo, row[r]), max(m.Hi, row[r])
			}
		}
		m.Values = append(m.Values, row)
	}
	if m.Lo > m.Hi {
		m.Lo, m.Hi = 0, 0
	}
	return m
}

// blockMaps are the shares of each band in the energy of blocks' outputs, by noise
// level.
func blockMaps(blocks []*nn.Block, of [][]*spectrum, sigmas []float64) []figures.Map {
	maps := make([]figures.Map, len(bandNames))
	for b, band := range bandNames {
		maps[b] = figures.Map{
			Name: "blocks-" + band, Title: "Share of the " + band + " band in each block's output", RowsOf: "block", ColsOf: "sigma",
			Unit: "share of energy", Cols: sigmaNames(sigmas), Hi: 1,
		}
	}
	for i, block := range blocks {
		rows := [len(bandNames)]figures.Numbers{}
		for k := range sigmas {
			energy := of[k][i].bands()
			all := energy[0] + energy[1] + energy[2]
			for b := range rows {
				share := math.NaN()
				if all > 0 {
					share = energy[b] / all
				}
				rows[b] = append(rows[b], share)
			}
		}
		for b := range maps {
			maps[b].Rows, maps[b].Values = append(maps[b].Rows, block.Name), append(maps[b].Values, rows[b])
		}
	}
	return maps
}
