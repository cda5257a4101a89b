// Package samples is the view of what the run's network draws: its grids along the
// time, one sample in all of them, the teacher's beside them, and other noise.
package samples

import (
	"fmt"
	"image"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/widget"
)

// stage is how close the view of samples looks.
type stage int

const (
	stageGrid    stage = iota
	stageTeacher       // the teacher's grid beside the run's
	stageSelect        // a cursor over the grid
	stageTile          // the sample under it, and how it formed
)

// View shows the run's grids of samples in full size: one of them, all along the
// time, beside the teacher's, or a single sample. Rows that are classes stay rows
// and are labelled, see classes.go.
type View struct {
	h        host.Host
	tileKeys *host.Section
	gridKeys *host.Section
	paneKeys *host.Section // that work on the dashboard, too

	plain  *widget.Samples // the run's grid as it is; see grid
	shown  string          // its file …
	file   string          // … and the one that is wanted
	follow bool            // new grids show as they come

	composite *widget.Samples // shows the plate: what isn't simply the run's grid
	plate     plate

	stage   stage
	cell    int        // the selected sample
	fresh   *freshGrid // from other noise, instead of the run's grid; or nil
	drawing bool       // such a grid is on its way
	teacher teacherGrid

	decoded gridCache
	frames  []string // in a copy for a file: what the film may show
	reading bool     // grids of the film are on their way
	playing bool
	playGen int    // tells an animation's frames from those of the one before
	due     string // the animation's next grid

	freezes []int64 // images seen at each
}

// New returns the view of the open run's samples, before it is known to have any.
func New(h host.Host) host.View {
	v := &View{h: h, plain: widget.NewSamples(h.Theme()), composite: widget.NewSamples(h.Theme()), follow: true}
	v.plain.Empty, v.composite.Empty = "no samples yet", "no room"
	v.bind()
	return v
}

// Title implements host.View.
func (*View) Title() string { return "samples" }

// Active implements host.View.
func (v *View) Active() []*host.Section {
	if v.stage == stageSelect || v.stage == stageTile {
		return []*host.Section{v.tileKeys, v.gridKeys, v.paneKeys}
	}
	return []*host.Section{v.gridKeys, v.paneKeys}
}

// Sections implements host.HelpView.
func (v *View) Sections() []*host.Section {
	return []*host.Section{v.gridKeys, v.tileKeys, v.paneKeys}
}

// SetTheme implements host.ThemeView.
func (v *View) SetTheme(t *theme.Theme) {
	v.plate = plate{} // captions are styled
	v.plain.SetTheme(t)
	v.composite.SetTheme(t)
}

// AddEvents implements host.EventsView: it notes when something was frozen.
func (v *View) AddEvents(events []runlog.Event, reset bool) {
	if reset {
		v.freezes = nil
	}
	for _, e := range events {
		if e.Kind == runlog.Freeze {
			v.freezes = append(v.freezes, e.Nimg)
		}
	}
}

// Polled implements host.PollView: it shows the newest grid unless an older one
// was chosen.
func (v *View) Polled(m *session.PollMsg) tea.Cmd {
	if m.Newest == nil || !v.follow && v.file != "" {
		return nil
	}
	v.file = m.Newest.File
	return v.show(*m.Newest)
}

// Receive implements host.MessageView.
func (v *View) Receive(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case session.GridMsg:
		if m.Dir == v.h.Run().Dir {
			return v.show(m), true
		}
	case playMsg:
		return v.playOn(m), true
	case filmMsg:
		v.addFilm(m)
	case freshMsg:
		return v.addFresh(m), true
	case teacherMsg:
		return v.addTeacher(m), true
	case savedMsg:
		return v.saved(m), true
	default:
		return nil, false
	}
	return nil, true
}

// grid is the widget with the run's grid, set as terminal and run are now.
func (v *View) grid() *widget.Samples {
	s, d, tiling := v.plain, v.h.Display(), v.h.Run().Tiling()
	s.Mode, s.Probing, s.NoColor, s.ByRow = d.Mode, d.Probing, d.NoColor, tiling.ByRow
	if img, before := s.Image(); img != nil && before.Side != tiling.Side {
		s.SetImage(img, tiling.Side, s.Label())
	}
	return s
}

// parts are the rectangles of the view inside its border.
type parts struct {
	captions, picture, timeline host.Rect
	labels                      int // cells left of captions and picture, for classes
}

func (v *View) parts(r host.Rect) parts {
	p := parts{picture: host.Inner(r)}
	if img, _ := v.grid().Image(); img == nil || len(v.h.Run().Grids) == 0 || p.picture.H < 8 {
		return p
	}
	p.picture, p.timeline = host.SplitY(p.picture, p.picture.H-2)
	p.labels = v.LabelWidth()
	_, p.picture = host.SplitX(p.picture, p.labels)
	if v.stage != stageGrid || v.fresh != nil {
		p.captions, p.picture = host.SplitY(p.picture, 1)
	}
	return p
}

// Draw implements host.View.
func (v *View) Draw(r host.Rect) []string {
	s, name := v.grid(), title
	switch {
	case v.teacher.cancel != nil:
		name += "  " + v.h.Theme().Dim.Render("the teacher is drawing; t stops it")
	case v.drawing:
		name += "  " + v.h.Theme().Dim.Render("drawing from other noise")
	}
	info := s.Info()
	if v.fresh != nil {
		info[0] = fmt.Sprint("seed ", v.fresh.seed)
	}
	return host.Framed(v.h.Theme(), r, name, true, func(w, h int) string { return v.body(v.parts(r)) }, info...)
}

// body draws what is inside the border.
func (v *View) body(p parts) string {
	show := v.grid()
	if img, _ := show.Image(); img == nil {
		return v.nothing(p.picture)
	}
	if v.composes() {
		show = v.composed(p.picture)
	}
	at := v.covered(p)
	text := v.labelled(p, show.View(at.W, at.H))
	if !p.captions.Empty() {
		text = strings.Repeat(" ", p.labels) + v.plate.captionLine(v.h.Theme(), p.captions.W) + "\n" + text
	}
	if p.timeline.Empty() {
		return text
	}
	for _, line := range v.timeline(p.timeline.W) {
		text += "\n" + line
	}
	return text
}

// nothing says when there will be a picture, if ever.
func (v *View) nothing(r host.Rect) string {
	run := v.h.Run()
	lines := []string{v.plain.Empty}
	if f := run.Config; f != nil && f.Parsed != nil {
		switch every := f.Parsed.Live.SampleKimg; {
		case f.Parsed.Method == configs.Classifier:
			lines[0] = "a classifier draws no samples"
		case every == 0:
			lines = append(lines, "", "live.sample_kimg is 0: none will be drawn")
		default:
			lines = append(lines, "", fmt.Sprintf("a grid is drawn every %g kimg (live.sample_kimg)", every))
		}
	}
	for i := range lines {
		lines[i] = v.h.Theme().Dim.Render(lines[i])
	}
	return widget.Centered(lines, r.W, r.H, v.h.Theme().Glyphs.Ellipsis)
}

// composes tells whether the picture is more than the run's grid as it is.
func (v *View) composes() bool {
	return v.stage != stageGrid || v.fresh != nil || v.h.Run().Tiling().ByRow
}

// Picture implements host.PictureView.
func (v *View) Picture(r host.Rect) (host.Shown, bool) {
	p := v.parts(r)
	if !v.composes() {
		return v.gridPicture(p.picture, true)
	}
	img, tiling := v.composed(p.picture).Image()
	at := v.covered(p)
	return host.Shown{At: at, Image: img, Tiling: tiling, ID: v.plate.id, Focused: true}, img != nil && !at.Empty()
}

// gridPicture is the run's grid in the cells at.
func (v *View) gridPicture(at host.Rect, focused bool) (host.Shown, bool) {
	img, tiling := v.grid().Image()
	id := v.h.Run().Dir + "/" + v.shown
	return host.Shown{At: at, Image: img, Tiling: tiling, ID: id, Focused: focused}, img != nil && !at.Empty()
}

// Back implements host.BackView: it leads from one sample to the grid, from other
// noise to the run's, and from the teacher to the student alone.
func (v *View) Back() bool {
	switch {
	case v.stage == stageTile:
		v.stage = stageSelect
	case v.stage != stageGrid:
		v.stage = stageGrid
	case v.fresh != nil:
		v.fresh = nil
	default:
		return false
	}
	return true
}

// Mouse implements host.MouseView: it steps by the wheel; a click chooses a time,
// or a sample and then enlarges it.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e, p := m.Mouse(), v.parts(r)
	switch m.(type) {
	case tea.MouseWheelMsg:
		return v.step(host.Wheel(e))
	case tea.MouseClickMsg:
		switch {
		case p.timeline.Contains(e.X, e.Y):
			return v.stepTo(v.fileAt(e.X-p.timeline.X, p.timeline.W))
		case p.picture.Contains(e.X, e.Y) && v.stage != stageTeacher:
			v.click(r, e)
		}
	}
	return nil
}

func (v *View) bind() {
	move := func(dx, dy int) func() tea.Cmd { return func() tea.Cmd { return v.move(dx, dy) } }
	step := func(by int) func() tea.Cmd { return func() tea.Cmd { return v.step(by) } }
	v.tileKeys = host.NewSection("one sample",
		host.Bind("left h", "← h", "", "the sample left of it", move(-1, 0)),
		host.Bind("right l", "→ l", "", "the sample right of it", move(1, 0)),
		host.Bind("up k", "↑ k", "", "the sample above", move(0, -1)),
		host.Bind("down j", "↓ j", "", "the sample below", move(0, 1)),
	)
	v.gridKeys = host.NewSection("view of samples",
		host.Bind("enter", "enter", "select", "select a sample; again: enlarge it", v.enlarge),
		host.Bind("a", "a", "animate", "animate the grids from the first on", v.play),
		host.Bind("t", "t", "teacher", "the teacher's beside it, same noise", v.toggleTeacher),
		host.Bind("n", "n", "new noise", "draw samples from other noise now", v.drawFresh),
		host.Bind("w", "w", "write PNG", "write what shows as a PNG", v.askSave),
		host.Bind("c", "c", "", "copy the path of the samples", v.copyPath),
		host.Bind(",", ",", "", "one grid back", step(-1)),
		host.Bind(".", ".", "", "one grid on", step(1)),
		host.Bind("[", "[", "", "ten grids back", step(-10)),
		host.Bind("]", "]", "", "ten grids on", step(10)),
	)
	v.paneKeys = host.NewSection("samples",
		host.Bind("left h up k", "← h", "older", "the grid before", step(-1)),
		host.Bind("right l down j", "→ l", "newer", "the next grid", step(1)),
		host.Bind("end G", "G", "newest", "follow the newest grid", step(1<<30)),
		host.Bind("home g", "g", "", "the first grid; leave other noise", step(-1<<30)),
	)
}

// source is the grid that shows, with an id for its pixels.
func (v *View) source() (image.Image, string) {
	if v.fresh != nil {
		return v.fresh.img, v.fresh.file
	}
	img, _ := v.grid().Image()
	return img, v.shown
}

// tiles are the samples of the grid that shows.
func (v *View) tiles() widget.Tiles {
	img, _ := v.source()
	return widget.CutTiles(img, v.h.Run().Side)
}

// composed brings the plate's widget up to date for the cells at.
func (v *View) composed(at host.Rect) *widget.Samples {
	s, d := v.composite, v.h.Display()
	s.Mode, s.Probing, s.NoColor = d.Mode, d.Probing, d.NoColor
	if p := v.compose(v.h.Canvas(at)); p.id != v.plate.id {
		v.plate = p
		s.SetImage(p.img, sixel.AsIs, "")
	}
	return s
}
