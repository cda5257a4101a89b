package analysis

import (
	"innate/models/device"
	"innate/models/graph"
	"innate/models/nn"
	"innate/models/precond"
)

// lens is a denoiser whose blocks can be looked into and switched off.
type lens struct {
	den    *precond.Denoiser
	batch  int
	blocks []*nn.Block

	g        *graph.Builder
	x, label graph.Node
	levels   *precond.Levels
	gates    []graph.Node // [N], by block: what its residual branches are multiplied by
	taps     []map[string]graph.Node
	denoised graph.Node

	whole device.Program // everything that is tapped
	plain device.Program // the images alone
	sigma []float64
}

// tapBytes bounds what the taps of a batch may take, and lensBatch its images.
const (
	tapBytes  = 256 << 20
	lensBatch = 16
)

// newLens compiles den for n images, in batches.
func newLens(dev device.Device, den *precond.Denoiser, n int) (*lens, error) {
	l := &lens{den: den, blocks: den.Net.Blocks()}
	l.batch = max(1, min(n, lensBatch, tapBytes/l.imageBytes()))
	at := make(map[string]int, len(l.blocks))
	for i, b := range l.blocks {
		at[b.Name] = i
		l.taps = append(l.taps, map[string]graph.Node{})
	}
	l.sigma = make([]float64, l.batch)
	s := den.Net.Shape()
	var err error
	l.g, err = graph.Build(func(g *graph.Builder) {
		l.x = g.Input("x", l.batch, s.Resolution, s.Resolution, s.Channels)
		if s.LabelDim > 0 {
			l.label = g.Input("label", l.batch, s.LabelDim)
		}
		for _, b := range l.blocks {
			gate := g.Input("gate "+b.Name, l.batch)
			l.gates = append(l.gates, gate)
		}
		l.levels = den.NewLevels(g, l.batch)
		g.Watch(func(layer, tap string, n graph.Node) graph.Node {
			i, known := at[layer]
			if !known {
				return n
			}
			if tap == nn.TapResidual || tap == nn.TapAttention {
				n = g.MulPerSample(n, l.gates[i])
			}
			l.taps[i][tap] = n
			return n
		})
		l.denoised = den.Forward(g, l.x, l.levels, nn.Cond{Label: l.label})
	})
	if err != nil {
		return nil, err
	}
	for i := range l.gates {
		l.open(i, true)
	}
	if l.plain, err = dev.Compile(l.g, device.Request{Outputs: []graph.Node{l.denoised}}); err != nil {
		return l, err
	}
	outputs := []graph.Node{l.denoised}
	for _, taps := range l.taps {
		for _, tap := range []string{nn.TapShortcut, nn.TapOutput, nn.TapModulation} {
			outputs = append(outputs, taps[tap])
		}
	}
	l.whole, err = dev.Compile(l.g, device.Request{Outputs: outputs})
	return l, err
}

// imageBytes is what the taps of one image take, at most.
func (l *lens) imageBytes() int {
	bytes := 1
	for _, b := range l.blocks {
		channels := b.Conv1.Weight.Shape[0]
		bytes += 4 * 2 * channels * b.At.Resolution * b.At.Resolution
	}
	return bytes
}

// close gives back the programs.
func (l *lens) close() {
	if l.plain != nil {
		l.plain.Release()
	}
	if l.whole != nil {
		l.whole.Release()
	}
}

// open lets a block's residual branches through, or not.
func (l *lens) open(block int, through bool) {
	gate := l.g.Data(l.gates[block])
	for i := range gate {
		gate[i] = 0
		if through {
			gate[i] = 1
		}
	}
}

// each fills the inputs with one batch after the other of images x [B H W C] at a
// noise level, runs the program and calls f with the batch's place among the images.
func (l *lens) each(p device.Program, x, labels []float32, sigma float64, f func(first, n int) error) error {
	s := l.den.Net.Shape()
	pixels := s.Image().Size()
	for i := range l.sigma {
		l.sigma[i] = sigma
	}
	l.den.Set(l.g, l.levels, l.sigma)
	for first := 0; first*pixels < len(x); first += l.batch {
		n := min(l.batch, len(x)/pixels-first)
		in := l.g.Data(l.x)
		clear(in[copy(in, x[first*pixels:(first+n)*pixels]):])
		if s.LabelDim > 0 {
			to := l.g.Data(l.label)
			clear(to)
			if labels != nil {
				copy(to, labels[first*s.LabelDim:(first+n)*s.LabelDim])
			}
		}
		if err := p.Run(); err != nil {
			return err
		}
		if err := f(first, n); err != nil {
			return err
		}
	}
	return nil
}

// denoise fills out with D(x; sigma).
func (l *lens) denoise(x, labels []float32, sigma float64, out []float32) error {
	pixels := l.den.Net.Shape().Image().Size()
	return l.each(l.plain, x, labels, sigma, func(first, n int) error {
		copy(out[first*pixels:(first+n)*pixels], l.plain.Value(l.denoised))
		return nil
	})
}
