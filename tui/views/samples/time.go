package samples

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// sampleLabel words the name of a grid: 000120000.png is the one at 120 kimg.
func sampleLabel(file string) string {
	if _, ok := session.GridNimg(file); ok {
		return kimgOf(file) + " kimg"
	}
	return widget.Plain(strings.TrimSuffix(file, ".png"))
}

func kimgOf(file string) string {
	nimg, _ := session.GridNimg(file)
	return widget.Kimg(nimg)
}

// step shows an older or newer grid; at the newest it follows. From other noise it
// leads back to the run's own.
func (v *View) step(by int) tea.Cmd {
	r := v.h.Run()
	n := len(r.Grids)
	if v.fresh != nil && v.h.Shows(v) {
		v.fresh = nil
		return nil
	}
	if n == 0 {
		return nil
	}
	at := slices.Index(r.Grids, v.file)
	if at < 0 {
		at = n - 1
	}
	return v.stepTo(max(min(at+by, n-1), 0))
}

// stepTo shows grid i.
func (v *View) stepTo(i int) tea.Cmd {
	r := v.h.Run()
	if i < 0 || i >= len(r.Grids) {
		return nil
	}
	v.fresh = nil
	v.follow = i == len(r.Grids)-1
	if r.Grids[i] == v.file {
		return nil
	}
	v.file = r.Grids[i]
	if img, _ := v.decoded.get(v.file); img != nil {
		return v.show(session.GridMsg{Dir: r.Dir, File: v.file, Image: img})
	}
	return r.FetchGrid(v.file)
}

// show puts a decoded grid into its widget, unless another one is wanted by now.
func (v *View) show(m session.GridMsg) tea.Cmd {
	r := v.h.Run()
	if m.Err != nil {
		return v.h.Fail(m.Err)
	}
	v.decoded.add(m.File, m.Image)
	if m.File == v.file {
		v.shown = m.File
		v.plain.SetImage(m.Image, r.Side, sampleLabel(m.File))
	}
	return nil
}

// playEvery is the time of one frame of the animation.
const playEvery = 250 * time.Millisecond

// playMsg brings the next frame.
type playMsg struct {
	from   *View
	gen    int
	sample session.GridMsg
}

// play animates the grids from the first to the newest.
func (v *View) play() tea.Cmd {
	r := v.h.Run()
	if len(r.Grids) < 2 {
		return v.h.Fail(fmt.Errorf("animate: got %d grids, want at least 2", len(r.Grids)))
	}
	v.playing, v.playGen = true, v.playGen+1
	first := v.stepTo(0)
	return tea.Batch(first, v.frame(r.Grids[1]))
}

// frame reads a grid when its time has come.
func (v *View) frame(file string) tea.Cmd {
	v.due = file
	read := v.NextFrame()
	return session.Tick(playEvery, func(time.Time) tea.Msg { return read() })
}

// NextFrame reads the grid that the animation shows next.
func (v *View) NextFrame() tea.Cmd {
	run, gen, file := v.h.Run(), v.playGen, v.due
	return func() tea.Msg { return playMsg{v, gen, run.ReadGrid(file)} }
}

// Playing reports whether an animation is under way.
func (v *View) Playing() bool { return v.playing }

// Shown returns the file of the run's grid that shows, and which sample of it is
// selected.
func (v *View) Shown() (file string, cell int) { return v.shown, v.cell }

// playOn shows a frame and asks for the next one. On a slow line it waits until
// the frame before has arrived. What cannot be read is left out.
func (v *View) playOn(m playMsg) tea.Cmd {
	r := v.h.Run()
	if m.from != v || m.gen != v.playGen || !v.playing {
		return nil
	}
	if !v.h.Shows(v) {
		v.playing = false
		return nil
	}
	if v.h.PictureLate() {
		return v.frame(m.sample.File)
	}
	if m.sample.Err == nil {
		v.file = m.sample.File
		v.show(m.sample)
	}
	next := slices.Index(r.Grids, m.sample.File) + 1
	if next == 0 || next == len(r.Grids) {
		v.playing, v.follow = false, true
		return nil
	}
	return v.frame(r.Grids[next])
}

// Key implements host.KeyView: any key ends the animation, and some do nothing
// else.
func (v *View) Key(key string) (taken bool) {
	if !v.playing {
		return false
	}
	v.playing = false
	return key == "a" || key == "esc" || key == "space"
}

// fidAt is one evaluation.
type fidAt struct {
	nimg int64
	fid  float64
}

// fidNear returns the evaluation nearest to a grid, and the best of all.
func (v *View) fidNear(nimg int64) (near, best fidAt, err error) {
	c := v.h.Run().Series.Find(v.h.Run().QualityKeys()[0])
	if c == nil {
		return near, best, errors.New("no evaluation yet")
	}
	at := func(i int) fidAt { return fidAt{int64(math.Round(c.X()[i] * 1000)), c.At(i)} }
	found := false
	for i := range c.Len() {
		f := at(i)
		if !math.IsNaN(f.fid) && (!found || max(f.nimg-nimg, nimg-f.nimg) < max(near.nimg-nimg, nimg-near.nimg)) {
			near, found = f, true
		}
	}
	if !found {
		return near, best, errors.New("no evaluation yet")
	}
	return near, at(c.Best(v.h.Run().QualityRises())), nil
}

// span is the time that the grids cover.
func (v *View) span() (first, last int64) {
	files := v.h.Run().Grids
	first, _ = session.GridNimg(files[0])
	last, _ = session.GridNimg(files[len(files)-1])
	return first, last
}

// column is where a time stands on a timeline of w cells, or -1.
func column(nimg, first, last int64, w int) int {
	if nimg < first || nimg > last {
		return -1
	}
	if first == last {
		return w - 1
	}
	return int(math.Round(float64(nimg-first) / float64(last-first) * float64(w-1)))
}

// fileAt is the grid nearest to a column of the timeline.
func (v *View) fileAt(x, w int) int {
	first, last := v.span()
	best, off := 0, math.MaxInt
	for i, file := range v.h.Run().Grids {
		nimg, _ := session.GridNimg(file)
		if d := column(nimg, first, last, w-2) - (x - 1); max(d, -d) < off {
			best, off = i, max(d, -d)
		}
	}
	return best
}

// timeline draws all grids as a line, with what happened between them, and in
// words where on it the one that shows is.
func (v *View) timeline(w int) []string {
	t, g := v.h.Theme(), v.h.Theme().Glyphs
	first, last := v.span()
	now, _ := session.GridNimg(v.shown)
	near, best, err := v.fidNear(now)
	type mark struct {
		glyph string
		ink   theme.Ink
	}
	line := make([]mark, max(w-2, 1))
	here := column(now, first, last, len(line))
	for x := range line {
		line[x] = mark{g.BarRest, t.Faint}
		if x <= here {
			line[x] = mark{g.BarDone, t.Accent}
		}
	}
	put := func(nimg int64, m mark) bool {
		x := column(nimg, first, last, len(line))
		if x >= 0 {
			line[x] = m
		}
		return x >= 0
	}
	var legend []string
	frozen := false
	for _, nimg := range v.freezes {
		frozen = put(nimg, mark{g.Frozen, t.Frozen}) || frozen
	}
	if frozen {
		legend = append(legend, t.Frozen.Render(g.Frozen)+t.Dim.Render(" freeze"))
	}
	if err == nil && put(best.nimg, mark{g.FID, t.Good}) {
		legend = append(legend, t.Good.Render(g.FID)+t.Dim.Render(" best "+widget.Value(best.fid)))
	}
	put(now, mark{g.Dot, t.Accent})
	var b strings.Builder
	for _, m := range line {
		b.WriteString(m.ink.Render(m.glyph))
	}
	left := v.position()
	if err == nil {
		left += t.Dim.Render("   "+widget.Plain(v.h.Run().Quality())+" ") + widget.FitLeft(widget.Value(near.fid), 5) +
			t.Dim.Render(" at "+widget.FitLeft(widget.Kimg(near.nimg), len(widget.Kimg(last))))
	}
	right := strings.Join(legend, "   ")
	if ansi.StringWidth(left)+ansi.StringWidth(right)+3 > w {
		right = ""
	}
	words := " " + widget.Fit(left, w-2-ansi.StringWidth(right), g.Ellipsis) + right
	return []string{widget.Fit(" "+b.String(), w, g.Ellipsis), widget.Fit(words, w, g.Ellipsis)}
}

// position counts the grid that shows, in a constant width.
func (v *View) position() string {
	t, files := v.h.Theme(), v.h.Run().Grids
	at := slices.Index(files, v.shown) + 1
	all := fmt.Sprint(len(files))
	s := ""
	if v.playing {
		s = t.Accent.Render(t.Glyphs.Resume) + " "
	}
	return s + widget.FitLeft(fmt.Sprint(at), len(all)) + t.Dim.Render(" of "+all+"   ") +
		widget.FitLeft(kimgOf(v.shown), len(kimgOf(files[len(files)-1]))) + t.Dim.Render(" kimg")
}
