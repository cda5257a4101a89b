package tui

import (
	"image"
	"image/draw"
	"time"

	tea "charm.land/bubbletea/v2"

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
	image      string // shown.id
	tiling     sixel.Tiling
	mode       sixel.Mode
	at         rect
	cellW      int
	cellH      int
	registers  int
	maxW, maxH int
	focused    bool         // colour of the border …
	theme      *theme.Theme // … right of the picture
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

// dropStalePictures keeps raw output of a picture that is no longer wanted from
// the terminal: between its encoding and now an overlay may have opened.
func dropStalePictures(m tea.Model, msg tea.Msg) tea.Msg {
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
	if a.run == nil || a.layout.tooSmall || a.probing || !(a.mode.OutOfBand() || a.mode == sixel.Kitty) {
		return pictureKey{}, nil
	}
	v, ok := a.current().(pictureView)
	if !ok {
		return pictureKey{}, nil
	}
	p, ok := v.picture(a, a.layout.body)
	if !ok {
		return pictureKey{}, nil
	}
	k := a.keyAt(p.at)
	k.image, k.tiling, k.focused, k.theme = p.id, p.tiling, p.focused, a.theme
	return k, p.img
}

// keyAt is the key of a picture in the cells at, whatever it shows.
func (a *App) keyAt(at rect) pictureKey {
	k := pictureKey{mode: a.mode, at: at, registers: a.probe.Registers()}
	k.cellW, k.cellH = a.probe.Cell()
	k.maxW, k.maxH = a.probe.MaxPixels()
	if !a.mode.OutOfBand() && a.mode != sixel.Kitty {
		k.cellW, k.cellH = 1, 2 // half-blocks
	}
	return k
}

// room is how many pixels the picture may have.
func (k *pictureKey) room() (w, h int) {
	w, h = k.at.W*k.cellW, k.at.H*k.cellH
	if k.mode == sixel.Sixel {
		w, h = min(w, k.maxW), min(h, k.maxH)
	}
	return w, h
}

// corner is where, in cells of its rectangle, a picture of w by h pixels starts,
// so that it stands in the middle.
func (k *pictureKey) corner(w, h int) (dx, dy int) {
	return (k.at.W - (w+k.cellW-1)/k.cellW) / 2, (k.at.H - (h+k.cellH-1)/k.cellH) / 2
}

// pictureLate reports whether the picture that is wanted is still to be shown.
func (a *App) pictureLate() bool {
	return a.pic.want != (pictureKey{}) && a.pic.damaged && !a.pic.blocked
}

// syncPicture returns the commands that bring the picture up to date. It runs
// after every Update.
func (a *App) syncPicture() tea.Cmd { return tea.Batch(a.loadFilm(), a.placePicture()) }

// placePicture compares what is wanted with what was placed and returns the
// command that closes the gap.
func (a *App) placePicture() tea.Cmd {
	p := &a.pic
	want, img := a.wantPicture()
	if want != p.want {
		p.want = want
		a.damage()
	}
	blocked := a.overlayRect().Overlaps(p.want.at)
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
	a.at.X, a.at.Y, a.focused, a.theme = b.at.X, b.at.Y, b.focused, b.theme
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
			p.sequence = p.wipe + sixel.Erase(p.key.at)
		case p.key.mode == sixel.Kitty:
			p.sequence = p.encoded
		default:
			p.sequence = p.wipe + sixel.Place(p.encoded, p.key.at, p.dx, p.dy, sync)
		}
		time.Sleep(frameWait - time.Since(start))
		return tea.RawMsg{Msg: p}
	}
}

// encodePicture fits and encodes img for p's rectangle; encoded stays empty if
// there is no room or the image cannot be encoded.
func encodePicture(p *placement, img image.Image) {
	k := p.key
	w, h := k.room()
	fitted := k.tiling.Fit(img, w, h)
	if fitted == nil {
		return
	}
	size := fitted.Bounds().Size()
	cols, rows := (size.X+k.cellW-1)/k.cellW, (size.Y+k.cellH-1)/k.cellH
	p.dx, p.dy = k.corner(size.X, size.Y)
	switch k.mode {
	case sixel.Sixel:
		p.encoded, _ = sixel.Encode(fitted, k.registers)
	case sixel.ITerm:
		p.encoded, _ = sixel.EncodeITerm(pad(fitted, cols*k.cellW, rows*k.cellH, image.Point{}), cols, rows)
	case sixel.Kitty:
		p.encoded, _ = sixel.EncodeKitty(pad(fitted, w, h, image.Pt(p.dx*k.cellW, p.dy*k.cellH)), k.at.W, k.at.H)
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
