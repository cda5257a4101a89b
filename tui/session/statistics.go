package session

import "math"

// Measurement numbers what is measured of a layer.
type Measurement int

// The measurements, and how many there are.
const (
	GradientNorm Measurement = iota
	UpdateRatio              // size of a step relative to the weights
	Distance                 // from the teacher, relative to its weights
	Measurements             // those with a column

	// The parts of the distance, which its detail shows.
	Direction = Measurement(iota - 1)
	Norm
	recorded
)

// historyLen is how many values over time are kept of each node. When they are
// full, neighbours are merged and from then on each stands for twice as many
// measurements, so the whole run stays in view.
const historyLen = 128

// Statistics are the measurements of every node over time. Those of frozen layers
// are NaN.
type Statistics struct {
	Nimg   []int64             // of the last measurement in each value
	v      [recorded][]float32 // historyLen values of node 0, then of node 1, …
	last   [recorded][]float32 // the newest measurement of each node
	stride int                 // measurements in a value …
	open   int                 // … and how many of them the newest has
}

// add appends a measurement at nimg images: a value for each layer, in the order
// of the network's names, NaN where there is none; nil for a whole measurement
// that is not taken. Slices of another length belong to another network and are
// ignored. A run that was resumed from a checkpoint may go back in nimg: what
// came after is forgotten.
func (s *Statistics) add(n *Network, nimg int64, given [recorded][]float64) {
	for _, v := range given {
		if v != nil && len(v) != len(n.Tensors) {
			return
		}
	}
	if len(n.Tensors) == 0 {
		return
	}
	s.begin(nimg, len(n.Nodes))
	for k, v := range given {
		s.record(n, Measurement(k), v)
	}
}

// begin makes room for a measurement: a new value, or a share in the newest.
func (s *Statistics) begin(nimg int64, nodes int) {
	if s.stride == 0 {
		s.stride = 1
		for k := range s.v {
			s.v[k], s.last[k] = make([]float32, historyLen*nodes), make([]float32, nodes)
		}
	}
	for len(s.Nimg) > 0 && s.Nimg[len(s.Nimg)-1] >= nimg {
		s.Nimg = s.Nimg[:len(s.Nimg)-1]
		s.open = s.stride
	}
	if len(s.Nimg) > 0 && s.open < s.stride {
		s.Nimg[len(s.Nimg)-1] = nimg
		s.open++
		return
	}
	if len(s.Nimg) == historyLen {
		s.halve(nodes)
	}
	s.Nimg = append(s.Nimg, nimg)
	s.open = 1
}

// record adds a measurement to the newest value of every node. The gradient norm
// of a block is that of all its gradients in one vector; of ratios it takes the
// root of the mean square over parameters.
func (s *Statistics) record(n *Network, k Measurement, given []float64) {
	mass := make([]float64, len(n.Nodes)) // what the squares are weighted by
	square := make([]float64, len(n.Nodes))
	value := make([]float64, len(n.Tensors)) // in order of the tree
	for i, pos := range n.order {
		value[pos] = math.NaN()
		if given != nil {
			value[pos] = given[i]
		}
	}
	for i := len(n.Nodes) - 1; i >= 0; i-- {
		u := &n.Nodes[i]
		if u.Level == LevelTensor || u.Level == LevelUnit {
			for j := u.Lo; j < u.Hi; j++ {
				if v := value[j]; !math.IsNaN(v) {
					w := float64(n.Tensors[j].Count)
					mass[i] += w
					if k == GradientNorm {
						w = 1
					}
					square[i] += w * v * v
				}
			}
		}
		if u.Parent >= 0 && u.Level != LevelTensor {
			mass[u.Parent] += mass[i]
			square[u.Parent] += square[i]
		}
		v := math.NaN()
		switch {
		case mass[i] == 0:
		case k == GradientNorm:
			v = math.Sqrt(square[i])
		default:
			v = math.Sqrt(square[i] / mass[i])
		}
		s.put(k, i, float32(v))
	}
}

// put takes a node's measurement over: as the newest value, or into its mean.
func (s *Statistics) put(k Measurement, node int, x float32) {
	s.last[k][node] = x
	v := &s.v[k][node*historyLen+len(s.Nimg)-1]
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
func (s *Statistics) halve(nodes int) {
	for i := range historyLen / 2 {
		s.Nimg[i] = s.Nimg[2*i+1]
	}
	s.Nimg = s.Nimg[:historyLen/2]
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

// Series returns the values of a node, oldest first. It is valid until the next
// measurement.
func (s *Statistics) Series(k Measurement, node int) []float32 {
	if s.v[k] == nil {
		return nil
	}
	return s.v[k][node*historyLen:][:len(s.Nimg)]
}

// Latest returns the newest measurement, NaN if there is none.
func (s *Statistics) Latest(k Measurement, node int) float64 {
	if s.last[k] == nil {
		return math.NaN()
	}
	return float64(s.last[k][node])
}
