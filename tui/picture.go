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
// The samples pane fills its cells with sixel.Filler; when the frame with the
// filler is on screen the picture follows as raw output, and stays until
// something damages it: another size, place or image, a cleared screen, an
// overlay that covered part of it. Typing does not, as long as nothing changes
// right of the picture: the renderer rewrites a row from its first to its last
// changed cell. The samples pane therefore always is the rightmost one, and a
// change of its border's colour counts as damage. Hiding needs no output of
// its own: whatever replaces the filler differs from it in every cell, so the
// renderer writes those cells and the terminal drops their pixels.

// pictureKey says which picture belongs where; the zero key is no picture.
type pictureKey struct {
	image      string // run and file
	tile       int
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

// wantPicture returns the picture that the present frame has filler for.
func (a *App) wantPicture() pictureKey {
	if a.run == nil || a.layout.tooSmall {
		return pictureKey{}
	}
	s := a.run.samples
	img, tile := s.Image()
	at := inner(a.layout.panes[paneSamples])
	if img == nil || s.Probing || at.Empty() || !(s.Mode.OutOfBand() || s.Mode == sixel.Kitty) {
		return pictureKey{}
	}
	k := pictureKey{
		image: a.run.dir + "/" + s.Label(), tile: tile, mode: s.Mode, at: at, registers: a.probe.Registers(),
		focused: a.focus == paneSamples, theme: a.theme,
	}
	k.cellW, k.cellH = a.probe.Cell()
	k.maxW, k.maxH = a.probe.MaxPixels()
	return k
}

// syncPicture compares what is wanted with what was placed and returns the
// command that closes the gap. It runs after every Update.
func (a *App) syncPicture() tea.Cmd {
	p := &a.pic
	if want := a.wantPicture(); want != p.want {
		p.want = want
		a.damage()
	}
	blocked := a.overlayRect().Overlaps(p.want.at)
	if blocked != p.blocked {
		p.blocked = blocked
		a.damage()
	}
	if p.blocked || !p.damaged || p.want == (pictureKey{}) || p.sending == p.gen {
		return nil
	}
	p.sending = p.gen
	encoded, dx, dy := p.encoded, p.dx, p.dy
	if !sameContent(p.encodedK, p.want) {
		encoded = ""
	}
	img, _ := a.run.samples.Image()
	return sendPicture(placement{gen: p.gen, key: p.want, encoded: encoded, dx: dx, dy: dy}, img, a.syncOutput)
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
			p.sequence = sixel.Erase(p.key.at)
		case p.key.mode == sixel.Kitty:
			p.sequence = p.encoded
		default:
			p.sequence = sixel.Place(p.encoded, p.key.at, p.dx, p.dy, sync)
		}
		time.Sleep(frameWait - time.Since(start))
		return tea.RawMsg{Msg: p}
	}
}

// encodePicture fits and encodes img for p's rectangle; encoded stays empty if
// there is no room or the image cannot be encoded.
func encodePicture(p *placement, img image.Image) {
	k := p.key
	w, h := k.at.W*k.cellW, k.at.H*k.cellH
	if k.mode == sixel.Sixel {
		w, h = min(w, k.maxW), min(h, k.maxH)
	}
	fitted := sixel.Fit(img, k.tile, w, h)
	if fitted == nil {
		return
	}
	cols := (fitted.Bounds().Dx() + k.cellW - 1) / k.cellW
	rows := (fitted.Bounds().Dy() + k.cellH - 1) / k.cellH
	p.dx, p.dy = (k.at.W-cols)/2, (k.at.H-rows)/2
	switch k.mode {
	case sixel.Sixel:
		p.encoded, _ = sixel.Encode(fitted, k.registers)
	case sixel.ITerm:
		p.encoded, _ = sixel.EncodeITerm(pad(fitted, cols*k.cellW, rows*k.cellH), cols, rows)
	case sixel.Kitty:
		p.encoded, _ = sixel.EncodeKitty(pad(fitted, w, h), k.at.W, k.at.H)
	}
}

// pad centres img on a transparent canvas, so that a terminal that scales
// pictures to whole cells has nothing to scale.
func pad(img image.Image, w, h int) image.Image {
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	b := img.Bounds()
	at := image.Pt((w-b.Dx())/2, (h-b.Dy())/2)
	draw.Draw(out, b.Sub(b.Min).Add(at), img, b.Min, draw.Src)
	return out
}

// placed records that a placement reached the terminal, or was made in vain.
func (a *App) placed(p placement, sent bool) {
	a.pic.encoded, a.pic.encodedK, a.pic.dx, a.pic.dy = p.encoded, p.key, p.dx, p.dy
	if sent && p.gen == a.pic.gen {
		a.pic.damaged = false
	}
}
