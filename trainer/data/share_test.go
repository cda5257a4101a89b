package data_test

import (
	"slices"
	"testing"

	"innate/trainer/data"
)

// TestShares reads the batches of two and of four processes: together they are those
// of one, each process having every second or fourth image, and the order goes on from
// the same state.
func TestShares(t *testing.T) {
	const batch, batches = 8, 5
	for _, size := range []int{2, 4} {
		whole := data.NewLoader(newFlaky(24, 0), batch, 7, data.Share{})
		defer whole.Close()
		var loaders []*data.Loader
		for rank := range size {
			l := data.NewLoader(newFlaky(24, 0), batch, 7, data.Share{Rank: rank, Size: size})
			defer l.Close()
			loaders = append(loaders, l)
		}
		for range batches {
			all, err := whole.Next()
			if err != nil {
				t.Fatal(err)
			}
			per := len(all.Images) / batch
			for rank, l := range loaders {
				part, err := l.Next()
				if err != nil {
					t.Fatal(err)
				}
				want := data.Share{Rank: rank, Size: size}.Values(slices.Clone(all.Images), per)
				if len(part.Images) != len(all.Images)/size || !slices.Equal(part.Images, want) {
					t.Fatalf("process %d of %d: images are not its share", rank, size)
				}
				for i := range batch / size {
					if !slices.Equal(part.Images[i*per:(i+1)*per], all.Images[(i*size+rank)*per:][:per]) {
						t.Fatalf("process %d of %d: image %d is not image %d of the batch", rank, size, i, i*size+rank)
					}
				}
				if l.State() != whole.State() {
					t.Fatalf("process %d of %d: the order stands at %+v, want %+v", rank, size, l.State(), whole.State())
				}
			}
		}
	}
}

// TestShareStreams draws for shares: each has numbers of its own, and the common
// stream goes on alike in all. The whole draws from the common stream itself.
func TestShareStreams(t *testing.T) {
	drawn := map[uint64]int{}
	var next []uint64
	for rank := range 3 {
		common := data.NewStreams(5).Stream("edm.dropout")
		drawn[data.Share{Rank: rank, Size: 3}.Stream(common).Uint64()]++
		next = append(next, common.Uint64())
	}
	if len(drawn) != 3 || next[0] != next[1] || next[1] != next[2] {
		t.Errorf("drawn %v, and then of the common stream %v", drawn, next)
	}
	common := data.NewStreams(5).Stream("edm.dropout")
	if (data.Share{}).Stream(common) != common {
		t.Error("the whole has a stream of its own")
	}
}
