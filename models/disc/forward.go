package disc

import (
	"math"

	"innate/models"
	"innate/models/graph"
)

const (
	normEps  = 1e-5
	momentum = 0.1 // of the running statistics
	slope    = 0.2 // of the leaky ReLUs
)

// State is what a training-mode forward pass changes: for every buffer the node
// that holds its value now. States are never changed; Forward makes new ones.
type State struct{ nodes map[*models.Param]graph.Node }

// State returns the buffers' stored values as nodes of g.
func (d *Disc) State(g *graph.Builder) State {
	s := State{nodes: map[*models.Param]graph.Node{}}
	for _, b := range d.Buffers.All() {
		s.nodes[b] = g.Param(b)
	}
	return s
}

// Assigns says which buffers a machine must store after a run, in the order of
// Buffers.
func (d *Disc) Assigns(g *graph.Builder, s State) []graph.Assign {
	var out []graph.Assign
	for _, b := range d.Buffers.All() {
		if n := s.nodes[b]; n != g.Param(b) {
			out = append(out, graph.Assign{Dst: b, Src: n})
		}
	}
	return out
}

func (s State) clone() State {
	c := State{nodes: make(map[*models.Param]graph.Node, len(s.nodes))}
	for b, n := range s.nodes {
		c.nodes[b] = n
	}
	return c
}

// Forward adds one training-mode pass to g: the projector's maps, and for
// conditional heads one-hot labels [N LabelDim] (else the zero Node), to logits
// [N Logits], heads side by side, positions row by row.
func (d *Disc) Forward(g *graph.Builder, maps []graph.Node, label graph.Node, s State) (logits graph.Node, next State) {
	if len(maps) != len(d.heads) {
		panic("disc: as many maps as heads are wanted")
	}
	if label.IsZero() == (d.Config.LabelDim > 0) {
		panic("disc: labels are wanted by conditional heads, and only by them")
	}
	next = s.clone()
	for i, h := range d.heads {
		l := h.forward(g, maps[i], label, next, d.Processes)
		if i == 0 {
			logits = l
		} else {
			logits = g.Concat(logits, l)
		}
	}
	return logits, next
}

// forward maps x [N H W C] to [N positions], with batch statistics over so many
// processes; it replaces the head's nodes in s.
func (h *head) forward(g *graph.Builder, x, label graph.Node, s State, processes int) graph.Node {
	defer g.Scope(h.name)()
	for _, d := range h.downs {
		x = d.forward(g, x, s, processes)
	}
	x = h.cls.forward(g, x, s)
	shape := x.Shape()
	n, positions := shape[0], shape[1]*shape[2]
	if h.class == nil {
		return g.Reshape(x, n, positions)
	}
	// Each position's CMap values against the class vector.
	cmap := shape[3]
	m := g.Reshape(h.class.forward(g, label), n, cmap, 1)
	y := g.MatMul(g.Reshape(x, n, positions, cmap), m, false, false)
	return g.Scale(g.Reshape(y, n, positions), float32(1/math.Sqrt(float64(cmap))))
}

func (d *down) forward(g *graph.Builder, x graph.Node, s State, processes int) graph.Node {
	x = d.conv.forward(g, x, s)
	defer g.Scope(d.norm)()
	var y, mean, variance graph.Node
	if processes > 1 {
		y, mean, variance = g.BatchNormAcross(processes, x, g.Param(d.weight), g.Param(d.bias), normEps, slope)
	} else {
		y, mean, variance = g.BatchNormLeakyReLU(x, g.Param(d.weight), g.Param(d.bias), normEps, slope)
	}
	// The running variance is of the unbiased estimate, the norm of the biased.
	shape := x.Shape()
	count := float32(shape[0] * shape[1] * shape[2] * max(1, processes))
	unbiased := momentum
	if count > 1 {
		unbiased = momentum * float64(count/(count-1))
	}
	s.nodes[d.runMean] = g.Add(g.Scale(s.nodes[d.runMean], 1-momentum), g.Scale(g.StopGradient(mean), momentum))
	s.nodes[d.runVar] = g.Add(g.Scale(s.nodes[d.runVar], 1-momentum), g.Scale(g.StopGradient(variance), float32(unbiased)))
	return y
}

// forward makes one power iteration and convolves with the weight divided by
// its estimated largest singular value.
func (c *snConv) forward(g *graph.Builder, x graph.Node, s State) graph.Node {
	defer g.Scope(c.unit)()
	w, u, v := g.SpectralNorm(g.Param(c.weight), s.nodes[c.u], s.nodes[c.v])
	s.nodes[c.u], s.nodes[c.v] = u, v
	var bias graph.Node
	if c.bias != nil {
		bias = g.Param(c.bias)
	}
	return g.Conv(x, w, bias, graph.ConvOpts{Stride: c.stride, Pad: c.pad})
}

// forward maps one-hot labels [N LabelDim] to class vectors [N CMap]:
// √2·lrelu(e·Wᵀ/√EmbedDim + b) with e the label's row of the table.
func (c *class) forward(g *graph.Builder, label graph.Node) graph.Node {
	n, classes, dim := label.Shape()[0], c.embed.Shape[0], c.embed.Shape[1]
	e := g.MatMul(g.Reshape(label, 1, n, classes), g.Reshape(g.Param(c.embed), 1, classes, dim), false, false)
	w := g.Scale(g.Param(c.weight), float32(1/math.Sqrt(float64(dim))))
	m := g.Linear(g.Reshape(e, n, dim), w, g.Param(c.bias))
	return g.Scale(g.LeakyReLU(m, slope), math.Sqrt2)
}
