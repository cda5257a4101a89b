package layers

import "innate/tui/session"

// columns are the widths of the columns; 0 leaves one out. The name takes what is
// left, and past nameMax the sparkline.
type columns struct {
	indent            int // per level
	name, kind, shape int
	params, state     int
	each              int  // of a measurement; like params, with the arrow's cell
	all               bool // three of them
	spark             int
	probed            bool // those of a probe, besides
}

const (
	markW    = 2  // cursor and mark
	nameGap  = 1  // between a name and what follows
	nameMax  = 40 // what the longest common name needs in a sorted list
	sparkMax = 96
	sparkGap = 2

	nameWhole = 24 // what tells the layers of one network apart there
)

// columnsFor decides by width, whether there is a probe, and whether rows have their
// whole names, so that nothing moves while values change.
func columnsFor(w int, probed, whole bool) columns {
	c := columns{indent: 1, params: 8, state: 2}
	switch {
	case w >= 116:
		c = columns{indent: 2, kind: 8, params: 9, state: 11, each: 9, all: true, spark: 22}
		if c.probed = probed; probed {
			c.spark = 10
		}
		if w >= 150 {
			c.shape = 16
		}
	case w >= 70:
		c = columns{indent: 2, kind: 7, params: 8, state: 10, each: 9, spark: 14}
	case w >= 56:
		c.indent, c.kind, c.state = 2, 7, 9
	case w >= 44:
		c.kind, c.state = 7, 9
	case w >= 34:
		c.kind = 7
	}
	c.name = c.left(w)
	if whole && c.name < nameWhole {
		c.kind = 0 // the name says it
		c.name = c.left(w)
	}
	if whole && c.name < nameWhole {
		c.params = 0
		c.name = c.left(w)
	}
	c.name = max(c.name, 0)
	if extra := c.name - nameMax; extra > 0 && c.spark > 0 {
		extra = min(extra, sparkMax-c.spark)
		c.name -= extra
		c.spark += extra
	}
	return c
}

// left is what the other columns leave of w cells.
func (c *columns) left(w int) int {
	w -= markW + c.kind + c.shape + c.params + 1 + c.state
	if c.all {
		w -= c.each * int(session.Measurements)
	} else {
		w -= c.each
	}
	if c.probed {
		w -= 2 * c.each
	}
	if c.spark > 0 {
		w -= sparkGap + c.spark
	}
	return w
}

// numbers are the columns of numbers: where there is room for one alone, that of a
// probe by which rows are sorted, or else what is drawn over time.
func (c *columns) numbers(o *session.LayerOrder) []session.LayerColumn {
	switch {
	case c.each == 0:
		return nil
	case c.probed:
		return numbersAndProbe
	case c.all:
		return numbersAndProbe[:session.Measurements]
	case o.By == session.ByCost || o.By == session.ByChange:
		return []session.LayerColumn{o.By}
	}
	return []session.LayerColumn{session.ColumnOf(o.OverTime)}
}

var numbersAndProbe = []session.LayerColumn{session.ByGrad, session.ByUpdate, session.ByDistance, session.ByCost, session.ByChange}

// at returns the column at cell x.
func (c *columns) at(x int, order *session.LayerOrder) session.LayerColumn {
	type span struct {
		column session.LayerColumn
		w      int
	}
	spans := []span{
		{session.ByName, markW + c.name}, {session.ByKind, c.kind}, {session.ByTree, c.shape}, {session.ByParams, c.params + 1}, {session.ByState, c.state},
	}
	for _, column := range c.numbers(order) {
		spans = append(spans, span{column, c.each})
	}
	for _, s := range spans {
		if x < s.w {
			return s.column
		}
		x -= s.w
	}
	return session.ByTree
}
