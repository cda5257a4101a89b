package data

import (
	"fmt"
	"math/rand/v2"
)

// Sampler yields the indices of a data set for ever: every epoch is a fresh
// permutation, so that each image is seen once before any is seen twice. The
// order depends on seed and length alone.
type Sampler struct {
	seed  uint64
	epoch int64
	pos   int   // indices of this epoch already yielded
	order []int // permutation of this epoch
	pcg   rand.PCG
}

// SamplerState is a sampler's position; with the seed it determines all that
// follows.
type SamplerState struct {
	Len   int
	Seed  uint64
	Epoch int64
	Pos   int
}

// NewSampler starts at epoch 0 of a data set of n images.
func NewSampler(n int, seed uint64) *Sampler {
	if n <= 0 {
		panic(fmt.Sprintf("data: sampler over %d images, want > 0", n))
	}
	s := &Sampler{seed: seed, order: make([]int, n)}
	s.shuffle()
	return s
}

// shuffle makes the permutation of the current epoch (Fisher and Yates), from a
// generator of its own so that no earlier epoch need be replayed.
func (s *Sampler) shuffle() {
	s.pcg.Seed(seedOf("sampler", s.seed, uint64(s.epoch)))
	for i := range s.order {
		j := int(bounded(&s.pcg, uint64(i+1)))
		s.order[i] = s.order[j]
		s.order[j] = i
	}
}

// Next fills idx with the next indices, going over to the next epoch where one
// ends.
func (s *Sampler) Next(idx []int) {
	for len(idx) > 0 {
		if s.pos == len(s.order) {
			s.epoch++
			s.pos = 0
			s.shuffle()
		}
		n := copy(idx, s.order[s.pos:])
		s.pos += n
		idx = idx[n:]
	}
}

// State returns the position after the last Next.
func (s *Sampler) State() SamplerState {
	return SamplerState{Len: len(s.order), Seed: s.seed, Epoch: s.epoch, Pos: s.pos}
}

// Restore continues from a state, which must be of a data set of this length.
// On an error nothing changes.
func (s *Sampler) Restore(state SamplerState) error {
	switch {
	case state.Len != len(s.order):
		return fmt.Errorf("data: sampler state of %d images, want %d", state.Len, len(s.order))
	case state.Epoch < 0:
		return fmt.Errorf("data: sampler state: epoch %d, want >= 0", state.Epoch)
	case state.Pos < 0 || state.Pos > state.Len:
		return fmt.Errorf("data: sampler state: position %d, want 0 to %d", state.Pos, state.Len)
	}
	s.seed, s.epoch, s.pos = state.Seed, state.Epoch, state.Pos
	s.shuffle()
	return nil
}
