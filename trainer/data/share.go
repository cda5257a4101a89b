package data

// Share is which images of every batch a process trains on: of Size processes that
// train together each takes every Size-th, from its Rank on. The zero Share is the
// whole.
type Share struct{ Rank, Size int }

// Whole reports whether the process trains on all of a batch.
func (s Share) Whole() bool { return s.Size <= 1 }

// Of is how many of n images are in the share; Size divides n.
func (s Share) Of(n int) int { return n / max(1, s.Size) }

// Values moves the share's images to the front of a batch, of which each has so many
// values, and returns them. What is drawn for a whole batch is so for the same images
// in every process, whatever their number.
func (s Share) Values(batch []float32, per int) []float32 {
	if s.Whole() {
		return batch
	}
	n := s.Of(len(batch) / per)
	for i := range n {
		from := (i*s.Size + s.Rank) * per
		copy(batch[i*per:(i+1)*per], batch[from:from+per])
	}
	return batch[:n*per]
}

// Stream is a random stream for what is drawn for the share alone, such as masks in a
// network: it begins where one draw of the common stream says, which thereby stays the
// same in all processes. Of the whole it is the common stream.
func (s Share) Stream(common *Rand) *Rand {
	if s.Whole() {
		return common
	}
	own := new(Rand)
	own.pcg.Seed(seedOf("share", common.Uint64(), uint64(s.Rank)))
	return own
}
