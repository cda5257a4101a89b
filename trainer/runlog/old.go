package runlog

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"time"
)

// oldShape reads lines of metrics.jsonl that have no type, as builds wrote them
// before lines had one. All that is known about such lines is here.
//
//	{"nimg":25600,"time":1763854000.120,"loss/gen":0.71,"fid":null}
//	{"nimg":25600,"time":1763854000.120,"fid":12.3}
//	{"nimg":25600,"time":1763854000.120,"resume":1}
type oldShape struct {
	t        Type
	measured []int // indices of scalars of which null says that nothing was measured
}

// oldMeasured are the scalars that were measured now and then, and what a line
// of them alone is.
var oldMeasured = map[string]Type{"fid": TypeFID, "accuracy/test": TypeTest}

// oldShapeOf finds out what lines with those names are.
func oldShapeOf(names []string) (s oldShape) {
	for i, name := range names {
		if t, ok := oldMeasured[name]; ok {
			s.t, s.measured = t, append(s.measured, i)
		}
	}
	switch {
	case slices.Contains(names, "resume"):
		s.t = TypeResume
	case len(s.measured) < len(names):
		s.t = TypeTick
	}
	return s
}

// apply gives a row its type, and takes away what was not measured.
func (s *oldShape) apply(row *Row) {
	row.Type = s.t
	if s.t == TypeResume {
		row.Names, row.Values = nil, nil
		return
	}
	for _, i := range slices.Backward(s.measured) {
		if math.IsNaN(row.Values[i]) {
			row.drop(i)
		}
	}
}

// DecodeOldTick reads a tick as trainers of builds before streamed it, from
// inside a message.
func DecodeOldTick(data []byte) (Row, error) {
	var m struct {
		Nimg    int64               `json:"nimg"`
		Time    time.Time           `json:"time"`
		Scalars map[string]*float64 `json:"scalars"`
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return Row{}, err
	}
	row := Row{Nimg: m.Nimg, Time: m.Time}
	for _, name := range slices.Sorted(maps.Keys(m.Scalars)) {
		v := math.NaN()
		if p := m.Scalars[name]; p != nil {
			v = *p
		}
		row.Names, row.Values = append(row.Names, name), append(row.Values, v)
	}
	old := oldShapeOf(row.Names)
	old.apply(&row)
	row.dropUnmeasured()
	return row, nil
}

// DecodeOldEvent reads an event as trainers of builds before streamed it.
func DecodeOldEvent(data []byte) (Event, error) {
	var e struct {
		Time time.Time      `json:"time"`
		Nimg int64          `json:"nimg"`
		Kind string         `json:"kind"`
		Text string         `json:"text"`
		Data map[string]any `json:"data"`
	}
	err := json.Unmarshal(data, &e)
	return Event(e), err
}
