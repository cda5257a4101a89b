package series

import (
	"slices"
	"time"
)

// Run is the scalars of one run. It takes ticks in order of x, except that an
// evaluation may come late, with the x of the state that was evaluated.
type Run struct {
	columns []*Column
	byName  map[string]*Column
	only    map[string]bool // names that are kept; nil: all
	clock   *Clock
	born    int
	plans   []plan // for the names of the last ticks
	left    []*Branch
}

// plan is where the values of a tick go whose names are those of a list.
type plan struct {
	names  []string
	to     []*Column // nil: nowhere
	groups []*group
}

// plansKept is for how many lists of names: ticks, evaluations and tests.
const plansKept = 4

// Only returns a run that keeps no other scalars than these.
func Only(names ...string) *Run {
	r := &Run{only: map[string]bool{}}
	for _, name := range names {
		r.only[name] = true
	}
	return r
}

// Clock says when the images had been seen.
func (r *Run) Clock() *Clock {
	if r.clock == nil {
		r.clock = NewClock()
	}
	return r.clock
}

// OwnClock is a clock of the run whose start is another's business.
func (r *Run) OwnClock() *Clock { return &Clock{ticks: r.Clock().ticks} }

// Columns are the scalars in the order in which they were found, to be read
// alone.
func (r *Run) Columns() []*Column { return r.columns }

// Column returns the scalar of that name, made empty if the log had none so far.
func (r *Run) Column(name string) *Column {
	if c := r.byName[name]; c != nil {
		return c
	}
	c := NewColumn(name)
	r.add(c)
	return c
}

// Find returns the scalar of that name, nil if there is none.
func (r *Run) Find(name string) *Column { return r.byName[name] }

func (r *Run) add(c *Column) {
	if r.byName == nil {
		r.byName = map[string]*Column{}
	}
	r.columns, r.byName[c.Name] = append(r.columns, c), c
}

// Append adds a tick: x in kimg. The names must not change any more, and should be
// the same slice for ticks with the same names.
func (r *Run) Append(x float64, at time.Time, names []string, values []float64) {
	r.Clock().Add(x, at)
	p := r.planFor(names)
	for _, g := range p.groups {
		g.push(x)
	}
	for i, c := range p.to {
		if c != nil {
			c.y.push(values[i])
		}
	}
	r.judge(x, p.to, values)
}

// planFor finds out where the values of a tick go.
func (r *Run) planFor(names []string) *plan {
	for i := range r.plans {
		if p := &r.plans[i]; len(p.names) == len(names) && (len(names) == 0 || &p.names[0] == &names[0]) {
			return p
		}
	}
	r.born++
	p := plan{names: names, to: make([]*Column, len(names))}
	fresh := &group{} // of the scalars that nobody has seen before
	for i, name := range names {
		if r.only != nil && !r.only[name] {
			continue
		}
		c := r.byName[name]
		if c == nil {
			c = &Column{Name: name, top: -1, group: fresh}
			fresh.members = append(fresh.members, c)
			r.add(c)
		}
		if c.Born == 0 {
			c.Born = r.born
		}
		p.to[i] = c
	}
	r.split(p.to)
	for _, c := range p.to {
		if c != nil && !slices.Contains(p.groups, c.group) {
			p.groups = append(p.groups, c.group)
		}
	}
	if len(r.plans) == plansKept {
		r.plans = slices.Delete(r.plans, 0, 1)
	}
	r.plans = append(r.plans, p)
	return &r.plans[len(r.plans)-1]
}

// split takes the columns that a tick has from those of their groups that it has
// not: from now on they have an x of their own.
func (r *Run) split(present []*Column) {
	for _, c := range present {
		if c == nil {
			continue
		}
		old := c.group
		in := slices.DeleteFunc(slices.Clone(old.members), func(m *Column) bool { return !slices.Contains(present, m) })
		if len(in) == len(old.members) {
			continue
		}
		old.members = slices.DeleteFunc(old.members, func(m *Column) bool { return slices.Contains(in, m) })
		apart := &group{x: slices.Clone(old.x), members: in}
		for _, m := range in {
			m.group = apart
		}
		r.plans = nil // they know the groups as they were
	}
}

// Cut takes back what lies beyond nimg, where the run went back to: that is a branch
// from now on.
func (r *Run) Cut(nimg int64) {
	x := float64(nimg) / 1000
	r.leave(x)
	r.cut(x)
}

func (r *Run) cut(x float64) {
	r.Clock().cut(x)
	for _, c := range r.columns {
		g := c.group
		n := Search(g.x, above(x))
		c.truncate(n)
		g.x = g.x[:n]
	}
}

// Reset drops everything but the names.
func (r *Run) Reset() {
	for len(r.left) > 0 {
		r.forget(r.left[0])
	}
	r.cut(-1)
}

// LastNimg is the images seen at the newest tick.
func (r *Run) LastNimg() (nimg int64) {
	if k := r.Clock(); k.Known() {
		return int64(k.Last()*1000 + 0.5)
	}
	return 0
}
