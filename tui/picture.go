package tui

import (
	"image"
	"image/draw"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/sixel"
	"innate/tui/theme"
)

// The sample grid as a picture outside the text frame.
//
// A view with a picture (pictureView) fills its cells with sixel.Filler; when
// the frame with the filler is on screen the picture follows as raw output, and
// stays until something damages it: another size, place or image, a cleared
// screen, an overlay that covered part of it. Typing does not, as long as
// nothing changes right of the picture: the renderer rewrites a row from its
// first to its last changed cell. Views therefore must put nothing that changes
// right of a picture, and a change of the border's colour there counts as
// damage (shown.focused). A view has one picture; several images are composed
// into one. Hiding needs no output of its own: whatever replaces the filler
// differs from it in every cell, so the renderer writes those cells and the
// terminal drops their pixels. Where it doesn't (sixel.Probe.Wipe), pictures are
// removed when nothing, or an overlay, comes in their place, and before the next.

// pictureKey says which picture belongs where; the zero key is no picture.
type pictureKey struct {
	host.Canvas
	image   string // host.Shown.ID
	tiling  sixel.Tiling
	focused bool         // colour of the border …
	theme   *theme.Theme // … right of the picture
}

// picture is the state of what has been placed.
type picture struct {
	want     pictureKey
	gen      int  // raw output of an older generation is dropped
	damaged  bool // the screen may lack the picture
	blocked  bool // an overlay covers part of it
	shown    bool // one may be on the screen
	sending  int  // generation on its way, 0 if none
	encoded  string
	encodedK pictureKey // what encoded shows, whatever its place
	dx, dy   int        // cells from the corner of the rectangle
}

// placement is the payload of a raw message: it prints as its sequence.
type placement struct {
	gen      int
	key      pictureKey
	encoded  string
	dx, dy   int
	wipe     string // removes what was placed before
	sequence string
}

// String returns what goes to the terminal.
func (p placement) String() string { return p.sequence }

// Filter keeps raw output of a picture that is no longer wanted from
// the terminal: between its encoding and now an overlay may have opened.
func Filter(m tea.Model, msg tea.Msg) tea.Msg {
	raw, ok := msg.(tea.RawMsg)
	if !ok {
		return msg
	}
	p, ok := raw.Msg.(placement)
	if app, isApp := m.(*App); ok && isApp && p.gen != app.pic.gen {
		return stalePlacementMsg(p)
	}
	return msg
}

// stalePlacementMsg replaces a dropped placement, so that its work isn't lost.
type stalePlacementMsg placement

// damage says that the screen may lack the picture.
func (a *App) damage() {
	a.pic.damaged = true
	a.pic.gen++
}

// wantPicture returns the picture that the present frame has filler for, and its
// pixels.
func (a *App) wantPicture() (pictureKey, image.Image) {
	if a.run == nil || a.layout.tooSmall || a.display.Probing || !(a.display.Mode.OutOfBand() || a.display.Mode == sixel.Kitty) {
		return pictureKey{}, nil
	}
	v, ok := a.current().(host.PictureView)
	if !ok {
		return pictureKey{}, nil
	}
	p, ok := v.Picture(a.layout.body)
	if !ok {
		return pictureKey{}, nil
	}
	return pictureKey{Canvas: a.Canvas(p.At), image: p.ID, tiling: p.Tiling, focused: p.Focused, theme: a.theme}, p.Image
}

// PictureLate implements host.Host.
func (a *App) PictureLate() bool {
	return a.pic.want != (pictureKey{}) && a.pic.damaged && !a.pic.blocked
}

// syncPicture returns the commands that bring the picture up to date. It runs
// after every Update.
func (a *App) syncPicture() tea.Cmd {
	var idle tea.Cmd
	if v, ok := a.current().(host.IdleView); ok && !a.layout.tooSmall {
		idle = v.Idle(a.layout.body)
	}
	return tea.Batch(idle, a.placePicture())
}

// placePicture compares what is wanted with what was placed and returns the
// command that closes the gap.
func (a *App) placePicture() tea.Cmd {
	p := &a.pic
	want, img := a.wantPicture()
	if want != p.want {
		p.want = want
		a.damage()
	}
	blocked := a.overlayRect().Overlaps(p.want.At)
	if blocked != p.blocked {
		p.blocked = blocked
		a.damage()
	}
	if p.blocked || p.want == (pictureKey{}) {
		return a.wipe()
	}
	if !p.damaged || p.sending == p.gen {
		return nil
	}
	p.sending = p.gen
	encoded, dx, dy := p.encoded, p.dx, p.dy
	if !sameContent(p.encodedK, p.want) {
		encoded = ""
	}
	return sendPicture(placement{gen: p.gen, key: p.want, encoded: encoded, dx: dx, dy: dy, wipe: a.probe.Wipe()}, img, a.syncOutput)
}

// wipe returns the command that removes a picture from a terminal that keeps it
// under what comes in its place.
func (a *App) wipe() tea.Cmd {
	shown := a.pic.shown
	a.pic.shown = false
	if wipe := a.probe.Wipe(); shown && wipe != "" {
		return tea.Raw(wipe)
	}
	return nil
}

// sameContent reports whether two keys have the same encoding, wherever it goes.
func sameContent(a, b pictureKey) bool {
	a.At.X, a.At.Y, a.focused, a.theme = b.At.X, b.At.Y, b.focused, b.theme
	return a == b
}

// sendPicture encodes the picture unless that was done before, waits for the
// frame, and places it.
func sendPicture(p placement, img image.Image, sync bool) tea.Cmd {
	return func() tea.Msg {
		start := time.Now()
		if p.encoded == "" {
			encodePicture(&p, img)
		}
		switch {
		case p.encoded == "": // nothing fits: blank cells
			p.sequence = p.wipe + sixel.Erase(p.key.At)
		case p.key.Mode == sixel.Kitty:
			p.sequence = p.encoded
		default:
			p.sequence = p.wipe + sixel.Place(p.encoded, p.key.At, p.dx, p.dy, sync)
		}
		time.Sleep(frameWait - time.Since(start))
		return tea.RawMsg{Msg: p}
	}
}

// encodePicture fits and encodes img for p's rectangle; encoded stays empty if
// there is no room or the image cannot be encoded.
func encodePicture(p *placement, img image.Image) {
	k := p.key
	w, h := k.Room()
	fitted := k.tiling.Fit(img, w, h)
	if fitted == nil {
		return
	}
	size := fitted.Bounds().Size()
	cols, rows := (size.X+k.CellW-1)/k.CellW, (size.Y+k.CellH-1)/k.CellH
	p.dx, p.dy = k.Corner(size.X, size.Y)
	switch k.Mode {
	case sixel.Sixel:
		p.encoded, _ = sixel.Encode(fitted, k.Registers)
	case sixel.ITerm:
		p.encoded, _ = sixel.EncodeITerm(pad(fitted, cols*k.CellW, rows*k.CellH, image.Point{}), cols, rows)
	case sixel.Kitty:
		p.encoded, _ = sixel.EncodeKitty(pad(fitted, w, h, image.Pt(p.dx*k.CellW, p.dy*k.CellH)), k.At.W, k.At.H)
	}
}

// pad puts img on a transparent canvas, so that a terminal that scales pictures
// to whole cells has nothing to scale. In every mode pixels begin at the corner
// of a cell: clicks and labels count from there.
func pad(img image.Image, w, h int, at image.Point) image.Image {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	b := img.Bounds()
	draw.Draw(out, b.Sub(b.Min).Add(at), img, b.Min, draw.Src)
	return out
}

// placed records that a placement reached the terminal, or was made in vain.
func (a *App) placed(p placement, sent bool) {
	a.pic.encoded, a.pic.encodedK, a.pic.dx, a.pic.dy = p.encoded, p.key, p.dx, p.dy
	a.pic.shown = a.pic.shown || sent
	if sent && p.gen == a.pic.gen {
		a.pic.damaged = false
	}
}
