package tui

import (
	"fmt"
	"image"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/runlog"
	"innate/tui/host"
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

// samplesView shows the run's grids of samples in full size: one of them, all
// along the time, beside the teacher's, or a single sample. Rows that are classes
// stay rows and are labelled, see samples_classes.go.
type samplesView struct {
	a           *App
	tileKeys    *host.Section
	gridKeys    *host.Section
	samplesKeys *host.Section

	pane  *widget.Samples // of what isn't simply the run's grid
	plate plate           // in pane

	stage   stage
	cell    int        // the selected sample
	shown   string     // file in the samples widget of the run
	fresh   *freshGrid // from other noise, instead of the run's grid; or nil
	drawing bool       // such a grid is on its way
	teacher teacherGrid

	decoded gridCache
	frames  []string // in a copy for a file: what the film may show
	reading bool     // grids of the film are on their way
	playing bool
	playGen int // tells an animation's frames from those of the one before

	freezes []int64 // images seen at each
}

func newSamples(h host.Host) host.View {
	v := &samplesView{a: h.(*App)}
	v.bind()
	return v
}

func (v *samplesView) Active() []*host.Section {
	if v.stage == stageSelect || v.stage == stageTile {
		return []*host.Section{v.tileKeys, v.gridKeys, v.samplesKeys}
	}
	return []*host.Section{v.gridKeys, v.samplesKeys}
}

func (v *samplesView) Sections() []*host.Section {
	return []*host.Section{v.gridKeys, v.tileKeys, v.samplesKeys}
}

// grids is the open run's view of samples.
func (r *runView) grids() *samplesView { return viewOf[*samplesView](r) }

func (*samplesView) Title() string { return "samples" }

func (v *samplesView) SetTheme(t *theme.Theme) {
	v.plate = plate{} // captions are styled
	if v.pane != nil {
		v.pane.SetTheme(t)
	}
}

func (v *samplesView) AddEvents(events []runlog.Event, reset bool) {
	if reset {
		v.freezes = nil
	}
	for _, e := range events {
		if e.Kind == runlog.Freeze {
			v.freezes = append(v.freezes, e.Nimg)
		}
	}
}

// samplesParts are the rectangles of the view inside its border.
type samplesParts struct {
	captions, picture, timeline host.Rect
	labels                      int // cells left of captions and picture, for classes
}

func (v *samplesView) parts(r host.Rect) samplesParts {
	p := samplesParts{picture: host.Inner(r)}
	if img, _ := v.a.run.samples.Image(); img == nil || len(v.a.run.Grids) == 0 || p.picture.H < 8 {
		return p
	}
	p.picture, p.timeline = host.SplitY(p.picture, p.picture.H-2)
	p.labels = v.labelWidth()
	_, p.picture = host.SplitX(p.picture, p.labels)
	if v.stage != stageGrid || v.fresh != nil {
		p.captions, p.picture = host.SplitY(p.picture, 1)
	}
	return p
}

func (v *samplesView) Draw(r host.Rect) []string {
	s, name := v.a.run.samples, "Samples"
	switch {
	case v.teacher.cancel != nil:
		name += "  " + v.a.theme.Dim.Render("the teacher is drawing; t stops it")
	case v.drawing:
		name += "  " + v.a.theme.Dim.Render("drawing from other noise")
	}
	info := s.Info()
	if v.fresh != nil {
		info[0] = fmt.Sprint("seed ", v.fresh.seed)
	}
	return host.Framed(v.a.theme, r, name, true, func(w, h int) string { return v.body(v.parts(r)) }, info...)
}

// body draws what is inside the border.
func (v *samplesView) body(p samplesParts) string {
	show := v.a.run.samples
	if img, _ := show.Image(); img == nil {
		return v.nothing(p.picture)
	}
	if v.composes() {
		show = v.composed(p.picture)
	}
	at := v.covered(p)
	text := v.labelled(p, show.View(at.W, at.H))
	if !p.captions.Empty() {
		text = strings.Repeat(" ", p.labels) + v.plate.captionLine(v.a.theme, p.captions.W) + "\n" + text
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
func (v *samplesView) nothing(r host.Rect) string {
	run := v.a.run
	lines := []string{run.samples.Empty}
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
		lines[i] = v.a.theme.Dim.Render(lines[i])
	}
	return widget.Centered(lines, r.W, r.H, v.a.theme.Glyphs.Ellipsis)
}

// composes tells whether the picture is more than the run's grid as it is.
func (v *samplesView) composes() bool {
	return v.stage != stageGrid || v.fresh != nil || v.a.run.Tiling().ByRow
}

func (v *samplesView) Picture(r host.Rect) (host.Shown, bool) {
	p := v.parts(r)
	if !v.composes() {
		return v.a.samplesPicture(p.picture, true)
	}
	img, tiling := v.composed(p.picture).Image()
	at := v.covered(p)
	return host.Shown{At: at, Image: img, Tiling: tiling, ID: v.plate.id, Focused: true}, img != nil && !at.Empty()
}

// samplesPicture is the picture of the samples widget in the cells at.
func (a *App) samplesPicture(at host.Rect, focused bool) (host.Shown, bool) {
	img, tiling := a.run.samples.Image()
	id := a.run.Dir + "/" + a.run.grids().shown
	return host.Shown{At: at, Image: img, Tiling: tiling, ID: id, Focused: focused}, img != nil && !at.Empty()
}

// back leads from one sample to the grid, from other noise to the run's, and
// from the teacher to the student alone.
func (v *samplesView) Back() bool {
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

func (v *samplesView) Receive(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case playMsg:
		return v.playOn(m), true
	case filmMsg:
		v.addFilm(m)
	case freshMsg:
		return v.addFresh(m), true
	case teacherMsg:
		return v.addTeacher(m), true
	case savedMsg:
		return v.a.saved(m), true
	default:
		return nil, false
	}
	return nil, true
}

// mouse steps by the wheel; a click chooses a time, or a sample and then
// enlarges it.
func (v *samplesView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e, p := m.Mouse(), v.parts(r)
	switch m.(type) {
	case tea.MouseWheelMsg:
		return v.a.stepSample(host.Wheel(e))
	case tea.MouseClickMsg:
		switch {
		case p.timeline.Contains(e.X, e.Y):
			return v.a.stepTo(v.fileAt(e.X-p.timeline.X, p.timeline.W))
		case p.picture.Contains(e.X, e.Y) && v.stage != stageTeacher:
			v.click(r, e)
		}
	}
	return nil
}

// click selects the sample under the pointer; the selected one is enlarged.
func (v *samplesView) click(r host.Rect, e tea.Mouse) {
	before := v.stage
	if before == stageTile || before == stageGrid && v.look() != nil {
		return
	}
	at := v.parts(r).picture
	v.composed(at)
	k := v.a.Canvas(at)
	x, y := (e.X-at.X-v.plate.dx)*k.CellW, (e.Y-at.Y-v.plate.dy)*k.CellH
	for place := range v.plate.grid.Tiles {
		if !image.Pt(x, y).In(v.plate.grid.Spot(place)) {
			continue
		}
		hit := v.plate.grid.Layout.Index(place)
		if hit == v.cell && before == stageSelect {
			v.stage = stageTile
		}
		v.cell = hit
	}
}

// look goes one stage closer, or says why it cannot.
func (v *samplesView) look() error {
	grid, _ := v.source()
	switch {
	case grid == nil:
		return fmt.Errorf("select: no samples yet")
	case v.tiles().Len() < 1:
		return fmt.Errorf("select: the size of one sample is unknown")
	case v.stage == stageSelect:
		v.stage = stageTile
	case v.stage != stageTile:
		v.stage = stageSelect
	}
	return nil
}

// enlarge is the key of look.
func (a *App) enlarge() tea.Cmd {
	if err := a.run.grids().look(); err != nil {
		return a.Fail(err)
	}
	return nil
}

// moveCell moves the cursor over the grid by columns and rows.
func (a *App) moveCell(dx, dy int) tea.Cmd {
	v := a.run.grids()
	t := v.tiles()
	down := t.Cols()
	if l := v.plate.grid.Layout; v.stage == stageSelect && l.Cols > 0 {
		down = l.Stride() // as it shows
	}
	if to := v.cell + dx + dy*down; to >= 0 && to < t.Len() {
		v.cell = to
	}
	return nil
}

func (v *samplesView) bind() {
	a := v.a
	move := func(dx, dy int) func() tea.Cmd { return func() tea.Cmd { return a.moveCell(dx, dy) } }
	step := func(by int) func() tea.Cmd { return func() tea.Cmd { return a.stepSample(by) } }
	v.tileKeys = host.NewSection("one sample",
		host.Bind("left h", "← h", "", "the sample left of it", move(-1, 0)),
		host.Bind("right l", "→ l", "", "the sample right of it", move(1, 0)),
		host.Bind("up k", "↑ k", "", "the sample above", move(0, -1)),
		host.Bind("down j", "↓ j", "", "the sample below", move(0, 1)),
	)
	v.gridKeys = host.NewSection("view of samples",
		host.Bind("enter", "enter", "select", "select a sample; again: enlarge it", a.enlarge),
		host.Bind("a", "a", "animate", "animate the grids from the first on", a.play),
		host.Bind("t", "t", "teacher", "the teacher's beside it, same noise", a.toggleTeacher),
		host.Bind("n", "n", "new noise", "draw samples from other noise now", a.drawFresh),
		host.Bind("w", "w", "write PNG", "write what shows as a PNG", a.askSave),
		host.Bind("c", "c", "", "copy the path of the samples", a.copySample),
		host.Bind(",", ",", "", "one grid back", step(-1)),
		host.Bind(".", ".", "", "one grid on", step(1)),
		host.Bind("[", "[", "", "ten grids back", step(-10)),
		host.Bind("]", "]", "", "ten grids on", step(10)),
	)
	v.samplesKeys = host.NewSection("samples",
		host.Bind("left h up k", "← h", "older", "the grid before", step(-1)),
		host.Bind("right l down j", "→ l", "newer", "the next grid", step(1)),
		host.Bind("end G", "G", "newest", "follow the newest grid", step(1<<30)),
		host.Bind("home g", "g", "", "the first grid; leave other noise", step(-1<<30)),
	)
}

// source is the grid that shows, with an id for its pixels.
func (v *samplesView) source() (image.Image, string) {
	if v.fresh != nil {
		return v.fresh.img, v.fresh.file
	}
	img, _ := v.a.run.samples.Image()
	return img, v.shown
}

// tiles are the samples of the grid that shows.
func (v *samplesView) tiles() widget.Tiles {
	img, _ := v.source()
	return widget.CutTiles(img, v.a.run.Side)
}

// composed brings the view's own pane up to date.
func (v *samplesView) composed(at host.Rect) *widget.Samples {
	if v.pane == nil {
		v.pane = widget.NewSamples(v.a.theme)
		v.pane.Empty = "no room"
	}
	s := v.a.run.samples
	v.pane.Mode, v.pane.Probing, v.pane.NoColor = s.Mode, s.Probing, s.NoColor
	if p := v.compose(at); p.id != v.plate.id {
		v.plate = p
		v.pane.SetImage(p.img, sixel.AsIs, "")
	}
	return v.pane
}
