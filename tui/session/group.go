package session

import (
	"cmp"
	"math"

	"innate/trainer/run"
	"innate/trainer/sweep"
)

// Standing is how a point of a group does, over its seeds.
type Standing struct {
	Best, Last sweep.Sample // of what the runs' evaluations measure, without those that are far behind
	Done, Made int          // runs
	Active     int          // that have a trainer
	Nimg       int64        // images seen, together …
	Total      int64        // … of those that they are to see
	Name       string       // of what is measured, if it is one thing
	Rises      bool         // whether more of it is better
}

// StandingOf sums up runs of one point, or of several.
func StandingOf(runs ...sweep.Seed) Standing {
	var s Standing
	var best, last []float64
	furthest := int64(0)
	for i := range runs {
		if st := &runs[i].Info.Status; st.LastFID != nil {
			furthest = max(furthest, st.FIDNimg)
		}
	}
	for i := range runs {
		st := &runs[i].Info.Status
		s.Made++
		s.Nimg, s.Total = s.Nimg+st.Nimg, s.Total+st.TotalNimg
		if st.State == run.StateDone {
			s.Done++
		}
		if runs[i].Info.Alive {
			s.Active++
		}
		if st.BestFID == nil || st.LastFID == nil {
			continue
		}
		if s.Name != "" && s.Name != st.FIDName {
			s.Name = "several"
		}
		s.Name, s.Rises = cmp.Or(s.Name, st.FIDName), st.Rises
		if float64(st.FIDNimg) < sweep.Abreast*float64(furthest) {
			continue
		}
		best, last = append(best, *st.BestFID), append(last, *st.LastFID)
	}
	s.Best, s.Last = sweep.Describe(best), sweep.Describe(last)
	return s
}

// Whole sums up all runs of a group; runs done and wanted.
func Whole(g *sweep.Group) (s Standing, want int) {
	var all []sweep.Seed
	for _, m := range g.Points {
		all = append(all, m.Runs...)
		if m.Dropped != "" {
			want += len(m.Runs)
		} else {
			want += max(m.Want, len(m.Runs))
		}
	}
	return StandingOf(all...), want
}

// BestPoint is the point of a group with the best mean; -1 before any has a value.
func BestPoint(g *sweep.Group) (at int, s Standing) {
	at = -1
	for i, m := range g.Points {
		o := StandingOf(m.Runs...)
		if math.IsNaN(o.Best.Mean) {
			continue
		}
		if at < 0 || o.Rises && o.Best.Mean > s.Best.Mean || !o.Rises && o.Best.Mean < s.Best.Mean {
			at, s = i, o
		}
	}
	return at, s
}

// PointName is what a point of a group is called; that of an ensemble has no name.
func PointName(g *sweep.Group, m *sweep.Member) string { return cmp.Or(m.Name, g.Name) }
