package analysis

import (
	"fmt"
	"math"
	"strings"

	"innate/trainer/figures"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// listRows are those of the list of results, at most.
const listRows = 5

// listWidth is that of the list beside a figure: all that it says, and its frame.
const listWidth = 48

// Draw implements host.View: the results above, or beside where there is width, and
// the figure.
func (v *View) Draw(r host.Rect) []string {
	t := v.h.Theme()
	report, at := v.result()
	if report == nil {
		return host.Framed(t, r, "Analyses", true, v.empty)
	}
	if r.W >= 150 {
		list, figure := host.SplitX(r, listWidth)
		return host.Beside(v.drawList(list, at), v.drawFigure(figure, report))
	}
	list, figure := host.SplitY(r, min(len(v.found.Reports), listRows)+2)
	return append(v.drawList(list, at), v.drawFigure(figure, report)...)
}

// empty says what there is to do.
func (v *View) empty(w, h int) string {
	t := v.h.Theme()
	lines := []string{t.Dim.Render("reading")}
	if v.known {
		lines = []string{"no analysis of this run yet", "", t.Key.Render("n") + t.Dim.Render(" starts one")}
	}
	for _, err := range v.found.Damaged {
		lines = append(lines, t.Bad.Render(widget.Plain(err.Error())))
	}
	return widget.Centered(lines, w, h, t.Glyphs.Ellipsis)
}

func (v *View) drawList(r host.Rect, at int) []string {
	t := v.h.Theme()
	info := t.Dim.Render(fmt.Sprintf("%d of %d", at+1, len(v.found.Reports)))
	if n := len(v.found.Damaged); n > 0 {
		info = t.Bad.Render(fmt.Sprintf("%d damaged", n)) + " " + info
	}
	return host.Framed(t, r, "Analyses", false, func(w, h int) string {
		var lines []string
		first := max(0, min(at-h/2, len(v.found.Reports)-h))
		for i := first; i < len(v.found.Reports) && len(lines) < h; i++ {
			a := v.found.Reports[i]
			mark, ink := "  ", t.Text
			if i == at {
				mark, ink = t.Glyphs.Cursor+" ", t.Accent
			}
			when := a.Time.In(v.h.Options().Location).Format("Jan 02 15:04")
			line := ink.Render(mark + widget.Fit(widget.Plain(a.Name), 16, t.Glyphs.Ellipsis))
			lines = append(lines, line+t.Dim.Render(" "+when+widget.FitLeft(widget.Kimg(a.Nimg), 9)+" kimg"))
		}
		return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
	}, info)
}

// drawFigure draws the figure that is chosen of a result, or how it was measured.
func (v *View) drawFigure(r host.Rect, report *figures.Report) []string {
	t := v.h.Theme()
	n := count(report)
	v.figure = min(v.figure, max(n-1, 0))
	info := t.Dim.Render(fmt.Sprintf("figure %d of %d", v.figure+1, n))
	var title string
	var body func(w, h int) string
	switch k := v.figure; {
	case v.how || n == 0:
		title, info = report.Title, t.Dim.Render("how it was measured")
		body = v.drawHow
	case k < len(report.Maps):
		title, body = report.Maps[k].Title, func(w, h int) string { return v.drawMap(&report.Maps[k], w, h) }
	case k < len(report.Maps)+len(report.Charts):
		c := &report.Charts[k-len(report.Maps)]
		title, body = c.Title, func(w, h int) string { return v.drawChart(c, w, h) }
	default:
		table := &report.Tables[k-len(report.Maps)-len(report.Charts)]
		title, body = table.Title, func(w, h int) string { return v.drawTable(table, w, h) }
	}
	return host.Framed(t, r, widget.Plain(title), true, body, info)
}

// drawHow writes what the numbers depend on.
func (v *View) drawHow(w, h int) string {
	t := v.h.Theme()
	report, _ := v.result()
	var lines []string
	add := func(label, text string) {
		for i, part := range widget.Wrap(widget.Plain(text), max(w-22, 8)) {
			if i > 0 {
				label = ""
			}
			lines = append(lines, " "+t.Dim.Render(widget.Fit(label, 19, t.Glyphs.Ellipsis))+" "+part)
		}
	}
	for _, f := range report.How {
		add(widget.Plain(f.Name), f.Value)
	}
	for _, note := range report.Notes {
		lines = append(lines, "")
		for line := range strings.SplitSeq(strings.TrimRight(note, "\n"), "\n") {
			add("note", line)
		}
	}
	return v.scrolled(lines, w, h)
}

// scrolled shows the lines from the cursor's row on.
func (v *View) scrolled(lines []string, w, h int) string {
	v.row = max(0, min(v.row, len(lines)-h))
	return widget.Block(lines[v.row:], w, h, v.h.Theme().Glyphs.Ellipsis)
}

// drawTable writes a table; its head stays.
func (v *View) drawTable(table *figures.Table, w, h int) string {
	t := v.h.Theme()
	heads := append(append([]string{}, table.Words...), table.Heads...)
	rows := make([][]string, len(table.Rows))
	widths := make([]int, len(heads))
	for i, head := range heads {
		widths[i] = len([]rune(widget.Plain(head)))
	}
	for i, row := range table.Rows {
		for _, word := range row.Words {
			rows[i] = append(rows[i], widget.Plain(word))
		}
		for _, x := range row.Values {
			rows[i] = append(rows[i], figures.Text(x))
		}
		for k, cell := range rows[i] {
			widths[k] = max(widths[k], len([]rune(cell)))
		}
	}
	// Columns to the right come with the cursor, names stay.
	words := len(table.Words)
	v.col = min(v.col, max(len(table.Heads)-1, 0))
	write := func(cells []string) string {
		var b strings.Builder
		for k, cell := range cells {
			switch {
			case k < words:
				b.WriteString(" " + widget.Fit(cell, widths[k], t.Glyphs.Ellipsis))
			case k-words >= v.col:
				b.WriteString("  " + widget.FitLeft(cell, widths[k]))
			}
		}
		return b.String()
	}
	for i := range heads {
		heads[i] = widget.Plain(heads[i])
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = write(row)
	}
	return widget.Block([]string{t.Dim.Render(write(heads))}, w, 1, t.Glyphs.Ellipsis) + "\n" + v.scrolled(lines, w, h-1)
}

// drawChart draws curves with their names above.
func (v *View) drawChart(c *figures.Chart, w, h int) string {
	t := v.h.Theme()
	names := make([]string, len(c.Lines))
	legend := " "
	for i, line := range c.Lines {
		names[i] = widget.Plain(line.Name)
		legend += t.Series[i%theme.SeriesCount].Render(names[i]) + "  "
	}
	chart := widget.NewChart(t, names...)
	chart.ASCII = t.Glyphs.ASCII
	for i, line := range c.Lines {
		for k, x := range line.X {
			if !math.IsNaN(line.Y[k]) {
				chart.Add(i, x, line.Y[k])
			}
		}
	}
	axes := t.Dim.Render(" " + widget.Plain(c.Y) + " over " + widget.Plain(c.X))
	head := widget.Block([]string{legend, axes}, w, 2, t.Glyphs.Ellipsis)
	return head + "\n" + chart.View(w, max(h-2, 1))
}

// cellMax is the most that a cell of a heat map is wide.
const cellMax = 6

// drawMap draws a heat map: in each cell the tenths of its place between the ends of
// the scale, in that colour; the value under the cursor and the scale below.
func (v *View) drawMap(m *figures.Map, w, h int) string {
	t := v.h.Theme()
	v.row, v.col = min(v.row, len(m.Rows)-1), min(v.col, len(m.Cols)-1)
	label := 0
	for _, name := range m.Rows {
		label = max(label, len([]rune(widget.Plain(name))))
	}
	label = min(label, max(w/3, 4))
	cell := max(1, min(cellMax, (w-label-2)/len(m.Cols)))
	cols := max(1, min(len(m.Cols), (w-label-2)/cell))
	left := window(v.col, cols, len(m.Cols))
	var lines []string
	for _, heads := range columnHeads(m.Cols[left:left+cols], cell, w-label-2, min(max(h-3, 0), headLines)) {
		lines = append(lines, strings.Repeat(" ", label+2)+t.Dim.Render(heads))
	}
	rows := max(1, min(len(m.Rows), h-2-len(lines)))
	top := window(v.row, rows, len(m.Rows))
	for i := top; i < top+rows; i++ {
		mark, ink := " ", t.Dim
		if i == v.row {
			mark, ink = t.Glyphs.Cursor, t.Accent
		}
		var b strings.Builder
		b.WriteString(ink.Render(mark+widget.Fit(widget.Plain(m.Rows[i]), label, t.Glyphs.Ellipsis)) + " ")
		for j := left; j < left+cols; j++ {
			b.WriteString(v.cell(m, i, j, cell))
		}
		lines = append(lines, b.String())
	}
	lines = append(lines, v.readout(m, v.row, v.col), v.scale(m))
	return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
}

// window is the first of so many that show, with the cursor in the middle where that
// can be.
func window(cursor, shown, all int) int { return max(0, min(cursor-shown/2, all-shown)) }

// headLines are those above a map, at most.
const headLines = 2

// columnHeads writes names over cells, in a line of w cells or as many more as the names
// need, up to most; one that has room in none is left out.
func columnHeads(names []string, cell, w, most int) []string {
	var lines []string
	for j, name := range names {
		name, at := widget.Plain(name), j*cell
		if at+len([]rune(name)) > w {
			continue
		}
		k := 0
		for k < len(lines) && len([]rune(lines[k])) >= max(at, 1) { // no space between the two
			k++
		}
		switch {
		case k < len(lines):
			lines[k] += strings.Repeat(" ", at-len([]rune(lines[k]))) + name
		case k < most:
			lines = append(lines, strings.Repeat(" ", at)+name)
		}
	}
	return lines
}

// cell draws one cell; that of the cursor is in brackets, or in reverse where there is
// no room for them.
func (v *View) cell(m *figures.Map, i, j, width int) string {
	t := v.h.Theme()
	share := m.Share(m.Values[i][j])
	digit, ink := "-", t.Dim
	if !math.IsNaN(share) {
		tenth := min(int(share*theme.HeatCount), theme.HeatCount-1)
		digit, ink = string(rune('0'+tenth)), t.Heat[tenth]
	}
	pad := width - 1
	text := strings.Repeat(" ", pad/2) + digit + strings.Repeat(" ", pad-pad/2)
	if i != v.row || j != v.col {
		return ink.Render(text)
	}
	if width < 3 {
		return t.Select.Render(text)
	}
	return ink.Render(strings.Repeat(" ", pad/2-1) + "[" + digit + "]" + strings.Repeat(" ", pad-pad/2-1))
}

// readout is the value under the cursor.
func (v *View) readout(m *figures.Map, i, j int) string {
	t := v.h.Theme()
	return " " + t.Dim.Render(widget.Plain(m.RowsOf)) + " " + widget.Plain(m.Rows[i]) + "  " +
		t.Dim.Render(widget.Plain(m.ColsOf)) + " " + widget.Plain(m.Cols[j]) + "  " +
		t.Strong.Render(figures.Text(m.Values[i][j])) + " " + t.Dim.Render(widget.Plain(m.Unit))
}

// scale shows which colour is which value.
func (v *View) scale(m *figures.Map) string {
	t := v.h.Theme()
	var b strings.Builder
	b.WriteString(" " + t.Dim.Render(figures.Text(m.Lo)) + " ")
	for k := range theme.HeatCount {
		b.WriteString(t.Heat[k].Render(string(rune('0' + k))))
	}
	return b.String() + " " + t.Dim.Render(figures.Text(m.Hi))
}
