package analysis

import (
	"fmt"
	"math"
	"slices"

	"innate/models/nn"
	"innate/models/precond"
	"innate/trainer/figures"
)

// Change is what became of one tensor, split exactly into what its direction and what
// its length did: with the angle θ between before and after,
//
//	|after - before|² = 2·|before|·|after|·(1 - cos θ) + (|after| - |before|)²
type Change struct {
	Layer nn.Layer

	Before     float64 // |before|², the sum of squares
	Whole      float64 // |after - before|²
	Direction  float64 // the first summand
	Norm       float64 // the second
	After      float64 // |after|²
	Filters    int     // output channels, of a tensor with more than one axis; else 0
	FilterTurn float64 // mean angle of a filter, in radians
	FilterNorm float64 // mean of a filter's |after|/|before| - 1, over those that were not 0
}

// Angle is θ in radians, NaN where before or after is 0. It comes from the sum of
// Direction, which loses nothing where θ is small.
func (c *Change) Angle() float64 { return angleOf(c.Direction, c.Before, c.After) }

// angleOf is the angle between vectors of the squared lengths a and b whose change of
// direction is d.
func angleOf(d, a, b float64) float64 {
	if a == 0 || b == 0 {
		return math.NaN()
	}
	return 2 * math.Asin(min(1, math.Sqrt(d/math.Sqrt(a*b))/2))
}

// Compare measures all tensors of after against those of before, which must have them
// in the same shapes, and may have others.
func Compare(before, after precond.Net) ([]Change, error) {
	list := make([]Change, 0, len(after.Layers()))
	for i, p := range after.Params().All() {
		q := before.Params().Get(p.Name)
		switch {
		case q == nil:
			return nil, fmt.Errorf("analysis: tensor %q: missing in what it is compared with, want two networks of one architecture", p.Name)
		case !slices.Equal(p.Shape, q.Shape):
			return nil, fmt.Errorf("analysis: tensor %q: shape %v in what it is compared with, want %v", p.Name, q.Shape, p.Shape)
		}
		c := Change{Layer: after.Layers()[i]}
		c.Before, c.After, c.Whole = sums(q.Data, p.Data)
		c.Direction, c.Norm = split(c.Before, c.After, c.Whole)
		if len(p.Shape) > 1 {
			c.ofFilters(q.Data, p.Data, p.Shape[0])
		}
		list = append(list, c)
	}
	return list, nil
}

// ofFilters averages over the output channels, the first axis of a tensor.
func (c *Change) ofFilters(before, after []float32, filters int) {
	c.Filters = filters
	each, counted := len(after)/filters, 0
	for f := range filters {
		a, b, whole := sums(before[f*each:(f+1)*each], after[f*each:(f+1)*each])
		direction, _ := split(a, b, whole)
		if a == 0 || b == 0 {
			continue
		}
		counted++
		c.FilterTurn += angleOf(direction, a, b)
		c.FilterNorm += math.Sqrt(b/a) - 1
	}
	c.FilterTurn /= float64(counted) // NaN of none
	c.FilterNorm /= float64(counted)
}

// sums are |before|², |after|² and |after - before|².
func sums(before, after []float32) (a, b, whole float64) {
	for i, v := range after {
		x, y := float64(before[i]), float64(v)
		a += x * x
		b += y * y
		whole += (y - x) * (y - x)
	}
	return a, b, whole
}

// split parts |after - before|² into direction and norm.
func split(a, b, whole float64) (direction, norm float64) {
	d := math.Sqrt(b) - math.Sqrt(a)
	norm = min(d*d, whole) // which rounding alone could exceed
	return whole - norm, norm
}

// Pair is a network and what it came from.
type Pair struct{ After, Before *Network }

// Weights compares networks with what they came from, side by side: what each tensor
// did, and groups of them by role, kind, part and resolution.
func Weights(pairs ...Pair) (*figures.Report, error) {
	r := newReport("weights", "What training changed of the weights", pairs[0].After)
	changes := make([][]Change, len(pairs))
	for i, p := range pairs {
		var err error
		if changes[i], err = Compare(p.Before.Den.Net, p.After.Den.Net); err != nil {
			return nil, err
		}
		if i > 0 {
			r.How = append(r.How, p.After.facts("and")...)
			if err := alike(changes[0], changes[i]); err != nil {
				return nil, err
			}
		}
		r.How = append(r.How, p.Before.facts("against")...)
	}
	r.How = append(r.How, figures.Fact{Name: "distance", Value: "|after - before|/|before|, of a group over all its values; direction and norm are its parts, whose squares add up to that of distance, norm being ||after| - |before||/|before|; angle in degrees; filters are output channels"},
		figures.Fact{Name: "definition", Value: definition})
	for _, by := range []string{"kind", "role", "part", "resolution", "block"} {
		r.Tables = append(r.Tables, groupTable(changes, by))
	}
	r.Tables = append(r.Tables, tensorTable(changes))
	r.Maps = append(r.Maps, changeMap(changes[0]))
	return r, nil
}

// alike refuses networks that cannot stand side by side.
func alike(a, b []Change) error {
	same := slices.EqualFunc(a, b, func(x, y Change) bool {
		return x.Layer.Name == y.Layer.Name && slices.Equal(x.Layer.Shape, y.Layer.Shape)
	})
	if !same {
		return fmt.Errorf("analysis: networks of %d and %d tensors, want the same tensors to stand side by side", len(a), len(b))
	}
	return nil
}

// numbered ends a head with the number of its network, where there are several.
func numbered(head string, k, of int) string {
	if of == 1 {
		return head
	}
	return fmt.Sprintf("%s %d", head, k+1)
}

func groupTable(changes [][]Change, by string) figures.Table {
	t := figures.Table{Name: "by-" + by, Title: "By " + by, Words: []string{by}, Heads: []string{"tensors", "values"}}
	for k := range changes {
		for _, head := range []string{"distance", "direction", "norm"} {
			t.Heads = append(t.Heads, numbered(head, k, len(changes)))
		}
	}
	layers := layersOf(changes[0])
	for _, g := range groupsOf(layers, by) {
		row := figures.Row{Words: []string{g.name}}
		values := 0
		for _, i := range g.layers {
			values += layers[i].Count()
		}
		row.Values = figures.Numbers{float64(len(g.layers)), float64(values)}
		for _, list := range changes {
			m := moved(list, g.layers)
			row.Values = append(row.Values, m.distance, m.direction, m.norm)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func layersOf(list []Change) []nn.Layer {
	layers := make([]nn.Layer, len(list))
	for i := range list {
		layers[i] = list[i].Layer
	}
	return layers
}

// movement is what a group did, relative to its length before; NaN if that is 0.
type movement struct{ distance, direction, norm float64 }

func moved(list []Change, of []int) movement {
	var sum Change
	for _, i := range of {
		sum.Before += list[i].Before
		sum.Whole += list[i].Whole
		sum.Direction += list[i].Direction
		sum.Norm += list[i].Norm
	}
	relative := func(v float64) float64 {
		if sum.Before == 0 {
			return math.NaN()
		}
		return math.Sqrt(v / sum.Before)
	}
	return movement{relative(sum.Whole), relative(sum.Direction), relative(sum.Norm)}
}

func tensorTable(changes [][]Change) figures.Table {
	t := figures.Table{Name: "tensors", Title: "Tensors", Words: []string{"tensor"}, Heads: []string{"values"}}
	for k := range changes {
		for _, head := range []string{"distance", "angle", "norm ratio - 1", "filters' angle", "filters' norm ratio - 1"} {
			t.Heads = append(t.Heads, numbered(head, k, len(changes)))
		}
	}
	for i, first := range changes[0] {
		row := figures.Row{Words: []string{first.Layer.Name}, Values: figures.Numbers{float64(first.Layer.Count())}}
		for _, list := range changes {
			c := &list[i]
			turn, norm := math.NaN(), math.NaN()
			if c.Filters > 0 {
				turn, norm = degrees(c.FilterTurn), c.FilterNorm
			}
			row.Values = append(row.Values, moved(list, []int{i}).distance, degrees(c.Angle()), ratio(c), turn, norm)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func degrees(radians float64) float64 { return radians * 180 / math.Pi }

// ratio is |after|/|before| - 1.
func ratio(c *Change) float64 {
	if c.Before == 0 {
		return math.NaN()
	}
	return math.Sqrt(c.After/c.Before) - 1
}

// changeMap shows the distance of every role in every block.
func changeMap(list []Change) figures.Map {
	layers := layersOf(list)
	m := figures.Map{
		Name: "distance", Title: "Distance of weights from where they began", RowsOf: "block", ColsOf: "role", Unit: "|after - before|/|before|",
	}
	roles := map[string]int{}
	for _, g := range groupsOf(layers, "role") {
		roles[g.name] = len(m.Cols)
		m.Cols = append(m.Cols, g.name)
	}
	for _, g := range groupsOf(layers, "block") {
		row := make(figures.Numbers, len(m.Cols))
		for k := range row {
			row[k] = math.NaN()
		}
		of := map[string][]int{}
		for _, i := range g.layers {
			of[roleOf(layers[i])] = append(of[roleOf(layers[i])], i)
		}
		for role, members := range of {
			v := moved(list, members).distance
			row[roles[role]] = v
			if !math.IsNaN(v) {
				m.Hi = max(m.Hi, v)
			}
		}
		m.Rows, m.Values = append(m.Rows, g.name), append(m.Values, row)
	}
	return m
}
