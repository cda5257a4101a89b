package data

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Streams hands out the named random streams of one run seed.
type Streams struct {
	seed   uint64
	byName map[string]*Rand
}

// NewStreams starts all streams of a seed afresh.
func NewStreams(seed uint64) *Streams {
	return &Streams{seed: seed, byName: map[string]*Rand{}}
}

// Seed is the run seed.
func (s *Streams) Seed() uint64 { return s.seed }

// Stream returns the stream of that name, the same one at every call. Its start
// is the first 128 bits of SHA-256 over a fixed prefix, the seed and the name.
func (s *Streams) Stream(name string) *Rand {
	r := s.byName[name]
	if r == nil {
		r = new(Rand)
		r.pcg.Seed(seedOf("stream "+name, s.seed, 0))
		s.byName[name] = r
	}
	return r
}

// Restart starts all streams afresh as those of another seed; a *Rand that was
// handed out before continues with its new stream.
func (s *Streams) Restart(seed uint64) {
	s.seed = seed
	for name, r := range s.byName {
		r.pcg.Seed(seedOf("stream "+name, seed, 0))
	}
}

// StreamsState is where the streams of a seed have come to; with it they continue
// exactly.
type StreamsState struct {
	Seed    uint64
	Streams map[string][]byte // of every stream used so far
}

// State returns the seed and the state of every stream used so far.
func (s *Streams) State() StreamsState {
	state := StreamsState{Seed: s.seed, Streams: map[string][]byte{}}
	for name, r := range s.byName {
		state.Streams[name], _ = r.MarshalBinary() // never fails
	}
	return state
}

// Restore continues all streams from a state; streams that it lacks start afresh.
// A *Rand that was handed out before continues too. On an error nothing changes.
func (s *Streams) Restore(state StreamsState) error {
	next := NewStreams(state.Seed)
	for name, b := range state.Streams {
		if err := next.Stream(name).UnmarshalBinary(b); err != nil {
			return fmt.Errorf("data: random stream %q: %w", name, err)
		}
	}
	s.seed = state.Seed
	for name := range s.byName {
		next.Stream(name) // one that the state lacks
	}
	for name, r := range next.byName {
		if held := s.byName[name]; held != nil {
			held.pcg = r.pcg
		} else {
			s.byName[name] = r
		}
	}
	return nil
}

// seedOf derives the two words of a PCG seed from what they are for.
func seedOf(use string, seed, sub uint64) (hi, lo uint64) {
	var buf [128]byte
	b := append(buf[:0], "innate\x00"...)
	b = binary.LittleEndian.AppendUint64(b, seed)
	b = binary.LittleEndian.AppendUint64(b, sub)
	b = append(b, use...)
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])
}

// Rand is one random stream: a PCG generator (O'Neill 2014) whose 128 bits are
// all its state. It is a rand.Source, so rand.New(r) has every distribution of
// math/rand/v2.
type Rand struct{ pcg rand.PCG }

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 { return r.pcg.Uint64() }

// Uniform returns a number in [0, 1).
func (r *Rand) Uniform() float64 { return float64(r.pcg.Uint64()>>11) * (1.0 / (1 << 53)) }

// FillUniform fills dst with numbers in [0, 1), multiples of 2^-24.
func (r *Rand) FillUniform(dst []float32) {
	for i := range dst {
		dst[i] = float32(r.pcg.Uint64()>>40) * (1.0 / (1 << 24))
	}
}

// IntN returns an unbiased integer in [0, n); n must be positive.
func (r *Rand) IntN(n int) int {
	if n <= 0 {
		panic(fmt.Sprintf("data: random number below %d, want > 0", n))
	}
	return int(bounded(&r.pcg, uint64(n)))
}

// bounded returns an unbiased integer in [0, n) (Lemire 2019).
func bounded(pcg *rand.PCG, n uint64) uint64 {
	hi, lo := bits.Mul64(pcg.Uint64(), n)
	if lo < n {
		for threshold := -n % n; lo < threshold; {
			hi, lo = bits.Mul64(pcg.Uint64(), n)
		}
	}
	return hi
}

// MarshalBinary returns the state, 20 bytes.
func (r *Rand) MarshalBinary() ([]byte, error) { return r.pcg.MarshalBinary() }

// UnmarshalBinary continues from a state.
func (r *Rand) UnmarshalBinary(state []byte) error {
	var next rand.PCG
	if err := next.UnmarshalBinary(slices.Clone(state)); err != nil {
		return fmt.Errorf("state of %d bytes: %w", len(state), err)
	}
	r.pcg = next
	return nil
}
