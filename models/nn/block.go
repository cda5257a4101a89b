package nn

import "innate/models/graph"

// BlockStyle is what the residual blocks of one architecture have in common.
type BlockStyle struct {
	EmbWidth  int     // of the embedding that modulates every block
	Eps       float32 // of the norms
	SkipScale float32 // of a sum of two branches
	Taps      []int   // of the resampling filter

	// Adaptive says that the embedding scales and shifts what the second norm
	// gives, per sample. Else it is added to what that norm gets.
	Adaptive bool

	// ProjectSkip says that a block that resamples has a convolution in its
	// shortcut, even where its width stays.
	ProjectSkip bool

	Ordinary, Zero, Attention Scheme // of most layers, of those that end a branch, of qkv
}

// BlockShape is what tells one block from another.
type BlockShape struct {
	In, Out  int // channels
	Resample Resample
	Heads    int // of self-attention; 0 for none
}

// Taps of a block's Forward, within the scope of its name: what graph.Builder.Watch
// gets to see. The output is Residual and Shortcut together, scaled, and, of a block
// with attention, that and Attention, scaled again. A Conv and a Linear have an output,
// too.
const (
	TapModulation = "modulation" // of the second norm by the embedding: [N out], or [N 2·out] of scale and shift
	TapResidual   = "residual"   // what the convolutions give, [N H' W' out]
	TapShortcut   = "shortcut"   // the input, resampled and projected where it is
	TapAttention  = "attention"  // what attention adds; of blocks that have it
	TapOutput     = "output"
)

// Block is the residual block of EDM's U-Nets. Skip is nil where the shortcut is
// the identity; Norm2, QKV and Proj are nil without attention.
type Block struct {
	Name               string // after the network's: enc.28x28_block0
	At                 Layer  // Part, Block and Resolution
	Norm0, Norm1       *Norm
	Conv0, Conv1, Skip *Conv
	Affine             *Linear
	Norm2              *Norm
	QKV, Proj          *Conv

	style BlockStyle
	heads int
}

// Block makes a residual block; its parts come in the order of EDM's module.
func (b *Builder) Block(name string, style BlockStyle, s BlockShape) *Block {
	x := &Block{Name: name, At: b.At, style: style, heads: s.Heads}
	b.module.blocks = append(b.module.blocks, x)
	x.Norm0 = b.Norm(name+".norm0", s.In, style.Eps)
	x.Conv0 = b.Conv(name+".conv0", s.In, s.Out, 3, s.Resample, style.Taps, style.Ordinary)
	width := s.Out
	if style.Adaptive {
		width *= 2
	}
	x.Affine = b.Linear(name+".affine", style.EmbWidth, width, true, style.Ordinary)
	x.Norm1 = b.Norm(name+".norm1", s.Out, style.Eps)
	x.Conv1 = b.Conv(name+".conv1", s.Out, s.Out, 3, Keep, nil, style.Zero)
	if s.In != s.Out || s.Resample != Keep {
		kernel := 0
		if s.In != s.Out || style.ProjectSkip {
			kernel = 1
		}
		x.Skip = b.Conv(name+".skip", s.In, s.Out, kernel, s.Resample, style.Taps, style.Ordinary)
	}
	if s.Heads > 0 {
		x.Norm2 = b.Norm(name+".norm2", s.Out, style.Eps)
		x.QKV = b.Conv(name+".qkv", s.Out, 3*s.Out, 1, Keep, nil, style.Attention)
		x.Proj = b.Conv(name+".proj", s.Out, s.Out, 1, Keep, nil, style.Zero)
	}
	return x
}

// Forward maps x [N H W in] under the embedding emb [N E] to [N H' W' out].
func (b *Block) Forward(g *graph.Builder, x, emb graph.Node, drop *Dropout) graph.Node {
	defer g.Block()()
	defer g.Scope(b.Name)()
	h := b.Conv0.Forward(g, b.Norm0.SiLU(g, x))
	h = b.modulate(g, h, g.Tap(TapModulation, b.Affine.Forward(g, emb)))
	h = g.Tap(TapResidual, b.Conv1.Forward(g, drop.Forward(g, b.Name, h)))
	if b.Skip != nil {
		x = b.Skip.Forward(g, x)
	}
	x = g.AddScaled(h, g.Tap(TapShortcut, x), b.style.SkipScale)
	if b.QKV == nil {
		return g.Tap(TapOutput, x)
	}
	a := b.attention(g, b.QKV.Forward(g, b.Norm2.Forward(g, x)))
	a = g.Tap(TapAttention, b.Proj.Forward(g, a))
	return g.Tap(TapOutput, g.AddScaled(a, x, b.style.SkipScale))
}

// ShortcutScale is by what the output has the shortcut in it.
func (b *Block) ShortcutScale() float32 {
	if b.QKV == nil {
		return b.style.SkipScale
	}
	return b.style.SkipScale * b.style.SkipScale
}

// Adaptive reports whether the embedding gives a scale and a shift, and not a shift
// alone.
func (b *Block) Adaptive() bool { return b.style.Adaptive }

// ForwardSkip is Forward of x with the channels of skip behind its own. What they make
// together is part of the block.
func (b *Block) ForwardSkip(g *graph.Builder, x, skip, emb graph.Node, drop *Dropout) graph.Node {
	defer g.Block()()
	return b.Forward(g, g.Concat(x, skip), emb, drop)
}

// modulate is the second norm and SiLU under the embedding p, [N out] or, of an
// adaptive scale, [N 2·out].
func (b *Block) modulate(g *graph.Builder, h, p graph.Node) graph.Node {
	if b.style.Adaptive {
		return b.Norm1.AdaptiveSiLU(g, h, p)
	}
	return b.Norm1.SiLU(g, g.AddPerSampleChannel(h, p))
}

func (b *Block) attention(g *graph.Builder, qkv graph.Node) graph.Node {
	defer g.Scope("attention")()
	return g.Attention(qkv, b.heads)
}
