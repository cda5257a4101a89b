package session

import (
	"math"

	"innate/trainer/run"
)

// SpeedModel predicts training speed from the share x of the arithmetic that
// belongs to training tensors. Without measurements an image takes 2+x: one pass
// forward, one for the gradient of the input, and one for that of the weights
// where they train. With measurements at different x the line through them
// replaces this; it knows about the discriminator and all other overhead.
type SpeedModel struct {
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

// learn takes in a measured time for an image.
func (m *SpeedModel) learn(x, sec float64) {
	m.last = speedPoint{x, sec}
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
func (m *SpeedModel) seconds() (func(x float64) float64, bool) {
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

// LearnSpeed takes in a measured speed at a frozen share of the parameters. It is
// ignored unless the share is that of the layers as they are known now: the speed
// of another state would teach the model something false.
func (l *Layers) LearnSpeed(frozen, imagesPerSec float64) {
	sec := 1 / imagesPerSec
	if imagesPerSec > 0 && sec > 0 && !math.IsInf(sec, 0) && math.Abs(frozen-l.Net.Total.FrozenShare()) < 0.005 {
		l.Speed.learn(l.Net.trainedWork(nil), sec)
	}
}

// steadyAfter is how many seconds a run must train without a change before its
// speed counts as that of what is frozen now.
const steadyAfter = 3

// pace notices when the speed of a run is steady. It counts images, since clocks
// may jump.
type pace struct {
	key  string // what is frozen; empty between steps
	nimg int64  // since when
}

// learnSpeed tells the layers how fast the run is at its present share of frozen
// parameters, once that is steady.
func (r *Run) learnSpeed() {
	st := &r.Info.Status
	key := ""
	if st.State == run.StateRunning && !BetweenSteps(st.Stage) {
		key = FrozenKey(st)
	}
	if key == "" || key != r.pace.key || st.Nimg < r.pace.nimg {
		r.pace = pace{key, st.Nimg}
		return
	}
	if float64(st.Nimg-r.pace.nimg) >= steadyAfter*st.ImagesPerSec {
		r.Layers.LearnSpeed(st.FrozenFraction, st.ImagesPerSec)
	}
}
