package analysis

import (
	"context"
	"fmt"
	"math"

	"innate/models/nn"
	"innate/trainer/figures"
)

// Look says how Layers feeds the network.
type Look struct {
	Noise    bool // sigma z instead of y + sigma n
	Ablation bool // also switch off each block at each noise level
}

// profile is what a block does at one noise level.
type profile struct {
	residual, shortcut float64   // sums of squares of the residual part of the output, and of the shortcut
	activation         []float64 // mean |output| of each channel
	modulation         []float64 // mean over images
	ablation           float64   // change of D without the block, relative to D
}

// Layers measures how the residual blocks of a network depend on the noise level
// (experiment E6): the residual part's share, channels' activation, modulation by the
// embedding, and what the denoised image loses without the block.
func Layers(ctx context.Context, s Setup, net *Network, how Look) (*figures.Report, error) {
	l, err := newLens(s.Dev, net.Den, s.N)
	if err != nil {
		return nil, err
	}
	defer l.close()
	if len(l.blocks) == 0 {
		return nil, fmt.Errorf("analysis: %s: no residual blocks, want a U-Net of them", net.Name)
	}
	x, labels, z, err := s.inputs(net, how.Noise)
	if err != nil {
		return nil, err
	}
	sigmas := levels(net.Den.Kind)
	runs := len(sigmas)
	if how.Ablation {
		runs *= 1 + len(l.blocks)
	}
	all := make([][]profile, len(sigmas))
	noisy := make([]float32, len(z))
	done := 0
	for k, sigma := range sigmas {
		addNoise(noisy, x, z, sigma)
		if all[k], err = l.profiles(noisy, labels, sigma); err != nil {
			return nil, err
		}
		done++
		if err := s.step(ctx, done, runs); err != nil {
			return nil, err
		}
		if !how.Ablation {
			continue
		}
		if err := l.ablate(noisy, labels, sigma, all[k], func() error { done++; return s.step(ctx, done, runs) }); err != nil {
			return nil, err
		}
	}
	r := newReport("layers", "How blocks depend on the noise level", net)
	r.How = append(r.How, s.facts()...)
	input := "y + sigma n, y real images of " + nameOf(s) + ", the same n at every sigma"
	if how.Noise {
		input, r.Name = "sigma z", "layers-noise"
	}
	r.How = append(r.How, figures.Fact{Name: "input", Value: input},
		figures.Fact{Name: "residual share", Value: "rms(output - scaled shortcut)/rms(shortcut); the shortcut is the block's input, resampled and projected where the block does so"},
		figures.Fact{Name: "selectivity", Value: "entropy over sigma of a channel's mean |activation|, over its largest, ln 18; mean of channels; 1: alike at every sigma"},
		figures.Fact{Name: "turn", Value: "1 - cosine between the channels' mean |activation| at sigma and at the largest sigma"})
	if how.Ablation {
		r.How = append(r.How, figures.Fact{Name: "ablation", Value: "rms of the change of D(x; sigma) with the block's residual branches at zero, over rms(D)"})
	}
	addProfiles(r, l.blocks, sigmas, all, how.Ablation)
	return r, nil
}

func nameOf(s Setup) string {
	if s.Images == nil {
		return "none"
	}
	return s.Images.Name()
}

// inputs are the images, nil for pure noise, their labels and the unit noise.
func (s *Setup) inputs(net *Network, noise bool) (x, labels, z []float32, err error) {
	shape := net.Den.Net.Shape()
	z = s.noise(shape)
	if noise {
		return nil, s.drawnLabels(shape), z, nil
	}
	x, labels, err = s.real(shape)
	if labels == nil {
		labels = s.drawnLabels(shape)
	}
	return x, labels, z, err
}

// addNoise sets dst = x + sigma z, x being zero where it is nil.
func addNoise(dst, x, z []float32, sigma float64) {
	for i, v := range z {
		dst[i] = float32(sigma * float64(v))
		if x != nil {
			dst[i] += x[i]
		}
	}
}

// profiles measures all blocks at one noise level.
func (l *lens) profiles(x, labels []float32, sigma float64) ([]profile, error) {
	list := make([]profile, len(l.blocks))
	images := len(x) / l.den.Net.Shape().Image().Size()
	err := l.each(l.whole, x, labels, sigma, func(_, n int) error {
		for i, b := range l.blocks {
			taps := l.taps[i]
			shape := taps[nn.TapOutput].Shape()
			c, places := shape.Last(), n*shape[1]*shape[2]
			list[i].add(l.whole.Value(taps[nn.TapShortcut]), l.whole.Value(taps[nn.TapOutput]), c, places, float64(b.ShortcutScale()))
			list[i].addModulation(l.whole.Value(taps[nn.TapModulation]), taps[nn.TapModulation].Shape().Last(), n)
		}
		return nil
	})
	for i := range list {
		shape := l.taps[i][nn.TapOutput].Shape()
		multiply(list[i].activation, 1/float64(images*shape[1]*shape[2]))
		multiply(list[i].modulation, 1/float64(images))
	}
	return list, err
}

// add takes in output and shortcut [places c] of a batch.
func (p *profile) add(shortcut, output []float32, c, places int, by float64) {
	if p.activation == nil {
		p.activation = make([]float64, c)
	}
	for at := range places {
		for k := range c {
			in, out := float64(shortcut[at*c+k]), float64(output[at*c+k])
			p.shortcut += in * in
			p.residual += (out - by*in) * (out - by*in)
			p.activation[k] += math.Abs(out)
		}
	}
}

func (p *profile) addModulation(v []float32, width, n int) {
	if p.modulation == nil {
		p.modulation = make([]float64, width)
	}
	for i := range n {
		for k := range width {
			p.modulation[k] += float64(v[i*width+k])
		}
	}
}

func multiply(v []float64, by float64) {
	for i := range v {
		v[i] *= by
	}
}

// ablate measures the change of the denoised images without each block.
func (l *lens) ablate(x, labels []float32, sigma float64, list []profile, step func() error) error {
	want, got := make([]float32, len(x)), make([]float32, len(x))
	if err := l.denoise(x, labels, sigma, want); err != nil {
		return err
	}
	for i := range l.blocks {
		l.open(i, false)
		err := l.denoise(x, labels, sigma, got)
		l.open(i, true)
		if err != nil {
			return err
		}
		a, _, whole := sums(want, got)
		list[i].ablation = math.Sqrt(whole / a)
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// addProfiles makes maps and a table of profiles [sigma][block].
func addProfiles(r *figures.Report, blocks []*nn.Block, sigmas []float64, all [][]profile, ablation bool) {
	empty := func(name, title, unit string) *figures.Map {
		m := &figures.Map{Name: name, Title: title, RowsOf: "block", ColsOf: "sigma", Unit: unit, Cols: sigmaNames(sigmas)}
		for _, b := range blocks {
			m.Rows, m.Values = append(m.Rows, b.Name), append(m.Values, make(figures.Numbers, len(sigmas)))
		}
		return m
	}
	share := empty("share", "Residual share of each block, by its largest over sigma", "share of the largest")
	turn := empty("turn", "Turn of the channels' activation from the largest sigma", "1 - cosine")
	level := empty("modulation", "Modulation of the second norm by the embedding", "rms")
	bend := empty("modulation-turn", "Turn of the modulation from the largest sigma", "1 - cosine")
	lost := empty("ablation", "Change of the denoised image without the block", "relative rms")
	table := figures.Table{
		Name: "blocks", Title: "Blocks", Words: []string{"block"},
		Heads: []string{"largest share", "at sigma", "share at sigma max", "selectivity", "largest turn", "largest ablation", "at sigma"},
	}
	for i, b := range blocks {
		top, lostMost := 0, 0
		raw := make([]float64, len(sigmas))
		for k := range sigmas {
			p, first := &all[k][i], &all[0][i]
			raw[k] = math.Sqrt(p.residual / p.shortcut)
			turn.Values[i][k] = turned(p.activation, first.activation)
			level.Values[i][k] = rms(p.modulation)
			bend.Values[i][k] = turned(p.modulation, first.modulation)
			lost.Values[i][k] = p.ablation
			if raw[k] > raw[top] {
				top = k
			}
			if p.ablation > all[lostMost][i].ablation {
				lostMost = k
			}
		}
		for k := range sigmas {
			share.Values[i][k] = raw[k] / raw[top]
		}
		row := figures.Numbers{raw[top], sigmas[top], raw[0], selectivity(all, i), largest(turn.Values[i]), math.NaN(), math.NaN()}
		if ablation {
			row[5], row[6] = all[lostMost][i].ablation, sigmas[lostMost]
		}
		table.Rows = append(table.Rows, figures.Row{Words: []string{b.Name}, Values: row})
	}
	r.Tables = append(r.Tables, table)
	maps := []*figures.Map{share, turn, level, bend}
	if ablation {
		maps = append(maps, lost)
	}
	for _, m := range maps {
		m.Hi = 1
		if m != share {
			m.Hi = 0
			for _, row := range m.Values {
				m.Hi = max(m.Hi, largest(row))
			}
		}
		r.Maps = append(r.Maps, *m)
	}
}

// selectivity is the mean over a block's channels of the normalised entropy of their
// activation over sigma. A channel that is never active counts as unselective.
func selectivity(all [][]profile, block int) float64 {
	channels := len(all[0][block].activation)
	total := 0.0
	for c := range channels {
		sum, entropy := 0.0, 0.0
		for k := range all {
			sum += all[k][block].activation[c]
		}
		for k := range all {
			if p := all[k][block].activation[c] / sum; p > 0 {
				entropy -= p * math.Log(p)
			}
		}
		if sum == 0 {
			entropy = math.Log(float64(len(all)))
		}
		total += entropy / math.Log(float64(len(all)))
	}
	return total / float64(channels)
}

// turned is 1 - the cosine between two vectors; NaN if one is 0.
func turned(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += a[i] * b[i]
		aa += a[i] * a[i]
		bb += b[i] * b[i]
	}
	if aa == 0 || bb == 0 {
		return math.NaN()
	}
	return max(0, 1-ab/math.Sqrt(aa*bb)) // less than 0 is rounding
}

func rms(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(v)))
}

// largest skips what does not exist.
func largest(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		if x > most {
			most = x
		}
	}
	return most
}
