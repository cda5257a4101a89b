package host

import "innate/tui/sixel"

// Rect is a rectangle of cells.
type Rect = sixel.Rect

// SplitX cuts a rectangle into the left w columns and the rest.
func SplitX(r Rect, w int) (left, right Rect) {
	return Rect{X: r.X, Y: r.Y, W: w, H: r.H}, Rect{X: r.X + w, Y: r.Y, W: r.W - w, H: r.H}
}

// SplitY cuts a rectangle into the upper h rows and the rest.
func SplitY(r Rect, h int) (upper, lower Rect) {
	return Rect{X: r.X, Y: r.Y, W: r.W, H: h}, Rect{X: r.X, Y: r.Y + h, W: r.W, H: r.H - h}
}

// Inner returns the cells inside a frame's border.
func Inner(r Rect) Rect {
	if r.W < 3 || r.H < 3 {
		return Rect{}
	}
	return Rect{X: r.X + 1, Y: r.Y + 1, W: r.W - 2, H: r.H - 2}
}

// Beside joins two blocks of lines of equal height.
func Beside(left, right []string) []string {
	for i := range left {
		left[i] += right[i]
	}
	return left
}
