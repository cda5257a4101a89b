package widget

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"innate/tui/theme"
)

// MoveCursor moves the read-out by columns, switching it on at the newest point.
func (c *Chart) MoveCursor(by int) {
	if !c.lens.reading {
		c.lens.reading, c.lens.newest = true, true
		return
	}
	if c.plotW < 1 {
		return
	}
	col, _ := c.cursorColumn()
	c.setCursor(min(max(col+by, 0), c.plotW-1))
}

// CursorAt puts the read-out on a cell of the last View, and tells whether there
// is one: a click beside the plot changes nothing.
func (c *Chart) CursorAt(col, row int) bool {
	col -= c.labelW + 1
	if col < 0 || col >= c.plotW || row < 0 || row >= c.plotH {
		return false
	}
	c.lens.reading = true
	c.setCursor(col)
	return true
}

// HideCursor switches the read-out off and tells whether it was on.
func (c *Chart) HideCursor() bool {
	on := c.lens.reading
	c.lens.reading = false
	return on
}

// setCursor reads a column of the plot at its right edge, so that it covers what
// the column shows. At the last one it stays with the newest data.
func (c *Chart) setCursor(col int) {
	lo, hi, ok := c.windowX()
	if !ok {
		return
	}
	c.lens.newest = col == c.plotW-1 && !c.behind()
	v := newScale(lo, hi, c.LogX).value(float64(col+1) / float64(c.plotW))
	c.lens.x = c.kimgX(c.clock, v)
}

// cursorX returns the kimg under the cursor.
func (c *Chart) cursorX() (x float64, ok bool) {
	_, hi, ok := c.windowX()
	if !c.lens.reading || !ok {
		return 0, false
	}
	if c.lens.newest {
		x = c.kimgX(c.clock, c.newest(hi))
	} else {
		x = c.lens.x
	}
	if math.IsInf(x, 0) {
		// At the last tick, or after it where another run is longer.
		x = c.clock.Last()
	}
	return x, true
}

// cursorColumn returns the column of the cursor, and whether it is in the window.
func (c *Chart) cursorColumn() (col int, ok bool) {
	lo, hi, _ := c.windowX()
	x, ok := c.cursorX()
	if !ok {
		return 0, false
	}
	if c.lens.newest && !c.behind() {
		return c.plotW - 1, true
	}
	p := newScale(lo, hi, c.LogX).at(c.axisX(c.clock, x))
	if !(p > 0 && p < 1+1e-9) {
		return min(max(int(p*float64(c.plotW)), 0), c.plotW-1), false
	}
	return min(max(int(math.Ceil(p*float64(c.plotW)-1e-6))-1, 0), c.plotW-1), true
}

// Info is the legend for the frame: each curve with its newest value, the best
// one and the axes' modes; or with the cursor on, where that is, the values
// there, and what happened.
func (c *Chart) Info() []string {
	parts := c.legend(true)
	if len(parts) == 0 {
		return nil
	}
	x, reading := c.cursorX()
	if !reading {
		return slices.Concat(parts, c.bestText(), c.leftText(), c.modes())
	}
	parts = slices.Insert(parts, 0, c.theme.Accent.Render(Value(x)+" kimg"))
	if s := c.wallTime(x); s != "" {
		parts = append(parts, c.theme.Dim.Render(s))
	}
	return append(parts, c.markTexts()...)
}

// ReadOut is one line about the cursor: images seen, time, the events within a
// column of it, and the values there. It is empty with the cursor off.
func (c *Chart) ReadOut() string {
	x, ok := c.cursorX()
	if !ok {
		return ""
	}
	parts := []string{c.theme.Accent.Render(Value(x) + " kimg")}
	if s := c.wallTime(x); s != "" {
		parts = append(parts, c.theme.Dim.Render(s))
	}
	return strings.Join(slices.Concat(parts, c.markTexts(), c.legend(true)), "  ")
}

// wallTime words when x was reached.
func (c *Chart) wallTime(x float64) string {
	if !c.clock.Known() {
		return ""
	}
	d := time.Duration(c.clock.Minutes(x) * float64(time.Minute))
	at := c.clock.Start().Add(d).In(c.Location)
	return at.Format("15:04:05") + " after " + Duration(d)
}

// markTexts are the events within a column of the cursor.
func (c *Chart) markTexts() []string {
	lo, hi, ok := c.windowX()
	col, in := c.cursorColumn()
	if !ok || !in || c.plotW < 1 {
		return nil
	}
	var texts []string
	sx := newScale(lo, hi, c.LogX)
	for _, m := range c.marks {
		p, ok := c.markAt(sx, m.X)
		if !ok || max(p-col, col-p) > 1 {
			continue
		}
		text := Plain(m.Text)
		if text == "" {
			text = m.Kind
		}
		texts = append(texts, c.inks()[markInk(m)].Render(c.theme.Glyphs.Event(m.Kind))+" "+text)
	}
	return texts
}

// legend words each visible curve: its sign, name and value, newest or under the
// cursor; there, if asked, with the raw value beside the smoothed one.
func (c *Chart) legend(withRaw bool) []string {
	parts := make([]string, 0, len(c.curves)+4) // with room for what callers add
	x, reading := c.cursorX()
	for i, s := range c.curves {
		if !s.hidden && s.col.Len() > 0 {
			parts = append(parts, c.legendItem(i, x, reading, withRaw))
		}
	}
	return parts
}

func (c *Chart) legendItem(i int, x float64, reading, withRaw bool) string {
	s := c.curves[i]
	ys, raw := s.col.Smoothed(c.Smoothing), ""
	v, ok := 0.0, false
	if !reading {
		v, ok = ys.Last()
	} else if i := s.col.Index(x); i >= 0 && finite(s.col.At(i)) {
		v, ok = ys.At(i), true
		if withRaw && c.Smoothing > 0 {
			raw = c.theme.Dim.Render(" raw " + Value(s.col.At(i)))
		}
	}
	text := "-"
	if ok {
		text = Value(v)
	}
	// Padding to the widest so far keeps the legend from jumping about.
	s.textW = max(s.textW, len(text))
	name, pad := "", s.textW-len(text)
	if len(c.curves) > 1 {
		name = Plain(s.name) + " "
	}
	var b strings.Builder
	b.Grow(64 + len(name) + s.textW + len(raw))
	c.writeSign(&b, i)
	b.WriteByte(' ')
	b.WriteString(name)
	repeat(&b, " ", pad)
	b.WriteString(text)
	b.WriteString(raw)
	return b.String()
}

// bestText names the best value of the first curve; the others have marks.
func (c *Chart) bestText() []string {
	if c.Best == BestNone {
		return nil
	}
	for _, s := range c.curves {
		if i := s.col.Best(c.Best == BestMax); i >= 0 && !s.hidden && !s.guest {
			return []string{c.theme.Dim.Render("best ") + Value(s.col.At(i)) + c.theme.Dim.Render(" at "+Value(s.col.X()[i]))}
		}
	}
	return nil
}

// Sign is what the i-th curve looks like: a line in its colour, with its letter.
func (c *Chart) Sign(i int) string {
	var b strings.Builder
	c.writeSign(&b, i)
	return b.String()
}

func (c *Chart) writeSign(b *strings.Builder, i int) {
	ink := c.theme.Series[i%theme.SeriesCount]
	ink.Start(b)
	if c.ASCII || c.theme.Glyphs.ASCII {
		b.WriteRune(asciiMarks[i%len(asciiMarks)])
	} else {
		b.WriteString(c.theme.Glyphs.Line)
		if c.lettered() {
			b.WriteString(letter(i))
		}
	}
	ink.Stop(b)
}

// lettered tells whether curves carry letters: when colours don't suffice.
func (c *Chart) lettered() bool {
	if c.ASCII || c.theme.Glyphs.ASCII {
		return false // each has a sign of its own
	}
	n := 0
	for _, s := range c.curves {
		if !s.hidden && s.col.Len() > 0 {
			n++
		}
	}
	return n > theme.SeriesCount || n > 1 && (c.Letters || c.theme.Series[0] == c.theme.Series[1])
}

func letter(i int) string { return string(rune('a' + i%26)) }

func (c *Chart) modes() []string {
	var m []string
	if c.LogY {
		m = append(m, "log y")
	}
	if c.LogX {
		m = append(m, "log x")
	}
	if c.Smoothing > 0 {
		m = append(m, fmt.Sprintf("ema %g", c.Smoothing))
	}
	if c.lens.parked {
		m = append(m, "parked")
	}
	for i := range m {
		m[i] = c.theme.Dim.Render(m[i])
	}
	return m
}
