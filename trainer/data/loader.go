package data

import (
	"errors"
	"fmt"
)

// Batch is what a step trains on.
type Batch struct {
	Images []float32 // [N H W C] in [-1, 1]
	Labels []float32 // [N classes], one-hot; nil where the data set has none

	index []int
	after SamplerState // of the order, behind this batch
	err   error
}

// Error is a data set that could not be read.
type Error struct {
	Set string // its name
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("data: %s: %v", e.Set, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// readAhead is how many batches a Loader holds: the one in use, one that is
// ready and one that is being read.
const readAhead = 3

// Loader reads batches in the order of a Sampler, some ahead of their use, in a
// goroutine of its own. What it returns does not depend on how far ahead it is,
// and State is that of what has been returned: a resume reads the same batches.
// Its methods belong to one goroutine.
type Loader struct {
	// Augment, if any, transforms every batch when it is taken, so that what it
	// draws is drawn in the order of training. It is to be set before the first
	// Next.
	Augment func(*Batch) error

	set     Dataset
	share   Share
	sampler *Sampler
	order   []int        // of the whole batch being read
	state   SamplerState // behind the last batch returned

	batches     []*Batch
	free, ready chan *Batch
	stop, ended chan struct{} // of the goroutine; nil while there is none
	inUse       *Batch
}

// NewLoader reads a share of batches of n images; it starts to with the first Next.
func NewLoader(set Dataset, n int, seed uint64, share Share) *Loader {
	h, w, c := set.Shape()
	l := &Loader{set: set, share: share, sampler: NewSampler(set.Len(), seed), order: make([]int, n)}
	l.state = l.sampler.State()
	n = share.Of(n)
	for range readAhead {
		b := &Batch{Images: make([]float32, n*h*w*c), index: make([]int, n)}
		if set.Classes() > 0 {
			b.Labels = make([]float32, n*set.Classes())
		}
		l.batches = append(l.batches, b)
	}
	return l
}

// Next returns the next batch, which is valid until the call that follows. A data
// set that cannot be read, or augmented, is an *Error; nothing is lost then, and
// another call tries the same batch again.
func (l *Loader) Next() (*Batch, error) {
	if l.stop == nil {
		if err := l.start(); err != nil {
			return nil, err
		}
	}
	if l.inUse != nil {
		l.free <- l.inUse
		l.inUse = nil
	}
	b := <-l.ready
	err := b.err
	if err == nil && l.Augment != nil {
		err = l.Augment(b)
	}
	if err != nil {
		l.Close()
		if named := (*Error)(nil); errors.As(err, &named) {
			return nil, err
		}
		return nil, &Error{l.set.Name(), err}
	}
	l.inUse, l.state = b, b.after
	return b, nil
}

// State is the position in the order after the last Next.
func (l *Loader) State() SamplerState { return l.state }

// Restore continues from a state; see Sampler.Restore.
func (l *Loader) Restore(state SamplerState) error {
	l.Close()
	if err := l.sampler.Restore(state); err != nil {
		return err
	}
	l.state = state
	return nil
}

// Bytes is the memory of what has been read, and of a data set that says what it
// holds.
func (l *Loader) Bytes() int {
	n := 0
	if m, ok := l.set.(interface{ Bytes() int }); ok {
		n = m.Bytes()
	}
	for _, b := range l.batches {
		n += 4 * (len(b.Images) + len(b.Labels))
	}
	return n
}

// Close ends the reading ahead; a Next begins it again where the last one was.
func (l *Loader) Close() {
	if l.stop == nil {
		return
	}
	close(l.stop)
	<-l.ended
	l.stop, l.inUse = nil, nil
}

// start begins to read behind what has been returned.
func (l *Loader) start() error {
	if l.sampler.State() != l.state { // it was ahead
		if err := l.sampler.Restore(l.state); err != nil {
			return err
		}
	}
	l.free, l.ready = make(chan *Batch, readAhead), make(chan *Batch, readAhead)
	for _, b := range l.batches {
		l.free <- b
	}
	l.stop, l.ended = make(chan struct{}), make(chan struct{})
	go l.read(l.stop, l.ended)
	return nil
}

// read fills free batches in order until stop, or the first that cannot be read.
func (l *Loader) read(stop <-chan struct{}, ended chan<- struct{}) {
	defer close(ended)
	for {
		var b *Batch
		select {
		case <-stop:
			return
		case b = <-l.free:
		}
		l.sampler.Next(l.order)
		for i := range b.index {
			b.index[i] = l.order[i*max(1, l.share.Size)+l.share.Rank]
		}
		b.after = l.sampler.State()
		b.err = l.set.Images(b.index, b.Images)
		if b.err == nil && b.Labels != nil {
			b.err = l.set.Labels(b.index, b.Labels)
		}
		l.ready <- b // has room for all
		if b.err != nil {
			return
		}
	}
}
