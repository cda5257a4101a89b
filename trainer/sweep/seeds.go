package sweep

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxRuns bounds how many runs a sweep or a submission makes.
const MaxRuns = 1000

// ParseSeeds reads seeds as a person lists them: 0-3,7 is 0 1 2 3 7.
func ParseSeeds(s string) (seeds []uint64, err error) {
	for part := range strings.SplitSeq(s, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		lo, errLo := strconv.ParseUint(from, 10, 32)
		hi, errHi := strconv.ParseUint(to, 10, 32)
		if errLo != nil || errHi != nil || hi < lo || hi-lo >= MaxRuns {
			return nil, fmt.Errorf("got %q, want whole numbers as in 0-3,7, at most %d", s, MaxRuns)
		}
		for seed := lo; seed <= hi; seed++ {
			seeds = append(seeds, seed)
		}
	}
	slices.Sort(seeds)
	return slices.Compact(seeds), nil
}

// CountSeeds reads what begins an ensemble: a number of seeds, which are those from 1
// on, or a list of them as ParseSeeds takes it.
func CountSeeds(s string) ([]uint64, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return ParseSeeds(s)
	}
	return firstSeeds(int64(n))
}

func firstSeeds(n int64) ([]uint64, error) {
	if n < 1 || n > MaxRuns {
		return nil, fmt.Errorf("got %d seeds, want 1 to %d", n, MaxRuns)
	}
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = uint64(i) + 1
	}
	return seeds, nil
}
