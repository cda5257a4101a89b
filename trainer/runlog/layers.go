package runlog

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// LayersFile is the name of the layer statistics inside a run directory.
const LayersFile = "layers.jsonl"

// LayerStats is one line of layers.jsonl: what one step did to every parameter
// tensor of the trained network, in the order of layers.json. NaN stands for a
// value that does not exist.
type LayerStats struct {
	Nimg     int64
	Time     time.Time
	Grad     []float64 // ‖g‖, L2 norm of the step's gradient; NaN for a frozen tensor
	Update   []float64 // ‖Δw‖/‖w‖ of the step; 0 for a frozen tensor, NaN if w was 0
	Distance []float64 // ‖w−w₀‖/‖w₀‖ from the weights the run began with; NaN if w₀ is 0

	// The parts of the distance, whose squares add up to its square; nil in lines of
	// builds that did not measure them.
	Direction []float64 // by the angle between w and w₀: √(2·‖w‖·‖w₀‖·(1−cos))/‖w₀‖
	Norm      []float64 // ‖w‖/‖w₀‖ − 1, with its sign
}

// LayerStats appends one line; a zero Time means now.
func (w *Writer) LayerStats(s LayerStats) error {
	if s.Time.IsZero() {
		s.Time = time.Now()
	}
	if len(s.Update) != len(s.Grad) || len(s.Distance) != len(s.Grad) {
		return fmt.Errorf("runlog: layer statistics: %d updates and %d distances, want %d as gradients",
			len(s.Update), len(s.Distance), len(s.Grad))
	}
	if err := s.checkParts(); err != nil {
		return err
	}
	return w.append(w.layers, s.encode())
}

// checkParts refuses parts of a distance that are not of as many tensors.
func (s LayerStats) checkParts() error {
	if len(s.Direction) != len(s.Norm) || s.Direction != nil && len(s.Direction) != len(s.Distance) {
		return fmt.Errorf("runlog: layer statistics: %d directions and %d norms, want %d as distances, or none",
			len(s.Direction), len(s.Norm), len(s.Distance))
	}
	return nil
}

// encode returns the line, newline included.
func (s LayerStats) encode() []byte {
	b := appendHead(nil, TypeLayers, s.Nimg, s.Time)
	b = appendShort(append(b, `,"grad":[`...), s.Grad)
	b = appendShort(append(b, `],"update":[`...), s.Update)
	b = appendShort(append(b, `],"distance":[`...), s.Distance)
	if s.Direction != nil {
		b = appendShort(append(b, `],"direction":[`...), s.Direction)
		b = appendShort(append(b, `],"norm":[`...), s.Norm)
	}
	return append(b, "]}\n"...)
}

// appendShort appends values with five significant digits, which is more than a
// screen shows and keeps a line of a few hundred tensors to a few kilobytes.
func appendShort(b []byte, values []float64) []byte {
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'g', 5, 64)
		}
	}
	return b
}

// decodeLayerStats reads one line of layers.jsonl; resume tells a marker from
// statistics. A line without a type is of an older build, whose markers had a
// member of that name.
func decodeLayerStats(line []byte) (s LayerStats, resume bool, err error) {
	var m struct {
		Type      string     `json:"type"`
		Nimg      *int64     `json:"nimg"`
		Time      float64    `json:"time"`
		Resume    int        `json:"resume"`
		Grad      []*float64 `json:"grad"`
		Update    []*float64 `json:"update"`
		Distance  []*float64 `json:"distance"`
		Direction []*float64 `json:"direction"`
		Norm      []*float64 `json:"norm"`
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return s, false, err
	}
	if m.Type == "" {
		if m.Type = TypeLayers.String(); m.Resume != 0 {
			m.Type = TypeResume.String()
		}
	}
	if m.Type != TypeLayers.String() && m.Type != TypeResume.String() {
		return s, false, fmt.Errorf("runlog: layer statistics: type %q, want layers or resume", m.Type)
	}
	if m.Nimg == nil {
		return s, false, fmt.Errorf("runlog: layer statistics without nimg")
	}
	if len(m.Update) != len(m.Grad) || len(m.Distance) != len(m.Grad) {
		return s, false, fmt.Errorf("runlog: layer statistics: lists of %d, %d and %d values, want one length",
			len(m.Grad), len(m.Update), len(m.Distance))
	}
	s = LayerStats{Nimg: *m.Nimg, Time: fromSeconds(m.Time), Grad: orNaN(m.Grad), Update: orNaN(m.Update), Distance: orNaN(m.Distance)}
	if m.Direction != nil {
		s.Direction, s.Norm = orNaN(m.Direction), orNaN(m.Norm)
	}
	if err := s.checkParts(); err != nil {
		return LayerStats{}, false, err
	}
	return s, m.Type == TypeResume.String(), nil
}

// orNaN makes every null a NaN.
func orNaN(values []*float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.NaN()
		if v != nil {
			out[i] = *v
		}
	}
	return out
}

// LayerReader follows the layer statistics of one run directory. It opens the
// file only inside Poll, keeps nothing of what it has read, and is not safe for
// concurrent use.
type LayerReader struct {
	tail    tail
	last    int64 // the most images of any statistics returned so far
	skipped int
}

// NewLayerReader starts at the beginning of layers.jsonl of dir. A missing file
// counts as empty.
func NewLayerReader(dir string) *LayerReader {
	return &LayerReader{tail: tail{path: filepath.Join(dir, LayersFile)}, last: math.MinInt64}
}

// Poll returns what was added since the last call. After a reset, because the
// run went back to a checkpoint or the file was replaced, what earlier calls
// returned no longer counts, and stats are all that does. The first call and a
// reset read the whole file: a few megabytes after days of training.
func (r *LayerReader) Poll() (stats []LayerStats, reset bool, err error) {
	replaced, err := r.tail.replaced()
	if err != nil {
		return nil, false, err
	}
	if replaced {
		r.restart()
	}
	stats, cut, err := r.read()
	if cut {
		r.restart()
		stats, _, err = r.read()
	}
	for _, s := range stats {
		r.last = max(r.last, s.Nimg)
	}
	return stats, replaced || cut, err
}

// restart goes back to the beginning of the file.
func (r *LayerReader) restart() { r.tail.offset, r.last, r.skipped = 0, math.MinInt64, 0 }

// read returns what was added and counts, also with an error: what was read before
// that is consumed. It is cut if the run went back to before something that an
// earlier call returned.
func (r *LayerReader) read() (stats []LayerStats, cut bool, err error) {
	for more := true; more && err == nil; {
		more, err = r.tail.read(func(line []byte) {
			s, resume, err := decodeLayerStats(line)
			switch {
			case err != nil:
				r.skipped++
			case resume:
				cut = cut || s.Nimg < r.last
				stats = slices.DeleteFunc(stats, func(o LayerStats) bool { return o.Nimg > s.Nimg })
			default:
				stats = append(stats, s)
			}
		})
	}
	return stats, cut, err
}

// Skipped counts the lines that could not be read.
func (r *LayerReader) Skipped() int { return r.skipped }
