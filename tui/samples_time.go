package tui

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/runlog"
	"innate/tui/panes"
	"innate/tui/theme"
)

// gridNimg tells the run's own grids from other pictures beside them, such as
// the teacher's: their names are the number of images seen, 000120000.png.
func gridNimg(file string) (nimg int64, ok bool) {
	stem, isPNG := strings.CutSuffix(file, ".png")
	nimg, err := strconv.ParseInt(stem, 10, 64)
	return nimg, isPNG && err == nil && nimg >= 0
}

// sampleLabel words the name of a grid: 000120000.png is the one at 120 kimg.
func sampleLabel(file string) string {
	if _, ok := gridNimg(file); ok {
		return kimgOf(file) + " kimg"
	}
	return panes.Plain(strings.TrimSuffix(file, ".png"))
}

func kimgOf(file string) string {
	nimg, _ := gridNimg(file)
	return panes.Kimg(nimg)
}

// stepSample shows an older or newer grid; at the newest it follows. From other
// noise it leads back to the run's own.
func (a *App) stepSample(by int) tea.Cmd {
	r := a.run
	n := len(r.files)
	if v := r.grids(); v.fresh != nil && a.view == viewSamples {
		v.fresh = nil
		return nil
	}
	if n == 0 {
		return nil
	}
	at := slices.Index(r.files, r.file)
	if at < 0 {
		at = n - 1
	}
	return a.stepTo(max(min(at+by, n-1), 0))
}

// stepTo shows grid i.
func (a *App) stepTo(i int) tea.Cmd {
	r, v := a.run, a.run.grids()
	if i < 0 || i >= len(r.files) {
		return nil
	}
	v.fresh = nil
	r.follow = i == len(r.files)-1
	if r.files[i] == r.file {
		return nil
	}
	r.file = r.files[i]
	if img, _ := v.decoded.get(r.file); img != nil {
		return a.showSample(sampleMsg{dir: r.dir, file: r.file, img: img})
	}
	return fetchSample(r.dir, r.file)
}

// showSample puts a decoded grid into its pane, unless another one is wanted by
// now.
func (a *App) showSample(m sampleMsg) tea.Cmd {
	r, v := a.run, a.run.grids()
	if m.err != nil {
		return a.fail(m.err)
	}
	v.decoded.add(m.file, m.img)
	if m.file == r.file {
		v.shown = m.file
		r.samples.SetImage(m.img, r.side, sampleLabel(m.file))
	}
	return nil
}

// playEvery is the time of one frame of the animation.
const playEvery = 250 * time.Millisecond

// playMsg brings the next frame.
type playMsg struct {
	from   *samplesView
	gen    int
	sample sampleMsg
}

// play animates the grids from the first to the newest.
func (a *App) play() tea.Cmd {
	r, v := a.run, a.run.grids()
	if len(r.files) < 2 {
		return a.fail(fmt.Errorf("animate: got %d grids, want at least 2", len(r.files)))
	}
	v.playing, v.playGen = true, v.playGen+1
	first := a.stepTo(0)
	return tea.Batch(first, v.frame(a, r.files[1]))
}

// frame reads a grid when its time has come.
func (v *samplesView) frame(a *App, file string) tea.Cmd {
	dir, gen := a.run.dir, v.playGen
	return tick(playEvery, func(time.Time) tea.Msg { return playMsg{v, gen, readSample(dir, file)} })
}

// playOn shows a frame and asks for the next one. On a slow line it waits until
// the frame before has arrived. What cannot be read is left out.
func (v *samplesView) playOn(a *App, m playMsg) tea.Cmd {
	r := a.run
	if m.from != v || m.gen != v.playGen || !v.playing {
		return nil
	}
	if a.view != viewSamples {
		v.playing = false
		return nil
	}
	if a.pictureLate() {
		return v.frame(a, m.sample.file)
	}
	if m.sample.err == nil {
		r.file = m.sample.file
		a.showSample(m.sample)
	}
	next := slices.Index(r.files, m.sample.file) + 1
	if next == 0 || next == len(r.files) {
		v.playing, r.follow = false, true
		return nil
	}
	return v.frame(a, r.files[next])
}

// stopPlaying ends the animation at any key; it reports whether the key did
// nothing else.
func (a *App) stopPlaying(key string) bool {
	if a.run == nil || !a.run.grids().playing {
		return false
	}
	a.run.grids().playing = false
	return key == "a" || key == "esc" || key == "space"
}

// fidAt is one evaluation.
type fidAt struct {
	nimg int64
	fid  float64
}

func (v *samplesView) addTick(t runlog.Tick) {
	if fid, ok := t.Scalars["fid"]; ok && !math.IsNaN(fid) {
		v.fids = append(v.fids, fidAt{t.Nimg, fid})
	}
}

// fidNear returns the evaluation nearest to a grid, and the best of all.
func (v *samplesView) fidNear(nimg int64) (near, best fidAt, err error) {
	if len(v.fids) == 0 {
		return near, best, errors.New("no evaluation yet")
	}
	near, best = v.fids[0], v.fids[0]
	for _, f := range v.fids {
		if max(f.nimg-nimg, nimg-f.nimg) < max(near.nimg-nimg, nimg-near.nimg) {
			near = f
		}
		if f.fid < best.fid {
			best = f
		}
	}
	return near, best, nil
}

// span is the time that the grids cover.
func (v *samplesView) span(a *App) (first, last int64) {
	files := a.run.files
	first, _ = gridNimg(files[0])
	last, _ = gridNimg(files[len(files)-1])
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
func (v *samplesView) fileAt(a *App, x, w int) int {
	first, last := v.span(a)
	best, off := 0, math.MaxInt
	for i, file := range a.run.files {
		nimg, _ := gridNimg(file)
		if d := column(nimg, first, last, w-2) - (x - 1); max(d, -d) < off {
			best, off = i, max(d, -d)
		}
	}
	return best
}

// timeline draws all grids as a line, with what happened between them, and in
// words where on it the one that shows is.
func (v *samplesView) timeline(a *App, w int) []string {
	t, g := a.theme, a.theme.Glyphs
	first, last := v.span(a)
	now, _ := gridNimg(v.shown)
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
		legend = append(legend, t.Good.Render(g.FID)+t.Dim.Render(" best "+panes.Value(best.fid)))
	}
	put(now, mark{g.Dot, t.Accent})
	var b strings.Builder
	for _, m := range line {
		b.WriteString(m.ink.Render(m.glyph))
	}
	left := v.position(a)
	if err == nil {
		left += t.Dim.Render("   "+a.run.fidName()+" ") + panes.FitLeft(panes.Value(near.fid), 5) +
			t.Dim.Render(" at "+panes.FitLeft(panes.Kimg(near.nimg), len(panes.Kimg(last))))
	}
	right := strings.Join(legend, "   ")
	if ansi.StringWidth(left)+ansi.StringWidth(right)+3 > w {
		right = ""
	}
	words := " " + panes.Fit(left, w-2-ansi.StringWidth(right), g.Ellipsis) + right
	return []string{panes.Fit(" "+b.String(), w, g.Ellipsis), panes.Fit(words, w, g.Ellipsis)}
}

// position counts the grid that shows, in a constant width.
func (v *samplesView) position(a *App) string {
	t, files := a.theme, a.run.files
	at := slices.Index(files, v.shown) + 1
	all := fmt.Sprint(len(files))
	s := ""
	if v.playing {
		s = t.Accent.Render(t.Glyphs.Resume) + " "
	}
	return s + panes.FitLeft(fmt.Sprint(at), len(all)) + t.Dim.Render(" of "+all+"   ") +
		panes.FitLeft(kimgOf(v.shown), len(kimgOf(files[len(files)-1]))) + t.Dim.Render(" kimg")
}
