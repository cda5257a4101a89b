package evaluation

import (
	"context"
	"path/filepath"
	"slices"

	"innate/configs"
	"innate/metrics"
	"innate/models/device"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/results"
	"innate/trainer/run"
)

// Final implements loop.Final: ranges of seeds from 0, one after the other, whose images
// are made once and seen by all judges; their numbers go to the run's table. What the table has of the same is not
// measured again, and what was seen of a range before a kill is kept beside it, so that
// the numbers are those of an evaluation that nothing stopped.
func Final(ctx context.Context, dev device.Device, f loop.FinalPlan) ([]results.Result, error) {
	den, err := method.OpenDenoiser(f.File)
	if err != nil {
		return nil, err
	}
	s, err := OfNetwork(dev, filepath.Base(f.Dir), f.File, den, f.Steps)
	if err != nil {
		return nil, err
	}
	passes, err := passesOf(f.Judges)
	if err != nil {
		return nil, err
	}
	table := filepath.Join(f.Dir, run.ResultsFile)
	before, _, err := results.Read(table)
	if err != nil {
		return nil, err
	}
	var all []results.Result
	for k := range f.Ranges {
		seed := uint64(k) * uint64(f.Samples)
		shared := s
		images := metrics.NewShared(s.source(seed), subjectBatch*s.Image.Size())
		shared.source = func(uint64) metrics.Source { return images.Source }
		var ms []*measurement
		for _, p := range passes {
			known, missing := p.known(before, s, f.Samples, seed)
			all = append(all, known...)
			if len(missing) == 0 {
				continue
			}
			plan := Plan{
				Statistics: missing, Features: p.judge.Features, Input: p.judge.Input, Ref: p.judge.Reference,
				N: f.Samples, FirstSeed: seed, Ranges: 1, Folder: f.Dir,
				Record: func(list []results.Result) error { return results.Append(table, list...) },
			}
			m, err := plan.measurement(ctx, dev, shared)
			if err != nil {
				return all, err
			}
			ms = append(ms, m)
		}
		list, err := together(ctx, ms, seed, func(nimg int) { f.Report(k, nimg) })
		all = append(all, list...)
		if err != nil {
			return all, err
		}
		f.Report(k+1, 0)
		if err := ctx.Err(); err != nil {
			return all, err
		}
	}
	return all, nil
}

// pass is one look at the images: all that is asked of the same features with the same
// reference.
type pass struct {
	judge      configs.Judge // the first of those who ask
	features   string        // fingerprint
	input      string
	reference  string // digest of its file
	statistics []string
}

// passesOf puts judges together, whose files a run may have in several copies.
func passesOf(judges []configs.Judge) (list []pass, err error) {
	for _, j := range judges {
		net, err := loop.OpenFeatures(j.Features, j.Input)
		if err != nil {
			return nil, err
		}
		p := pass{judge: j, features: net.Fingerprint(), input: net.Input()}
		if p.reference, err = loop.SumOfStats(j.Reference); err != nil {
			return nil, err
		}
		at := slices.IndexFunc(list, func(q pass) bool {
			return q.features == p.features && q.input == p.input && q.reference == p.reference
		})
		if at < 0 {
			at, list = len(list), append(list, p)
		}
		list[at].statistics = append(list[at].statistics, j.Statistic)
	}
	return list, nil
}

// known are the numbers that a table has of a range, and missing the statistics that it
// lacks.
func (p pass) known(table []results.Result, s Subject, n int, seed uint64) (known []results.Result, missing []string) {
	for _, name := range p.statistics {
		i := slices.IndexFunc(table, func(r results.Result) bool {
			return r.Weights == s.Weights && r.Network == s.Name && r.Features == p.features && r.Input == p.input && r.Name == name &&
				r.Ref == p.judge.Reference && r.N == n && r.Seed == seed && r.Steps == s.Steps
		})
		if i < 0 {
			missing = append(missing, name)
			continue
		}
		known = append(known, table[i])
	}
	return known, missing
}
