package tui

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

// stepSample shows an older or newer grid; at the newest it follows. From other
// noise it leads back to the run's own.
func (a *App) stepSample(by int) tea.Cmd {
	r := a.run
	n := len(r.Grids)
	if v := r.grids(); v.fresh != nil && a.Shows(v) {
		v.fresh = nil
		return nil
	}
	if n == 0 {
		return nil
	}
	at := slices.Index(r.Grids, r.file)
	if at < 0 {
		at = n - 1
	}
	return a.stepTo(max(min(at+by, n-1), 0))
}

// stepTo shows grid i.
func (a *App) stepTo(i int) tea.Cmd {
	r, v := a.run, a.run.grids()
	if i < 0 || i >= len(r.Grids) {
		return nil
	}
	v.fresh = nil
	r.follow = i == len(r.Grids)-1
	if r.Grids[i] == r.file {
		return nil
	}
	r.file = r.Grids[i]
	if img, _ := v.decoded.get(r.file); img != nil {
		return a.showSample(session.GridMsg{Dir: r.Dir, File: r.file, Image: img})
	}
	return r.FetchGrid(r.file)
}

// showSample puts a decoded grid into its pane, unless another one is wanted by
// now.
func (a *App) showSample(m session.GridMsg) tea.Cmd {
	r, v := a.run, a.run.grids()
	if m.Err != nil {
		return a.Fail(m.Err)
	}
	v.decoded.add(m.File, m.Image)
	if m.File == r.file {
		v.shown = m.File
		r.samples.SetImage(m.Image, r.Side, sampleLabel(m.File))
	}
	return nil
}

// playEvery is the time of one frame of the animation.
const playEvery = 250 * time.Millisecond

// playMsg brings the next frame.
type playMsg struct {
	from   *samplesView
	gen    int
	sample session.GridMsg
}

// play animates the grids from the first to the newest.
func (a *App) play() tea.Cmd {
	r, v := a.run, a.run.grids()
	if len(r.Grids) < 2 {
		return a.Fail(fmt.Errorf("animate: got %d grids, want at least 2", len(r.Grids)))
	}
	v.playing, v.playGen = true, v.playGen+1
	first := a.stepTo(0)
	return tea.Batch(first, v.frame(r.Grids[1]))
}

// frame reads a grid when its time has come.
func (v *samplesView) frame(file string) tea.Cmd {
	run, gen := v.a.run.Run, v.playGen
	return session.Tick(playEvery, func(time.Time) tea.Msg { return playMsg{v, gen, run.ReadGrid(file)} })
}

// playOn shows a frame and asks for the next one. On a slow line it waits until
// the frame before has arrived. What cannot be read is left out.
func (v *samplesView) playOn(m playMsg) tea.Cmd {
	r := v.a.run
	if m.from != v || m.gen != v.playGen || !v.playing {
		return nil
	}
	if !v.a.Shows(v) {
		v.playing = false
		return nil
	}
	if v.a.PictureLate() {
		return v.frame(m.sample.File)
	}
	if m.sample.Err == nil {
		r.file = m.sample.File
		v.a.showSample(m.sample)
	}
	next := slices.Index(r.Grids, m.sample.File) + 1
	if next == 0 || next == len(r.Grids) {
		v.playing, r.follow = false, true
		return nil
	}
	return v.frame(r.Grids[next])
}

// Key implements host.KeyView: any key ends the animation, and some do nothing
// else.
func (v *samplesView) Key(key string) (taken bool) {
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
func (v *samplesView) fidNear(nimg int64) (near, best fidAt, err error) {
	c := v.a.run.Series.Find("fid")
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
	return near, at(c.Best(false)), nil
}

// span is the time that the grids cover.
func (v *samplesView) span() (first, last int64) {
	files := v.a.run.Grids
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
func (v *samplesView) fileAt(x, w int) int {
	first, last := v.span()
	best, off := 0, math.MaxInt
	for i, file := range v.a.run.Grids {
		nimg, _ := session.GridNimg(file)
		if d := column(nimg, first, last, w-2) - (x - 1); max(d, -d) < off {
			best, off = i, max(d, -d)
		}
	}
	return best
}

// timeline draws all grids as a line, with what happened between them, and in
// words where on it the one that shows is.
func (v *samplesView) timeline(w int) []string {
	t, g := v.a.theme, v.a.theme.Glyphs
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
		left += t.Dim.Render("   "+v.a.run.fidName()+" ") + widget.FitLeft(widget.Value(near.fid), 5) +
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
func (v *samplesView) position() string {
	t, files := v.a.theme, v.a.run.Grids
	at := slices.Index(files, v.shown) + 1
	all := fmt.Sprint(len(files))
	s := ""
	if v.playing {
		s = t.Accent.Render(t.Glyphs.Resume) + " "
	}
	return s + widget.FitLeft(fmt.Sprint(at), len(all)) + t.Dim.Render(" of "+all+"   ") +
		widget.FitLeft(kimgOf(v.shown), len(kimgOf(files[len(files)-1]))) + t.Dim.Render(" kimg")
}
