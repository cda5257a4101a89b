package series

import "slices"

// Branch is what a run had beyond the place to which it went back. Its columns begin
// with the point before, from which both ways lead.
type Branch struct {
	At, To float64 // kimg: where it begins, and where it was left

	ticks   *ticks
	first   float64             // kimg of the first tick that was left
	columns map[*Column]*Column // of the run, and what was left of each
	judged  bool                // whether it was made again is known
}

const (
	// branchesKept is how many branches a run remembers, the newest.
	branchesKept = 3
	// branchPoints bounds the points of a column of a branch; of more every n-th stays.
	branchPoints = 4096
)

// Branches are the branches that were left, the oldest first, to be read alone.
func (r *Run) Branches() []*Branch { return r.left }

// Left is a column of a branch.
type Left struct {
	*Column
	Branch *Branch
}

// Left are the branches of a column that were left, the oldest first, to be read alone.
func (c *Column) Left() []Left { return c.left }

// Branch is the clock of a branch of the run, which counts from the same start.
func (k *Clock) Branch(b *Branch) *Clock { return &Clock{of: k, ticks: b.ticks} }

// leave keeps what lies beyond x as a branch, before it is cut.
func (r *Run) leave(x float64) {
	b := &Branch{At: x, first: x, columns: map[*Column]*Column{}}
	k := r.Clock()
	from := Search(k.x, above(x))
	b.To = r.beyond(x)
	if from < len(k.x) {
		b.first, b.To = k.x[from], max(b.To, k.x[len(k.x)-1])
	} else if b.To == 0 {
		return
	}
	from = max(from-1, 0)
	b.ticks = &ticks{x: slices.Clone(k.x[from:]), at: slices.Clone(k.at[from:])}
	for _, c := range r.columns {
		if n := Search(c.X(), above(x)); n < c.Len() {
			left := c.tail(max(n-1, 0))
			b.columns[c] = left
			c.left = append(c.left, Left{left, b})
		}
	}
	if r.left = append(r.left, b); len(r.left) > branchesKept {
		r.forget(r.left[0])
	}
}

// beyond is the last x of a column that lies beyond x, 0 if there is none.
func (r *Run) beyond(x float64) (last float64) {
	for _, c := range r.columns {
		if xs := c.X(); len(xs) > 0 && xs[len(xs)-1] > x {
			last = max(last, xs[len(xs)-1])
		}
	}
	return last
}

// tail copies the points from i on, thinned if they are many; the last one stays.
func (c *Column) tail(i int) *Column {
	t, x := NewColumn(c.Name), c.X()
	step := (c.Len() - i + branchPoints - 1) / branchPoints
	for ; i < c.Len()-1; i += step {
		t.Add(x[i], c.At(i))
	}
	t.Add(x[c.Len()-1], c.At(c.Len()-1))
	return t
}

// judge forgets the newest branch if a tick repeats its first one: a trainer that was
// killed makes the same again, and has left nothing. Times differ in any case.
func (r *Run) judge(x float64, to []*Column, values []float64) {
	if len(r.left) == 0 {
		return
	}
	b := r.left[len(r.left)-1]
	if b.judged || x < b.first {
		return
	}
	b.judged = true
	if x > b.first {
		return
	}
	same, of := 0, 0
	for i, c := range to {
		left := b.columns[c]
		if c == nil || left == nil || !finite(values[i]) {
			continue
		}
		at := left.Index(x)
		if of++; at >= 0 && left.At(at) == values[i] {
			same++
		}
	}
	if 2*same > of {
		r.forget(b)
	}
}

// forget drops a branch.
func (r *Run) forget(b *Branch) {
	r.left = slices.DeleteFunc(slices.Clone(r.left), func(o *Branch) bool { return o == b })
	for c := range b.columns {
		c.left = slices.DeleteFunc(slices.Clone(c.left), func(l Left) bool { return l.Branch == b })
		c.cuts++ // it looks different
	}
}
