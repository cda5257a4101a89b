package panes

import (
	"fmt"
	"math"
	"strings"

	"innate/tui/theme"
	"innate/tui/widget"
)

// FreezeSummary is what toggling some tensors would change.
type FreezeSummary struct {
	Tensors         int
	Params          int64
	Freezes, Trains int // tensors that would be frozen, and that would train

	FrozenBefore, FrozenAfter float64 // shares of all parameters

	SpeedNow, SpeedExpected float64 // images/s; 0 before any was measured
	SpeedRatio              float64 // expected over now
	Measured                bool    // the ratio comes from speeds of this run
}

// Summary tells what toggling the named tensors would change.
func (l *Layers) Summary(names []string) FreezeSummary {
	flip := make(map[string]bool, len(names))
	for _, n := range names {
		flip[n] = true
	}
	var s FreezeSummary
	var all, before, after int64
	for i := range l.net.tensors {
		t := &l.net.tensors[i]
		n := int64(t.Count)
		all += n
		if t.Frozen {
			before += n
		}
		if t.Frozen != flip[t.Name] {
			after += n
		}
		if !flip[t.Name] {
			continue
		}
		s.Tensors++
		s.Params += n
		if t.Frozen {
			s.Trains++
		} else {
			s.Freezes++
		}
	}
	if all > 0 {
		s.FrozenBefore, s.FrozenAfter = float64(before)/float64(all), float64(after)/float64(all)
	}
	x, next := l.net.trainedWork(nil), l.net.trainedWork(flip)
	var seconds func(x float64) float64
	seconds, s.Measured = l.speed.seconds()
	s.SpeedRatio = seconds(x) / seconds(next)
	if p := l.speed.last; p.sec > 0 {
		s.SpeedNow = seconds(p.x) / (p.sec * seconds(x))
		s.SpeedExpected = s.SpeedNow * s.SpeedRatio
	}
	return s
}

// trainedWork is the share of the network's arithmetic that belongs to tensors
// that train, after flipping some: a convolution uses each of its parameters at
// every pixel, a linear layer once an image.
func (n *network) trainedWork(flip map[string]bool) float64 {
	var all, trained float64
	for i := range n.tensors {
		t := &n.tensors[i]
		w := float64(t.Count)
		if side := float64(t.Resolution); side > 0 && t.Kind != "linear" {
			w *= side * side
		}
		all += w
		if t.Frozen == flip[t.Name] {
			trained += w
		}
	}
	if all == 0 {
		return 0
	}
	return trained / all
}

// speedModel predicts training speed from the share x of the arithmetic that
// belongs to training tensors. Without measurements an image takes 2+x: one pass
// forward, one for the gradient of the input, and one for that of the weights
// where they train. With measurements at different x the line through them
// replaces this; it knows about the discriminator and all other overhead.
type speedModel struct {
	points []speedPoint
	last   speedPoint
}

// speedPoint is a measured time for one image.
type speedPoint struct{ x, sec float64 }

const (
	speedPoints = 8    // remembered
	sameWork    = 0.02 // closer measurements are averaged …
	otherWork   = 0.05 // … and those this far apart make a line
)

// SetSpeed brings a measured speed at a frozen share of the parameters. It is
// ignored unless the share is that of the layers as they are known now: the
// speed of another state would teach the model something false.
func (l *Layers) SetSpeed(frozen, imagesPerSec float64) {
	s := l.Summary(nil)
	sec := 1 / imagesPerSec
	if !(imagesPerSec > 0) || !finite(sec) || sec == 0 || !(math.Abs(frozen-s.FrozenBefore) < 0.005) {
		return
	}
	m := &l.speed
	m.last = speedPoint{l.net.trainedWork(nil), sec}
	for i := range m.points {
		if p := &m.points[i]; math.Abs(p.x-m.last.x) < sameWork {
			p.sec += 0.3 * (sec - p.sec)
			m.last = *p
			return
		}
	}
	if len(m.points) == speedPoints {
		m.points = append(m.points[:0], m.points[1:]...)
	}
	m.points = append(m.points, m.last)
}

// seconds returns the time for an image, up to a factor, as a function of x, and
// whether it comes from measurements. A fitted line that falls, or rises beyond
// threefold, is noise and not used.
func (m *speedModel) seconds() (func(x float64) float64, bool) {
	var n, sx, st, sxx, sxt float64
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, p := range m.points {
		n++
		sx += p.x
		st += p.sec
		sxx += p.x * p.x
		sxt += p.x * p.sec
		lo, hi = min(lo, p.x), max(hi, p.x)
	}
	if hi-lo >= otherWork {
		slope := (n*sxt - sx*st) / (n*sxx - sx*sx)
		base := (st - slope*sx) / n
		if base > 0 && slope >= 0 && slope <= 2*base {
			return func(x float64) float64 { return base + slope*x }, true
		}
	}
	return func(x float64) float64 { return 2 + x }, false
}

// View words the summary in three lines of at most w cells.
func (s FreezeSummary) View(t *theme.Theme, w int) string {
	g, to := t.Glyphs, t.Glyphs.To
	what := t.Good.Render(g.Training) + fmt.Sprintf(" trains %d", s.Trains)
	if s.Freezes > 0 {
		what = t.Frozen.Render(g.Frozen) + fmt.Sprintf(" freezes %d", s.Freezes)
		if s.Trains > 0 {
			what += fmt.Sprintf(", trains %d", s.Trains)
		}
	}
	noun := " tensors"
	if s.Tensors == 1 {
		noun = " tensor"
	}
	lines := []string{
		what + noun + t.Dim.Render(fmt.Sprintf(", %s parameters", widget.Count(s.Params))),
		t.Dim.Render("frozen  ") + fmt.Sprintf("%5.1f %s %5.1f %%", 100*s.FrozenBefore, to, 100*s.FrozenAfter),
	}
	if room := w - 26; room >= 8 {
		lines[1] += "  " + s.bar(t, min(room, 40))
	}
	gain := fmt.Sprintf("%+.0f %%", 100*(s.SpeedRatio-1))
	if s.SpeedNow > 0 {
		gain = fmt.Sprintf("%5.1f %s %5.1f images/s  %s", s.SpeedNow, to, s.SpeedExpected, gain)
	}
	source := "  by counting operations"
	if s.Measured {
		source = "  from this run"
	}
	lines = append(lines, t.Dim.Render("speed   ")+gain+t.Dim.Render(source))
	for i := range lines {
		lines[i] = widget.Fit(lines[i], w, g.Ellipsis)
	}
	return strings.Join(lines, "\n")
}

// bar draws the frozen share in w cells: what stays frozen, what changes, what
// trains.
func (s FreezeSummary) bar(t *theme.Theme, w int) string {
	lo, hi := min(s.FrozenBefore, s.FrozenAfter), max(s.FrozenBefore, s.FrozenAfter)
	a := int(math.Round(lo * float64(w)))
	b := int(math.Round(hi * float64(w)))
	g := t.Glyphs
	return t.Frozen.Render(strings.Repeat(g.BarDone, a)) +
		t.Warn.Render(strings.Repeat(t.Glyphs.Change, b-a)) +
		t.Faint.Render(strings.Repeat(g.BarRest, w-b))
}
