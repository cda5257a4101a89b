package samples

import (
	"image"
	"slices"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/widget"
)

// maxFilm bounds the frames of a film, and maxDecoded and maxDecodedPixels the
// grids that are kept.
const (
	maxFilm          = 32
	minFilm          = 8 // frames there should be room for, even if they are shrunk
	maxDecoded       = 2 * maxFilm
	maxDecodedPixels = 32 << 20
)

// Film is one sample in grids of different times.
type Film struct {
	Files []string // of the grids, oldest first
	Mark  int      // the one that shows
	Ready bool     // all have been read

	tile, gap int // pixels of the sample beside it, at most, and between
	layout    sixel.Layout
}

// Film returns the film beside the sample that is enlarged in the view's cells r.
func (v *View) Film(r host.Rect) Film {
	k := v.h.Canvas(v.parts(r).picture)
	w, h := k.Room()
	return v.filmOf(w, h)
}

// filmOf chooses the frames beside a sample in w by h pixels. They cover all of
// the run, so that they stay where they are while one steps through it.
func (v *View) filmOf(w, h int) Film {
	files := v.h.Run().Grids
	if v.frames != nil {
		files = v.frames
	}
	f := Film{tile: min(h, w/2), gap: max(w/40, 2)}
	if v.stage != stageTile || v.fresh != nil || len(files) < 2 || v.h.Run().Side < 1 {
		return f
	}
	if f.tile > v.h.Run().Side {
		f.tile -= f.tile % v.h.Run().Side // as it will be enlarged
	}
	const frame = 2 // around the marked one
	l, ok := widget.PickLayout(min(len(files), minFilm), v.h.Run().Side, w-f.tile-f.gap-2*frame, h-2*frame)
	if !ok {
		return f
	}
	n := min(len(files), l.Cols*l.Rows, maxFilm)
	if img, _ := v.source(); img != nil {
		size := img.Bounds().Size()
		n = min(n, max(2, maxDecodedPixels/max(size.X*size.Y, 1)))
	}
	f.Files = spread(files, n)
	l.Rows = (n + l.Cols - 1) / l.Cols
	l.Cols = (n + l.Rows - 1) / l.Rows
	f.layout = l
	at, there := slices.BinarySearch(f.Files, v.shown)
	if !there && n > 2 {
		// The grid that shows stands for one near it, but not for the first or last.
		at = max(min(at-1, n-2), 1)
		f.Files[at] = v.shown
	}
	f.Mark = min(at, n-1)
	f.Ready = !slices.ContainsFunc(f.Files, func(file string) bool { _, known := v.decoded.get(file); return !known })
	return f
}

// spread takes n of the files, evenly, with the first and the last.
func spread(files []string, n int) []string {
	if n < 2 {
		return slices.Clone(files[len(files)-n:])
	}
	list := make([]string, n)
	for i := range list {
		list[i] = files[i*(len(files)-1)/(n-1)]
	}
	return list
}

// filmMsg brings grids for the film.
type filmMsg struct {
	from  *View
	grids []session.GridMsg
}

// Idle implements host.IdleView: it reads what the film lacks, all at once, since
// the picture is composed and sent once, not for every frame.
func (v *View) Idle(r host.Rect) tea.Cmd {
	if v.stage != stageTile || v.reading {
		return nil
	}
	f := v.Film(r)
	if len(f.Files) == 0 || f.Ready {
		return nil
	}
	var missing []string
	for _, file := range f.Files {
		if _, known := v.decoded.get(file); !known {
			missing = append(missing, file)
		}
	}
	v.reading = true
	run := v.h.Run()
	return func() tea.Msg {
		m := filmMsg{from: v}
		for _, file := range missing {
			m.grids = append(m.grids, run.ReadGrid(file))
		}
		return m
	}
}

// addFilm takes grids in; one that cannot be read stays black.
func (v *View) addFilm(m filmMsg) {
	if m.from != v {
		return
	}
	v.reading = false
	for _, g := range m.grids {
		v.decoded.add(g.File, g.Image)
	}
}

// gridCache keeps decoded grids, the latest.
type gridCache struct {
	images map[string]image.Image // nil: it cannot be read
	order  []string
	pixels int
}

func (c *gridCache) get(file string) (img image.Image, known bool) {
	img, known = c.images[file]
	return img, known
}

func (c *gridCache) add(file string, img image.Image) {
	if _, known := c.images[file]; known {
		c.drop(slices.Index(c.order, file))
	}
	if c.images == nil {
		c.images = map[string]image.Image{}
	}
	c.images[file] = img
	c.order = append(c.order, file)
	c.pixels += area(img)
	for len(c.order) > 1 && (len(c.order) > maxDecoded || c.pixels > 2*maxDecodedPixels) {
		c.drop(0)
	}
}

func (c *gridCache) drop(i int) {
	c.pixels -= area(c.images[c.order[i]])
	delete(c.images, c.order[i])
	c.order = slices.Delete(c.order, i, i+1)
}

func area(img image.Image) int {
	if img == nil {
		return 0
	}
	size := img.Bounds().Size()
	return size.X * size.Y
}
