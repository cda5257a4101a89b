package data_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"innate/trainer/data"
)

// flaky is a data set of numbered images that refuses some of them.
type flaky struct {
	n, classes int
	bad        atomic.Int64 // the image that cannot be read; -1 for none
}

func (f *flaky) Name() string         { return "flaky" }
func (f *flaky) Len() int             { return f.n }
func (f *flaky) Shape() (h, w, c int) { return 1, 1, 1 }
func (f *flaky) Classes() int         { return f.classes }

func (f *flaky) Images(idx []int, dst []float32) error {
	for k, i := range idx {
		if int64(i) == f.bad.Load() {
			return errors.New("image damaged")
		}
		dst[k] = float32(i)
	}
	return nil
}

func (f *flaky) Labels(idx []int, dst []float32) error {
	clear(dst)
	for k, i := range idx {
		dst[k*f.classes+i%f.classes] = 1
	}
	return nil
}

func newFlaky(n, classes int) *flaky {
	f := &flaky{n: n, classes: classes}
	f.bad.Store(-1)
	return f
}

// takeBatches reads batches and copies their images.
func takeBatches(t *testing.T, l *data.Loader, batches int) (images []float32) {
	t.Helper()
	for range batches {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, b.Images...)
	}
	return images
}

// TestLoader compares what is read ahead with the order itself, over several
// epochs, and resumes from every state on the way.
func TestLoader(t *testing.T) {
	const n, batch, batches = 10, 4, 9
	order := data.NewSampler(n, 7)
	var want []float32
	for range batches {
		idx := make([]int, batch)
		order.Next(idx)
		for _, i := range idx {
			want = append(want, float32(i))
		}
	}
	l := data.NewLoader(newFlaky(n, 3), batch, 7, data.Share{})
	defer l.Close()
	var states []data.SamplerState
	for i := range batches {
		states = append(states, l.State())
		if got := takeBatches(t, l, 1); !slices.Equal(got, want[i*batch:][:batch]) {
			t.Fatalf("batch %d is %v, want %v", i, got, want[i*batch:][:batch])
		}
	}
	for i, s := range states {
		check(t, l.Restore(s)) // also back, with batches ahead
		if got := takeBatches(t, l, batches-i); !slices.Equal(got, want[i*batch:]) {
			t.Errorf("from batch %d: %v, want %v", i, got, want[i*batch:])
		}
	}
}

// TestLoaderErrors reads a data set that has a damaged image: the error names the
// set, and once it is repaired the same batch comes.
func TestLoaderErrors(t *testing.T) {
	whole := takeBatches(t, data.NewLoader(newFlaky(8, 2), 2, 1, data.Share{}), 8)
	set := newFlaky(8, 2)
	set.bad.Store(int64(whole[5]))
	l := data.NewLoader(set, 2, 1, data.Share{})
	defer l.Close()
	got := takeBatches(t, l, 2)
	state := l.State()
	for range 2 {
		_, err := l.Next()
		var unread *data.Error
		if !errors.As(err, &unread) || err.Error() != "data: flaky: image damaged" {
			t.Fatalf("got %v, want the data set's name and its reason", err)
		}
		if l.State() != state {
			t.Fatal("the order went on over a batch that was not read")
		}
	}
	set.bad.Store(-1)
	if got = append(got, takeBatches(t, l, 6)...); !slices.Equal(got, whole) {
		t.Errorf("got %v, want %v", got, whole)
	}
}

// TestLoaderAugments draws in the order of use, however far ahead images are read.
func TestLoaderAugments(t *testing.T) {
	l := data.NewLoader(newFlaky(6, 0), 2, 1, data.Share{})
	defer l.Close()
	calls := 0
	l.Augment = func(b *data.Batch) error {
		calls++
		b.Images[0] = float32(-calls)
		return nil
	}
	for i := range 5 {
		b, err := l.Next()
		check(t, err)
		if b.Labels != nil {
			t.Fatalf("labels %v of a set without classes", b.Labels)
		}
		if b.Images[0] != float32(-i-1) || calls != i+1 {
			t.Fatalf("batch %d: %v after %d calls", i, b.Images, calls)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestLoaderAugmentErrors lets the augmentation of a batch fail: it is an error of
// the data set like others, and the same batch comes again.
func TestLoaderAugmentErrors(t *testing.T) {
	whole := takeBatches(t, data.NewLoader(newFlaky(8, 2), 2, 1, data.Share{}), 6)
	l := data.NewLoader(newFlaky(8, 2), 2, 1, data.Share{})
	defer l.Close()
	fails := false
	l.Augment = func(*data.Batch) error {
		if fails {
			return errors.New("no such crop")
		}
		return nil
	}
	got := takeBatches(t, l, 2)
	state := l.State()
	fails = true
	for range 2 {
		_, err := l.Next()
		var unread *data.Error
		if !errors.As(err, &unread) || err.Error() != "data: flaky: no such crop" || l.State() != state {
			t.Fatalf("got %v, state %+v, want the data set's name, the reason, and state %+v", err, l.State(), state)
		}
	}
	fails = false
	if got = append(got, takeBatches(t, l, 4)...); !slices.Equal(got, whole) {
		t.Errorf("got %v, want %v", got, whole)
	}
}
