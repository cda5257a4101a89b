package evaluation

import (
	"context"
	"path/filepath"
	"slices"

	"innate/models/device"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/results"
	"innate/trainer/run"
)

// Final implements loop.Final: ranges of seeds from 0, one after the other, whose
// numbers go to the run's table. What the table has of the same is not measured again,
// and what was seen of a range before a kill is kept beside it, so that the numbers are
// those of an evaluation that nothing stopped.
func Final(ctx context.Context, dev device.Device, f loop.FinalPlan) ([]results.Result, error) {
	den, err := method.OpenDenoiser(f.File)
	if err != nil {
		return nil, err
	}
	s, err := OfNetwork(dev, filepath.Base(f.Dir), f.File, den, f.Steps)
	if err != nil {
		return nil, err
	}
	net, err := loop.OpenFeatures(f.Judge.Features, f.Judge.Input)
	if err != nil {
		return nil, err
	}
	features, table := net.Weights().Fingerprint(), filepath.Join(f.Dir, run.ResultsFile)
	before, _, err := results.Read(table)
	if err != nil {
		return nil, err
	}
	var all []results.Result
	for k := range f.Ranges {
		seed := uint64(k) * uint64(f.Samples)
		i := slices.IndexFunc(before, func(r results.Result) bool {
			return r.Weights == s.Weights && r.Network == s.Name && r.Features == features && r.Input == net.Input() && r.Name == f.Judge.Statistic &&
				r.Ref == f.Judge.Reference && r.N == f.Samples && r.Seed == seed && r.Steps == s.Steps
		})
		if i >= 0 {
			all = append(all, before[i])
			f.Report(k+1, 0)
			continue
		}
		plan := Plan{
			Statistics: []string{f.Judge.Statistic}, Features: f.Judge.Features, Input: f.Judge.Input, Ref: f.Judge.Reference,
			N: f.Samples, FirstSeed: seed, Ranges: 1, Folder: f.Dir,
			Report: func(p Progress) { f.Report(k, p.Nimg) },
			Record: func(list []results.Result) error { return results.Append(table, list...) },
		}
		list, err := plan.Run(ctx, dev, s)
		if err != nil {
			return all, err
		}
		all = append(all, list...)
	}
	return all, nil
}
