package widget

import "math"

// lens is the part of the x axis that is seen, and the cursor on it. The charts
// of a group share one.
//
// A window is kept by its width and, unless it follows the newest data, its right
// edge, both in units in which the axis is linear: kimg or minutes, or their
// logarithms.
type lens struct {
	log, time bool // the axis that the window was made for

	span   float64 // 0 = everything
	right  float64 // right edge of a parked window
	parked bool    // the right edge stays where it is

	reading bool    // the cursor is on …
	newest  bool    // … at the right edge, wherever that goes …
	x       float64 // … or at this kimg
}

func (l *lens) linear(v float64) float64 {
	if l.log {
		return math.Log(v)
	}
	return v
}

func (l *lens) axis(u float64) float64 {
	if l.log {
		return math.Exp(u)
	}
	return u
}

// reset shows everything and follows.
func (l *lens) reset() { l.span, l.parked = 0, false }

// use prepares for a kind of axis: a window of another kind means nothing there.
func (l *lens) use(log, time bool) {
	if l.log != log || l.time != time {
		l.log, l.time = log, time
		l.reset()
	}
}

// window returns the range seen of the full range lo to hi.
func (l *lens) window(lo, hi float64) (float64, float64) {
	from, to := l.linear(lo), l.linear(hi)
	if l.span == 0 || l.span >= to-from {
		return lo, hi
	}
	if !l.parked {
		return l.axis(to - l.span), hi
	}
	right := min(max(l.right, from+l.span), to)
	return l.axis(right - l.span), l.axis(right)
}

// zoom scales the window about a value; below 1 shows less. What is zoomed about
// stays where it is. At least the share least of the full range stays visible.
func (l *lens) zoom(factor, about, least, lo, hi float64) {
	from, to := l.linear(lo), l.linear(hi)
	a, b := l.window(lo, hi)
	left, right := l.linear(a), l.linear(b)
	u := min(max(l.linear(about), left), right)
	span := max((right-left)*factor, (to-from)*least)
	if span >= (to-from)*(1-1e-9) {
		l.reset()
		return
	}
	l.move(span, u+(right-u)*span/(right-left), to)
}

// pan moves the window by a share of its width, right for positive. Arriving at
// the newest data it follows again.
func (l *lens) pan(by, lo, hi float64) {
	from, to := l.linear(lo), l.linear(hi)
	if l.span == 0 || l.span >= to-from {
		return
	}
	_, b := l.window(lo, hi)
	l.move(l.span, max(l.linear(b)+by*l.span, from+l.span), to)
}

func (l *lens) move(span, right, to float64) {
	l.span, l.right = span, right
	l.parked = right < to-span*1e-9
}
