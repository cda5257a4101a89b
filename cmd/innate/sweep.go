package main

import (
	"slices"
	"strconv"
	"strings"
)

// maxSweep bounds how many runs one command makes.
const maxSweep = 1000

// sweep is a command line's edits for each run that it means: a run for every
// combination of seeds and of the values of a key that is set more than once.
func sweep(e edits, seeds string) ([]edits, error) {
	var keys []string
	values := map[string][]string{}
	add := func(key, value string) {
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
		if !slices.Contains(values[key], value) {
			values[key] = append(values[key], value)
		}
	}
	for _, s := range e.set {
		key, value, err := splitEdit(s)
		if err != nil {
			return nil, err
		}
		add(key, value)
	}
	list, err := parseSeeds(seeds)
	if err != nil {
		return nil, err
	}
	if len(list) > 0 && len(values["run.seed"]) > 0 {
		return nil, usagef("submit: got --seeds and --set run.seed, want one of them")
	}
	for _, seed := range list {
		add("run.seed", seed)
	}
	all := []edits{{process: e.process}}
	for _, key := range keys {
		var next []edits
		for _, have := range all {
			for _, v := range values[key] {
				next = append(next, edits{append(slices.Clone(have.set), key+"="+v), have.process})
			}
		}
		if all = next; len(all) > maxSweep {
			return nil, usagef("submit: got %d runs and more, want at most %d", len(all), maxSweep)
		}
	}
	return all, nil
}

// parseSeeds reads 0-3,7 as 0 1 2 3 7.
func parseSeeds(s string) (seeds []string, err error) {
	if s == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(s, ",") {
		from, to, ranged := strings.Cut(part, "-")
		if !ranged {
			to = from
		}
		lo, errLo := strconv.ParseUint(from, 10, 32)
		hi, errHi := strconv.ParseUint(to, 10, 32)
		if errLo != nil || errHi != nil || hi < lo || hi-lo >= maxSweep {
			return nil, usagef("submit: --seeds: got %q, want whole numbers as in 0-3,7, at most %d", s, maxSweep)
		}
		for seed := lo; seed <= hi; seed++ {
			seeds = append(seeds, strconv.FormatUint(seed, 10))
		}
	}
	return seeds, nil
}
