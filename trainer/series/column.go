package series

import "slices"

// Column is one scalar: points in order of x, NaN where there was no value.
// Appending stores a number; summaries are made when somebody looks, and then
// only for what is new.
type Column struct {
	Name string
	Born int // orders columns by when they were first seen, those of one tick alike; 0 if not yet

	group    *group
	y        values
	pyramid  pyramid
	averages []*average // the last used first
	cuts     int
	left     []Left // branches that were left, the newest last

	top     int  // index of the best value among the first topSeen, -1 = none
	topSeen int  // values looked at for it
	topMax  bool // whether the largest is the best
}

// group are columns that have the same x.
type group struct {
	x       []float64
	members []*Column
}

// NewColumn returns a column of no run, with an x of its own.
func NewColumn(name string) *Column {
	c := &Column{Name: name, top: -1}
	c.group = &group{members: []*Column{c}}
	return c
}

// Add appends a point to a column of no run.
func (c *Column) Add(x, y float64) {
	c.group.push(x)
	c.y.push(y)
}

// push appends an x. A resumed run may repeat its last tick; x must not go back.
func (g *group) push(x float64) {
	if n := len(g.x); n > 0 {
		x = max(x, g.x[n-1])
	}
	g.x = append(g.x, x)
}

// Len is the number of points.
func (c *Column) Len() int { return c.y.n }

// Version tells states of a column apart.
type Version struct {
	Column       *Column
	points, cuts int
}

// Version is the present one.
func (c *Column) Version() Version { return Version{c, c.y.n, c.cuts} }

// X are the places of the points, to be read alone.
func (c *Column) X() []float64 { return c.group.x[:c.y.n] }

// At returns the value of point i.
func (c *Column) At(i int) float64 { return c.y.at(i) }

// Index returns the index of the last point up to x, -1 if there is none.
func (c *Column) Index(x float64) int { return Search(c.X(), above(x)) - 1 }

// truncate keeps the first n points.
func (c *Column) truncate(n int) {
	if n >= c.y.n {
		return
	}
	c.y.truncate(n)
	c.pyramid.truncate(n)
	c.averages = nil
	c.cuts++
	c.top, c.topSeen = -1, 0
}

// Best returns the index of the first smallest, or largest, finite value, -1 if
// there is none.
func (c *Column) Best(largest bool) int {
	if c.topMax != largest {
		c.top, c.topSeen, c.topMax = -1, 0, largest
	}
	for i := c.topSeen; i < c.y.n; i++ {
		y := c.y.at(i)
		if !finite(y) {
			continue
		}
		if c.top < 0 || largest && y > c.y.at(c.top) || !largest && y < c.y.at(c.top) {
			c.top = i
		}
	}
	c.topSeen = c.y.n
	return c.top
}

// averagesKept is how many moving averages of a column are kept: charts of two
// smoothings may show it at once.
const averagesKept = 2

// Smoothed returns the moving average with the given weight on the past, 0 for
// the column itself. It is as of now: after an append it has to be asked for
// again.
func (c *Column) Smoothed(weight float64) View {
	for i := c.pyramid.blocks() * Block; i+Block <= c.y.n; i += Block {
		chunk := c.y.chunks[i/chunkLen]
		c.pyramid.push(blockOf(chunk[i%chunkLen : i%chunkLen+Block]))
	}
	if weight <= 0 {
		return View{c, nil}
	}
	i := slices.IndexFunc(c.averages, func(a *average) bool { return a.weight == weight })
	switch {
	case i < 0:
		c.averages = slices.Insert(c.averages[:min(len(c.averages), averagesKept-1)], 0, &average{weight: weight})
	case i > 0:
		c.averages[0], c.averages[i] = c.averages[i], c.averages[0]
	}
	a := c.averages[0]
	a.sync(&c.y)
	return View{c, a}
}

// View is a column, or its moving average.
type View struct {
	c *Column
	a *average // nil: the column itself
}

// At returns the value of point i.
func (v View) At(i int) float64 {
	if v.a == nil {
		return v.c.y.at(i)
	}
	return v.a.at(&v.c.y, i)
}

// Last returns the newest finite value.
func (v View) Last() (float64, bool) {
	for i := v.c.y.n - 1; i >= 0; i-- {
		if finite(v.c.y.at(i)) {
			return v.At(i), true
		}
	}
	return 0, false
}

// Span summarizes the points from i up to j. With positive, values up to zero are
// gaps like NaN.
func (v View) Span(i, j int, positive bool) (s Span) {
	p := v.c.pyramid
	if v.a != nil {
		p = v.a.pyramid
	}
	for i < j {
		b, size := p.largest(i, j, positive)
		if size > 0 {
			s.join(b)
		} else {
			size = min(Block-i%Block, j-i)
			v.addTo(&s, i, i+size, positive)
		}
		i += size
	}
	return s
}

// addTo appends the points from i up to j, all of one block, to a span.
func (v View) addTo(s *Span, i, j int, positive bool) {
	if v.a != nil {
		v.a.addTo(s, &v.c.y, i, j, positive)
		return
	}
	for _, y := range v.c.y.chunks[i/chunkLen][i%chunkLen : i%chunkLen+j-i] {
		s.add(y, positive)
	}
}
