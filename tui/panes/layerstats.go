package panes

import "math"

// stat numbers the measurements of a layer.
type stat int

const (
	statGrad     stat = iota // norm of the gradient
	statUpdate               // size of a step relative to the weights
	statDistance             // distance from the teacher relative to its weights
	statCount
)

// historyLen is how many values over time are kept of each node. When they are
// full, neighbours are merged and from then on each stands for twice as many
// measurements, so the whole run stays in view.
const historyLen = 128

// layerStats is the history of every node. Values of frozen layers are NaN.
type layerStats struct {
	nimg   []int64              // of the last measurement in each value
	v      [statCount][]float32 // historyLen values of node 0, then of node 1, …
	last   [statCount][]float32 // the newest measurement of each node
	stride int                  // measurements in a value …
	open   int                  // … and how many of them the newest has
}

// SetStats appends a measurement at nimg images: a value for each layer, in the
// order given to SetLayers, which comes first; NaN where there is none, nil for
// a whole measurement that is not taken. Slices of another length belong to
// another network and are ignored. A run that was resumed from a checkpoint may
// go back in nimg: what came after is forgotten.
func (l *Layers) SetStats(nimg int64, grad, update, distance []float64) {
	given := [statCount][]float64{grad, update, distance}
	for _, v := range given {
		if v != nil && len(v) != len(l.net.tensors) {
			return
		}
	}
	if len(l.net.tensors) == 0 {
		return
	}
	l.stats.begin(nimg, len(l.net.nodes))
	for k, v := range given {
		l.record(stat(k), v)
	}
	if _, ok := l.sort.stat(); ok {
		l.rebuild() // in another order
	}
}

// ClearStats forgets all measurements.
func (l *Layers) ClearStats() {
	l.stats = layerStats{}
	l.rebuild()
}

// begin makes room for a measurement: a new value, or a share in the newest.
func (s *layerStats) begin(nimg int64, nodes int) {
	if s.stride == 0 {
		s.stride = 1
		for k := range s.v {
			s.v[k], s.last[k] = make([]float32, historyLen*nodes), make([]float32, nodes)
		}
	}
	for len(s.nimg) > 0 && s.nimg[len(s.nimg)-1] >= nimg {
		s.nimg = s.nimg[:len(s.nimg)-1]
		s.open = s.stride
	}
	if len(s.nimg) > 0 && s.open < s.stride {
		s.nimg[len(s.nimg)-1] = nimg
		s.open++
		return
	}
	if len(s.nimg) == historyLen {
		s.halve(nodes)
	}
	s.nimg = append(s.nimg, nimg)
	s.open = 1
}

// record adds a measurement to the newest value of every node. The gradient norm of a block is
// that of all its gradients in one vector; of ratios it takes the root of the
// mean square over parameters.
func (l *Layers) record(k stat, given []float64) {
	n := l.net
	mass := make([]float64, len(n.nodes)) // what the squares are weighted by
	square := make([]float64, len(n.nodes))
	value := make([]float64, len(n.tensors)) // in order of the tree
	for i, pos := range n.order {
		value[pos] = math.NaN()
		if given != nil {
			value[pos] = given[i]
		}
	}
	for i := len(n.nodes) - 1; i >= 0; i-- {
		u := &n.nodes[i]
		if u.level == levelTensor || u.level == levelUnit {
			for j := u.lo; j < u.hi; j++ {
				if v := value[j]; !math.IsNaN(v) {
					w := float64(n.tensors[j].Count)
					mass[i] += w
					if k == statGrad {
						w = 1
					}
					square[i] += w * v * v
				}
			}
		}
		if u.parent >= 0 && u.level != levelTensor {
			mass[u.parent] += mass[i]
			square[u.parent] += square[i]
		}
		v := math.NaN()
		switch {
		case mass[i] == 0:
		case k == statGrad:
			v = math.Sqrt(square[i])
		default:
			v = math.Sqrt(square[i] / mass[i])
		}
		l.stats.put(k, i, float32(v))
	}
}

// put takes a node's measurement over: as the newest value, or into its mean.
func (s *layerStats) put(k stat, node int, x float32) {
	s.last[k][node] = x
	v := &s.v[k][node*historyLen+len(s.nimg)-1]
	if s.open == 1 {
		*v = x
		return
	}
	*v = mean(*v, x, 1/float32(s.open))
}

// mean moves a towards b by a share; of a pair with one NaN it is the other.
func mean(a, b, share float32) float32 {
	switch {
	case a != a:
		return b
	case b != b:
		return a
	}
	return a + (b-a)*share
}

// halve merges neighbours in time.
func (s *layerStats) halve(nodes int) {
	for i := range historyLen / 2 {
		s.nimg[i] = s.nimg[2*i+1]
	}
	s.nimg = s.nimg[:historyLen/2]
	s.stride *= 2
	for k := range s.v {
		for n := range nodes {
			v := s.v[k][n*historyLen : (n+1)*historyLen]
			for i := range historyLen / 2 {
				v[i] = mean(v[2*i], v[2*i+1], 0.5)
			}
		}
	}
}

// series returns the values of a node, oldest first.
func (s *layerStats) series(k stat, node int) []float32 {
	if s.v[k] == nil {
		return nil
	}
	return s.v[k][node*historyLen:][:len(s.nimg)]
}

// latest returns the newest measurement, NaN if there is none.
func (s *layerStats) latest(k stat, node int) float64 {
	if s.last[k] == nil {
		return math.NaN()
	}
	return float64(s.last[k][node])
}

// spark spreads a node's history over the cells of dst, the newest at the right
// end: a cell for each value while they fit, then means. Cells without a value
// are NaN.
func (s *layerStats) spark(dst []float32, k stat, node int) {
	nan := float32(math.NaN())
	for i := range dst {
		dst[i] = nan
	}
	v := s.series(k, node)
	if len(v) <= len(dst) {
		copy(dst[len(dst)-len(v):], v)
		return
	}
	cell, n := -1, float32(0)
	for i, x := range v {
		if c := i * len(dst) / len(v); c != cell {
			cell, n = c, 0
		}
		if x == x {
			n++
			dst[cell] = mean(dst[cell], x, 1/n)
		}
	}
}
