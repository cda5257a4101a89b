package config

import (
	"strings"

	"innate/configs"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// entry is what is known of a setting of the open run.
func (v *View) entry(key string) (configs.Entry, bool) {
	f := v.file
	if f == nil || key == "" {
		return configs.Entry{}, false
	}
	if e, ok := f.Entries[key]; ok {
		return e, true
	}
	doc, want := configs.Doc(key) // the file doesn't parse: no values
	return configs.Entry{Key: key, Doc: doc, Want: want, Live: isLive(key)}, doc != ""
}

// strip is the meaning of the setting under the cursor in three lines.
func (v *View) strip(w int) []string {
	t, f := v.h.Theme(), v.file
	lines := []string{t.Border.Render(strings.Repeat(t.Glyphs.Horizontal, w))}
	key := v.text.key(v.pane.Cursor())
	e, ok := v.entry(key)
	if !ok {
		return append(lines, " "+t.Dim.Render("the cursor is on no setting"))
	}
	facts := []string{"want " + e.Want}
	for _, fact := range v.others(f, key) {
		facts = append(facts, fact[0]+" "+fact[1])
	}
	return append(lines, " "+t.Strong.Render(key)+"  "+e.Doc, " "+t.Dim.Render(strings.Join(facts, "   ")))
}

// others are the values that a setting could have instead, by name.
func (v *View) others(f *session.ConfigFile, key string) [][2]string {
	var list [][2]string
	if value, ok := f.Presets[key]; ok {
		list = append(list, [2]string{"preset", emptyOr(value)})
	}
	if value, ok := f.Defaults[key]; ok && key != "name" {
		list = append(list, [2]string{"default", emptyOr(value)})
	}
	return list
}

// drawSetting explains the setting under the cursor.
func (v *View) drawSetting(r host.Rect) []string {
	t, f := v.h.Theme(), v.file
	key := v.text.key(v.pane.Cursor())
	e, ok := v.entry(key)
	title := "Setting"
	if ok {
		title = key
	}
	return host.Framed(v.h.Theme(), r, title, false, func(w, h int) string {
		if !ok {
			return widget.Centered([]string{t.Dim.Render("the cursor is on no setting")}, w, h, t.Glyphs.Ellipsis)
		}
		lines := []string{""}
		for _, text := range widget.Wrap(e.Doc, w-4) {
			lines = append(lines, "  "+text)
		}
		lines = append(lines, "")
		const nameW = 10
		fact := func(name, text string) {
			for i, part := range widget.Wrap(text, max(w-4-nameW, 8)) {
				if i > 0 {
					name = ""
				}
				lines = append(lines, "  "+t.Dim.Render(widget.Fit(name, nameW, ""))+part)
			}
		}
		if e.Value != "" {
			fact("value", t.Strong.Render(emptyOr(e.Value)))
		}
		for _, o := range v.others(f, key) {
			fact(o[0], o[1])
		}
		fact("want", e.Want)
		lines = append(lines, "")
		if e.Live {
			lines = append(lines, "  "+t.Good.Render(t.Glyphs.Training)+" live: it may change at any time")
		} else {
			lines = append(lines, "  "+t.Dim.Render(t.Glyphs.Lock+" fixed once a run has started"))
		}
		return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
	})
}

// drawHistory lists the changes made during the run, the newest first; what was
// undone is dim.
func (v *View) drawHistory(r host.Rect) []string {
	t, list := v.h.Theme(), v.history.list
	var info []string
	if v.history.again() != nil {
		info = append(info, t.Key.Render("ctrl+r")+t.Dim.Render(" redo"))
	}
	if v.history.undo() != nil {
		info = append(info, t.Key.Render("u")+t.Dim.Render(" undo"))
	}
	return host.Framed(v.h.Theme(), r, "Changes", false, func(w, h int) string {
		if len(list) == 0 {
			return widget.Centered([]string{t.Dim.Render("nothing was changed since the start")}, w, h, t.Glyphs.Ellipsis)
		}
		var lines []string
		for i := len(list) - 1; i >= 0 && len(lines) < h; i-- {
			c := list[i]
			when := c.at.In(v.h.Options().Location).Format("15:04:05")
			for _, key := range c.keys {
				what := strings.TrimPrefix(key, "live.") + "  " + emptyOr(c.old[key]) + " " + v.arrow() + " " + emptyOr(c.new[key])
				ink := t.Text
				if c.undone {
					what, ink = what+"  undone", t.Dim
				}
				lines = append(lines, " "+t.Dim.Render(widget.Fit(when, 10, ""))+ink.Render(what))
				when = ""
			}
		}
		return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
	}, info...)
}
