package precond

import (
	"fmt"

	"innate/models/graph"
	"innate/models/nn"
)

// Denoiser is a network under one preconditioning.
type Denoiser struct {
	Net  Net
	Kind Kind

	// Precision is that of the network. What goes in and comes out, and the
	// preconditioning around it, stay float32.
	Precision graph.Precision
}

// Clone returns the same with parameters of its own.
func (d *Denoiser) Clone() *Denoiser {
	c := *d
	c.Net = d.Net.Clone()
	return &c
}

// Levels are the inputs of a graph that carry each sample's noise level; Set
// fills them.
type Levels struct {
	n                int
	cSkip, cOut, cIn graph.Node // [N]
	emb              graph.Node // [N Q]
	cNoise           []float32
}

// NewLevels declares the inputs for a batch of n in g, under the scope "sigma".
func (d *Denoiser) NewLevels(g *graph.Builder, n int) *Levels {
	defer g.Scope("sigma")()
	return &Levels{
		n:      n,
		cSkip:  g.Input("c_skip", n),
		cOut:   g.Input("c_out", n),
		cIn:    g.Input("c_in", n),
		emb:    g.Input("emb", n, d.Net.Shape().NoiseWidth),
		cNoise: make([]float32, n),
	}
}

// Set writes the coefficients for the noise levels sigma, one a sample, into
// the inputs. It does not allocate.
func (d *Denoiser) Set(g *graph.Builder, l *Levels, sigma []float64) {
	if len(sigma) != l.n {
		panic(fmt.Sprintf("precond: %d noise levels, want %d", len(sigma), l.n))
	}
	cSkip, cOut, cIn := g.Data(l.cSkip), g.Data(l.cOut), g.Data(l.cIn)
	for i, s := range sigma {
		c := d.Kind.Coef(s)
		cSkip[i], cOut[i], cIn[i], l.cNoise[i] = float32(c.CSkip), float32(c.COut), float32(c.CIn), float32(c.CNoise)
	}
	d.Net.NoiseEmbedding(g.Data(l.emb), l.cNoise)
}

// Forward adds D(x; sigma) to g: x [N H W C] to [N H W C]. Of cond only Label,
// Augment and Dropout are read.
func (d *Denoiser) Forward(g *graph.Builder, x graph.Node, l *Levels, cond nn.Cond) graph.Node {
	cond.Emb = l.emb
	f := d.forward(g, g.MulPerSample(x, l.cIn), cond)
	return g.Add(g.MulPerSample(x, l.cSkip), g.MulPerSample(f, l.cOut))
}

// OneStep adds the one-step generator D(SigmaMax·z; SigmaMax) to g: unit noise
// z [N H W C] to images [N H W C]. Of cond only Label is read.
func (d *Denoiser) OneStep(g *graph.Builder, z graph.Node, cond nn.Cond) graph.Node {
	n := z.Shape()[0]
	c := d.Kind.Coef(SigmaMax)
	emb := func() graph.Node {
		defer g.Scope("sigma_max")()
		return g.Input("emb", n, d.Net.Shape().NoiseWidth)
	}()
	cNoise := make([]float32, n)
	for i := range cNoise {
		cNoise[i] = float32(c.CNoise)
	}
	d.Net.NoiseEmbedding(g.Data(emb), cNoise)
	x := g.Scale(z, SigmaMax)
	f := d.forward(g, g.Scale(x, float32(c.CIn)), nn.Cond{Emb: emb, Label: cond.Label})
	return g.Add(g.Scale(x, float32(c.CSkip)), g.Scale(f, float32(c.COut)))
}

// forward is the network, in its precision, without what it gives beside an image,
// such as a variance.
func (d *Denoiser) forward(g *graph.Builder, x graph.Node, cond nn.Cond) graph.Node {
	defer g.Precision(d.Precision)()
	f := d.Net.Forward(g, x, cond)
	if c := d.Net.Shape().Channels; f.Shape().Last() != c {
		return g.Slice(f, 0, c)
	}
	return f
}
