package graph_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"innate/models/graph"
)

// Buffers that live at the same time never overlap, every offset is a cache
// line, and the arena is not much larger than what lives at the worst moment.
func TestArrange(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 200 {
		lives := make([]graph.Lifetime, 1+rng.IntN(120))
		for i := range lives {
			from := rng.IntN(100)
			lives[i] = graph.Lifetime{Size: 1 + rng.IntN(1000), From: from, To: from + rng.IntN(1+rng.IntN(40))}
		}
		slices.SortStableFunc(lives, func(a, b graph.Lifetime) int { return cmp.Compare(a.From, b.From) })
		offsets, total := graph.Arrange(lives)
		var load [140]int
		for i, a := range lives {
			if offsets[i]%16 != 0 || offsets[i]+a.Size > total {
				t.Fatalf("trial %d: %v at %d of %d", trial, a, offsets[i], total)
			}
			for s := a.From; s <= a.To; s++ {
				load[s] += (a.Size + 15) / 16 * 16
			}
			for j, b := range lives[:i] {
				if a.From <= b.To && b.From <= a.To && offsets[i] < offsets[j]+b.Size && offsets[j] < offsets[i]+a.Size {
					t.Fatalf("trial %d: %v at %d overlaps %v at %d", trial, a, offsets[i], b, offsets[j])
				}
			}
		}
		if worst := slices.Max(load[:]); float64(total) > 1.8*float64(worst) {
			t.Errorf("trial %d: %d values for %d alive at most", trial, total, worst)
		}
	}
}
