package samples

import (
	"fmt"
	"image"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/host"
	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/widget"
)

// plate is a picture composed of several, for one place on the screen.
type plate struct {
	id       string // names everything that the pixels and captions depend on
	img      image.Image
	captions []caption
	labels   map[int]string // beside lines of its rectangle
	dx, dy   int            // cells from the corner of its rectangle
	cols     int            // cells that it is wide

	grid widget.Mosaic // of a selection: the samples that show
	film []string      // of one sample: the grids beside it
}

// caption is a line of text above a part of the picture.
type caption struct {
	x, w int // cells from the left of the picture's rectangle
	text string
}

// captionLine draws the captions in w cells.
func (p *plate) captionLine(t *theme.Theme, w int) string {
	var b strings.Builder
	x := 0
	for _, c := range p.captions {
		b.WriteString(strings.Repeat(" ", max(c.x-x, 0)))
		text := ansi.Truncate(c.text, max(c.w, 0), t.Glyphs.Ellipsis)
		b.WriteString(text)
		x = max(c.x, x) + ansi.StringWidth(text)
	}
	return widget.Fit(b.String(), w, t.Glyphs.Ellipsis)
}

// compose makes the picture of the present stage, unless it is the one that
// shows already.
func (v *View) compose(k host.Canvas) plate {
	w, h := k.Room()
	grid, file := v.source()
	id := fmt.Sprint(v.h.Run().Dir, "/", file, " ", v.h.Run().Side, v.h.Run().Info.Status.SampleClasses, " ", v.stage, " ", v.cell, " ", k)
	film := v.filmOf(w, h)
	if v.stage == stageTile {
		id += fmt.Sprint(film.Files, film.Ready)
	}
	if v.fresh != nil {
		id += fmt.Sprint(v.fresh.seed)
	}
	if v.stage == stageTeacher {
		id += fmt.Sprint(v.teacher.gen)
	}
	if id == v.plate.id || grid == nil {
		return v.plate
	}
	p := plate{id: id}
	switch v.stage {
	case stageGrid:
		v.composeGrid(&p, &k)
	case stageTeacher:
		v.composeTeacher(&p, &k)
	case stageSelect:
		v.composeSelection(&p, &k)
	case stageTile:
		v.composeTile(&p, &k, film)
	}
	return p
}

// put sets the picture and places it.
func (p *plate) put(k *host.Canvas, img image.Image) {
	size := img.Bounds().Size()
	p.img, p.cols = img, (size.X+k.CellW-1)/k.CellW
	p.dx, p.dy = k.Corner(size.X, size.Y)
}

// caption adds a caption over the pixels from x on, up to the picture's end; the
// one before ends there.
func (p *plate) caption(k *host.Canvas, t *theme.Theme, text string, x int) {
	at := p.dx + (x+k.CellW-1)/k.CellW
	if n := len(p.captions); n > 0 {
		p.captions[n-1].w = at - p.captions[n-1].x - 1
		p.captions = append(p.captions, caption{at, k.At.W - at, t.Dim.Render(text)})
		return
	}
	// A caption longer than its picture starts further left.
	at = max(min(at, k.At.W-ansi.StringWidth(text)-1), 1)
	p.captions = append(p.captions, caption{at, k.At.W - at, t.Dim.Render(text)})
}

// composeGrid draws the grid as it is.
func (v *View) composeGrid(p *plate, k *host.Canvas) {
	w, h := k.Room()
	grid, _ := v.source()
	img := v.h.Run().Tiling().Fit(grid, w, h)
	if img == nil {
		return
	}
	p.put(k, img)
	t := v.tiles()
	l, _ := v.h.Run().Tiling().Arrange(t.Len(), t.Cols(), w, h)
	v.label(p, k, l, 0, img.Bounds().Dy())
	if f := v.fresh; f != nil {
		p.caption(k, v.h.Theme(), "from other noise, seed "+fmt.Sprint(f.seed)+", "+widget.Kimg(f.nimg)+" kimg: esc leads back to the run's own", 0)
	}
}

// composeTeacher puts the teacher's and the run's samples of the same noise side
// by side, or above each other where that is higher than wide.
func (v *View) composeTeacher(p *plate, k *host.Canvas) {
	w, h := k.Room()
	gap := max(4*k.CellW, w/40)
	ours, theirs := v.tiles(), widget.CutTiles(v.teacher.img, v.h.Run().Side)
	if v.h.Run().Tiling().ByRow { // one may be of a time with more samples
		cols := min(ours.Cols(), theirs.Cols())
		ours, theirs = ours.Crop(cols), theirs.Crop(cols)
	}
	n := min(ours.Len(), theirs.Len())
	stacked := h > w
	boxW, boxH := (w-gap)/2, h
	if stacked {
		boxW, boxH = w, (h-gap)/2
	}
	l, ok := v.h.Run().Tiling().Arrange(n, min(ours.Cols(), n), boxW, boxH)
	if !ok {
		return
	}
	mw, mh := l.Size()
	second := image.Pt(0, mh+gap)
	if !stacked {
		second = image.Pt((mw+gap+k.CellW-1)/k.CellW*k.CellW, 0)
	}
	canvas := widget.NewCanvas(second.X+mw, second.Y+mh, v.teacher.img, ours.At(0))
	widget.Mosaic{Tiles: theirs.First(n).In(l), Layout: l, Mark: -1}.Draw(canvas, image.Point{})
	widget.Mosaic{Tiles: ours.First(n).In(l), Layout: l, Mark: -1}.Draw(canvas, second)
	p.put(k, canvas)
	v.label(p, k, l, 0, mh)
	teacher := fmt.Sprintf("teacher, %d Heun steps", v.h.Options().TeacherSteps)
	student := "this run, " + sampleLabel(v.shown)
	if m := v.h.Run().Info.Status.Method; m == "gdd" || m == "fd" || m == "distill" {
		student = "student, one step, " + sampleLabel(v.shown)
	}
	if stacked {
		v.label(p, k, l, second.Y, mh)
		p.caption(k, v.h.Theme(), "above: "+teacher+"; below: "+student, 0)
		return
	}
	p.caption(k, v.h.Theme(), teacher, 0)
	p.caption(k, v.h.Theme(), student, second.X)
}

// composeSelection draws the grid with a frame around the selected sample, and
// as many of the others as there is room for.
func (v *View) composeSelection(p *plate, k *host.Canvas) {
	w, h := k.Room()
	t := v.tiles()
	const frame = 2 // widest gap of a layout
	l, ok := v.h.Run().Tiling().Arrange(t.Len(), t.Cols(), w-2*frame, h-2*frame)
	if !ok {
		return
	}
	v.cell = min(v.cell, t.Len()-1)
	l = l.Page(v.cell)
	p.grid = widget.Mosaic{Tiles: t.In(l), Layout: l, Mark: l.Place(v.cell)}
	cw, ch := p.grid.Size()
	canvas := widget.NewCanvas(cw, ch, t.At(0))
	p.grid.Draw(canvas, image.Point{})
	p.put(k, canvas)
	v.label(p, k, l, 0, ch)
	p.caption(k, v.h.Theme(), v.cellName()+v.pageName(l, t)+"   enter enlarges it", 0)
}

// cellName counts the selected sample and names its class, in a constant width.
func (v *View) cellName() string {
	t := v.tiles()
	all := fmt.Sprint(t.Len())
	name := "sample " + widget.FitLeft(fmt.Sprint(v.cell+1), len(all)) + " of " + all
	if classes := v.classes(); len(classes) > 0 {
		name += ", class " + widget.FitLeft(fmt.Sprint(classes[v.cell/t.Cols()]), classWidth(classes))
	}
	return name
}

// composeTile enlarges the selected sample and shows how it looked in earlier
// and later grids.
func (v *View) composeTile(p *plate, k *host.Canvas, f Film) {
	t := v.tiles()
	v.cell = max(min(v.cell, t.Len()-1), 0)
	tile := t.At(v.cell)
	if tile == nil {
		return
	}
	big := sixel.Fit(tile, 0, f.tile, f.tile)
	if big == nil {
		return
	}
	p.film = f.Files
	size := big.Bounds().Size()
	m := widget.Mosaic{Layout: f.layout, Mark: f.Mark}
	width, height, x := size.X, size.Y, 0
	if len(f.Files) > 0 {
		x = (size.X + f.gap + k.CellW - 1) / k.CellW * k.CellW
		mw, mh := m.Size()
		width, height = x+mw, max(height, mh)
		for _, file := range f.Files {
			img, _ := v.decoded.get(file)
			m.Tiles = append(m.Tiles, widget.CutTiles(img, v.h.Run().Side).At(v.cell))
		}
	}
	canvas := widget.NewCanvas(width, height, append(m.Tiles, tile)...)
	widget.Mosaic{Tiles: []image.Image{tile}, Layout: sixel.Layout{Cols: 1, Rows: 1, Side: size.X}, Mark: -1}.Draw(canvas, image.Point{})
	m.Draw(canvas, image.Pt(x, 0))
	p.put(k, canvas)
	p.caption(k, v.h.Theme(), v.cellName(), 0)
	if n := len(f.Files); n > 0 {
		text := fmt.Sprintf("in %d of %d grids, %s to %s", n, len(v.h.Run().Grids), kimgOf(f.Files[0]), sampleLabel(f.Files[n-1]))
		if !f.Ready {
			text = fmt.Sprintf("reading %d grids", n)
		}
		p.caption(k, v.h.Theme(), text, x)
	}
}
