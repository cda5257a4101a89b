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
}

const (
	markW    = 2  // cursor and mark
	nameMax  = 40 // what the longest common name needs in a sorted list
	sparkMax = 96
	sparkGap = 2
)

// columnsFor decides by width alone, so that nothing moves while values change.
func columnsFor(w int) columns {
	c := columns{indent: 1, params: 8, state: 2}
	switch {
	case w >= 116:
		c = columns{indent: 2, kind: 8, params: 9, state: 11, each: 9, all: true, spark: 22}
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
	measured := c.each
	if c.all {
		measured *= int(session.Measurements)
	}
	c.name = w - markW - c.kind - c.shape - c.params - 1 - c.state - measured
	if c.spark > 0 {
		c.name -= sparkGap + c.spark
	}
	c.name = max(c.name, 0)
	if extra := c.name - nameMax; extra > 0 && c.spark > 0 {
		extra = min(extra, sparkMax-c.spark)
		c.name -= extra
		c.spark += extra
	}
	return c
}

// shows tells whether a measurement has a column: the one that is drawn over
// time, and the others where there is room.
func (c *columns) shows(m, overTime session.Measurement) bool {
	return c.each > 0 && (c.all || m == overTime)
}

// at returns the column at cell x.
func (c *columns) at(x int, overTime session.Measurement) session.LayerColumn {
	type span struct {
		column session.LayerColumn
		w      int
	}
	spans := []span{
		{session.ByName, markW + c.name}, {session.ByKind, c.kind}, {session.ByTree, c.shape}, {session.ByParams, c.params + 1}, {session.ByState, c.state},
	}
	for m := range session.Measurements {
		if c.shows(m, overTime) {
			spans = append(spans, span{session.ColumnOf(m), c.each})
		}
	}
	for _, s := range spans {
		if x < s.w {
			return s.column
		}
		x -= s.w
	}
	return session.ByTree
}
