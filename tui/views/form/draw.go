package form

import (
	"fmt"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// The explanation stands right of the settings where there is width for both,
// else below.
const (
	formSide   = 150
	sideW      = 54
	formHelpH  = 6
	formLeastH = 16
)

func (f *View) split(r host.Rect) (list, help host.Rect) {
	switch {
	case r.W >= formSide:
		return host.SplitX(r, r.W-sideW)
	case r.H >= formLeastH:
		return host.SplitY(r, r.H-formHelpH)
	}
	return r, host.Rect{}
}

// Draw implements host.View.
func (f *View) Draw(r host.Rect) []string {
	t, e := f.h.Theme(), f.at()
	list, help := f.split(r)
	in := host.Inner(list)
	body := f.form.View(t, in.W, in.H) // before its Info
	lines := host.Framed(f.h.Theme(), list, widget.Plain(session.NameOf(f.source)), true, func(int, int) string { return body }, f.form.Info(t)...)
	if help.H == 0 {
		return lines
	}
	side := host.Framed(f.h.Theme(), help, e.Key, false, func(w, h int) string {
		text := f.help(t, w-2)
		if help.X > 0 {
			text = append(text, f.summary(t, w-2, h-len(text))...)
		}
		for i := range text {
			text[i] = " " + text[i]
		}
		return widget.Block(text, w, h, t.Glyphs.Ellipsis)
	})
	if help.X == 0 {
		return append(lines, side...)
	}
	for i := range lines {
		lines[i] += side[i]
	}
	return lines
}

// help explains the setting under the cursor in lines of w cells.
func (f *View) help(t *theme.Theme, w int) []string {
	e, was := f.at(), f.from[f.form.Cursor()].Value
	lines := widget.Wrap(widget.Plain(e.Doc), w)
	pair := func(name, text string) string { return t.Dim.Render(widget.Fit(name, 8, "")) + text }
	lines = append(lines, pair("values", widget.Plain(e.Want)))
	if f.changed(f.form.Cursor()) {
		lines = append(lines, pair("was", widget.Plain(session.ShortValue(was))))
	}
	when := "fixed once the run has started"
	if e.Live {
		when = "may change during the run"
	}
	if f.fixed[e.Key] {
		when = "cannot be changed here"
	}
	return append(lines, pair("", t.Dim.Render(when)))
}

// summary says what would be started, in at most h lines.
func (f *View) summary(t *theme.Theme, w, h int) []string {
	source := widget.Plain(session.NameOf(f.source))
	lines := []string{"", t.Strong.Render(source)}
	for _, l := range widget.Wrap(widget.Plain(f.about), w) {
		lines = append(lines, t.Dim.Render(l))
	}
	lines = append(lines, "")
	changes := f.changes()
	if len(changes) == 0 {
		return append(lines, t.Dim.Render("nothing changed; S starts it"))
	}
	lines = append(lines, t.Strong.Render("changed"))
	for i, c := range changes {
		if len(lines) >= h-1 && i < len(changes)-1 {
			return append(lines, t.Dim.Render(fmt.Sprintf("%d more", len(changes)-i)))
		}
		to := session.ShortValue(c.New)
		lines = append(lines, t.Warn.Render(t.Glyphs.Config)+" "+c.Key+" "+t.Warn.Render(widget.Plain(to))+
			t.Dim.Render("  was "+widget.Plain(session.ShortValue(c.Old))))
	}
	return lines
}

// Status is the line above the footer: what has no field of its own, or what
// the form is for.
func (f *View) Status(_ host.Rect) string {
	if text := f.errs[""]; text != "" {
		return " " + f.h.Theme().Bad.Render(widget.Plain(text))
	}
	return " " + f.h.Theme().Dim.Render(widget.Plain(f.about))
}
