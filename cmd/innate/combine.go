package main

import (
	"slices"
	"strconv"

	"innate/trainer/sweep"
)

// combine is a command line's edits for each run that it means: a run for every
// combination of seeds and of the values of a key that is set more than once.
func combine(e edits, seeds string) ([]edits, error) {
	var axes []sweep.Axis
	for _, s := range e.set {
		key, value, err := splitEdit(s)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(axes, func(a sweep.Axis) bool { return a.Key == key })
		if i < 0 {
			i, axes = len(axes), append(axes, sweep.Axis{Key: key})
		}
		if !slices.Contains(axes[i].Values, value) {
			axes[i].Values = append(axes[i].Values, value)
		}
	}
	if seeds != "" {
		list, err := sweep.ParseSeeds(seeds)
		if err != nil {
			return nil, usagef("submit: --seeds: %w", err)
		}
		if slices.ContainsFunc(axes, func(a sweep.Axis) bool { return a.Key == "run.seed" }) {
			return nil, usagef("submit: got --seeds and --set run.seed, want one of them")
		}
		axis := sweep.Axis{Key: "run.seed"}
		for _, seed := range list {
			axis.Values = append(axis.Values, strconv.FormatUint(seed, 10))
		}
		axes = append(axes, axis)
	}
	points, err := sweep.Grid(axes, nil)
	if err != nil {
		return nil, usagef("submit: %w", err)
	}
	all := make([]edits, len(points))
	for i, p := range points {
		all[i].process = e.process
		for _, set := range p.Set {
			all[i].set = append(all[i].set, set.String())
		}
	}
	return all, nil
}
