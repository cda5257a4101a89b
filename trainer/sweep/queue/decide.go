package queue

import (
	"fmt"
	"math"
	"slices"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/sweep"
)

// decide ends points that fall behind, and makes the next round of a greedy search.
func (q *queue) decide() error {
	if q.plan.Rung < len(q.plan.Stop.AtKimg) {
		if err := q.stopEarly(q.plan.Stop.AtKimg[q.plan.Rung]); err != nil {
			return err
		}
	}
	if q.plan.Greedy.Group == "" || q.count(waiting)+q.count(starting)+q.count(busy)+q.count(held)+q.count(parked) > 0 {
		return nil
	}
	return q.nextRound()
}

// evaluations are those of a run so far by the judge that decides; none if they cannot be
// read.
func (e *entry) evaluations() sweep.Evaluations {
	if e.record != nil {
		return e.record.Evaluations
	}
	if e.history == nil {
		e.history = sweep.NewHistory(e.dir, e.judges[:1])
	}
	if err := e.history.Refresh(); err != nil {
		return nil
	}
	return e.history.Evaluations()
}

// value is the deciding judge's at so many thousands of images; 0: the last one.
func (e *entry) value(kimg float64) (v float64, ok bool) {
	if len(e.judges) == 0 {
		return math.NaN(), false
	}
	return e.evaluations().At(e.judges[0].Key, kimg)
}

// measured reports whether a run has the evaluation that is nearest to so many thousands of
// images: its next one would lie farther off.
func (q *queue) measured(e *entry, kimg float64) (bool, error) {
	if _, ok := e.value(kimg); !ok {
		return false, nil
	}
	cfg, err := q.plan.Config(e.point, e.seed)
	if err != nil {
		return false, err
	}
	at, ok := e.evaluations().Last(e.judges[0].Key)
	return ok && at+cfg.Live.FIDKimg/2 >= kimg, nil
}

// stopEarly parks runs that have their FID at so many images until all have it, and then
// ends the points that are too far behind. What comes of it depends on the runs
// alone, and not on the order in which they were trained.
func (q *queue) stopEarly(kimg float64) error {
	var halting []*entry
	for _, e := range q.runs {
		if e.state != busy && e.state != held && e.state != waiting {
			continue
		}
		if measured, err := q.measured(e, kimg); err != nil {
			return err
		} else if !measured {
			continue
		}
		if e.state == busy || e.state == held {
			halting = append(halting, e)
		}
		if e.state == waiting {
			e.state = parked // by a queue before this one, or trained so far elsewhere
		}
	}
	if len(halting) > 0 {
		if err := q.halt(halting); err != nil {
			fmt.Fprintln(q.Log, err)
		}
		return nil // the next look sees what has become of them
	}
	if q.count(waiting)+q.count(starting)+q.count(busy)+q.count(held) > 0 {
		return nil
	}
	verdicts := q.verdicts(kimg)
	err := q.change(func() {
		q.plan.Rung++
		for i := range q.plan.Points {
			if why := verdicts[q.plan.Points[i].Name]; why != "" {
				q.plan.Points[i].Dropped = why
			}
		}
	})
	for _, p := range q.plan.Points {
		if why := verdicts[p.Name]; why != "" {
			q.note(sweep.Entry{Kind: "drop", Point: p.Name, Text: fmt.Sprintf("%q: %s", p.Name, why)})
		}
	}
	for _, e := range q.runs {
		if e.state == parked {
			e.halted, e.state = false, waiting
		}
	}
	q.look()
	return err
}

// standing is a point with its mean over seeds.
type standing struct {
	name string
	mean float64
}

// standings are the points that are in the running, best first. Points without a value
// are not among them.
func (q *queue) standings(kimg float64, among func(sweep.Point) bool) (list []standing) {
	rises := false
	for _, p := range q.plan.Points {
		if p.Dropped != "" || !among(p) {
			continue
		}
		var values []float64
		for _, e := range q.runs {
			if e.point.Name != p.Name {
				continue
			}
			if v, ok := e.value(kimg); ok {
				values, rises = append(values, v), e.judges[0].Rises
			}
		}
		if len(values) > 0 {
			list = append(list, standing{p.Name, sweep.Describe(values).Mean})
		}
	}
	slices.SortStableFunc(list, func(a, b standing) int {
		switch better := a.mean < b.mean != rises; {
		case a.mean == b.mean:
			return 0
		case better:
			return -1
		}
		return 1
	})
	return list
}

// verdicts are why points are ended at so many images.
func (q *queue) verdicts(kimg float64) map[string]string {
	why := map[string]string{}
	list := q.standings(kimg, func(sweep.Point) bool { return true })
	rule := q.plan.Stop
	for i, s := range list {
		best := list[0]
		ratio := s.mean / best.mean
		if s.mean < best.mean { // more is better
			ratio = best.mean / s.mean
		}
		switch {
		case rule.Factor > 0 && ratio > rule.Factor:
			why[s.name] = fmt.Sprintf("%.4g at %g kimg, %.2f times %q's %.4g: more than %g", s.mean, kimg, ratio, best.name, best.mean, rule.Factor)
		case rule.Best > 0 && i >= rule.Best:
			why[s.name] = fmt.Sprintf("%.4g at %g kimg, number %d of %d: want among the best %d", s.mean, kimg, i+1, len(list), rule.Best)
		}
	}
	return why
}

// nextRound makes the best of the last round the base of the next, if it is better than
// the best of all rounds before.
func (q *queue) nextRound() error {
	last := q.plan.Points[len(q.plan.Points)-1].Round
	all := q.standings(q.plan.Greedy.AtKimg, func(sweep.Point) bool { return true })
	if len(all) == 0 {
		return nil
	}
	best, _ := q.plan.Point(all[0].name)
	if best.Round < last || len(best.Groups) == 0 {
		return nil // no group has helped
	}
	cfg, err := configs.Parse(run.ConfigFile, q.plan.Base)
	if err != nil {
		return err
	}
	layers, err := q.Layers(cfg)
	if err != nil {
		return err
	}
	added := 0
	err = q.change(func() { added, err = q.plan.Next(best, layers) })
	if err != nil || added == 0 {
		return err
	}
	q.note(sweep.Entry{Kind: "round", Point: best.Name, Text: fmt.Sprintf("round %d after %q, %.4g: %d points", last+1, best.Name, all[0].mean, added)})
	q.extend()
	q.look()
	return nil
}
