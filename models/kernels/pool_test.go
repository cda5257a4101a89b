package kernels_test

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"innate/models/kernels"
)

func TestPoolRunsEveryJobOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		p := kernels.NewPool(threads)
		if p.Threads() != threads {
			t.Errorf("Threads() = %d, want %d", p.Threads(), threads)
		}
		var counts [100]atomic.Int32
		var badWorker atomic.Int32
		f := func(worker, job int) {
			if worker < 0 || worker >= threads {
				badWorker.Store(int32(worker))
			}
			counts[job].Add(1)
		}
		for round := range 300 {
			jobs := round % (len(counts) + 1)
			p.Run(jobs, f)
			for i := range counts {
				want := int32(0)
				if i < jobs {
					want = 1
				}
				if got := counts[i].Swap(0); got != want {
					t.Fatalf("%d threads, %d jobs: job %d ran %d times", threads, jobs, i, got)
				}
			}
			if round%100 == 50 {
				time.Sleep(2 * time.Millisecond) // long enough for workers to park
			}
		}
		if w := badWorker.Load(); w != 0 {
			t.Errorf("%d threads: worker %d", threads, w)
		}
		p.Close()
		p.Close()
	}
}

// A job's writes must be visible to the caller of Run, and the caller's to the
// jobs: the race detector checks this too.
func TestPoolPublishesWrites(t *testing.T) {
	p := kernels.NewPool(3)
	defer p.Close()
	in, out := make([]int, 50), make([]int, 50)
	f := func(_, job int) { out[job] = 2 * in[job] }
	for round := range 200 {
		for i := range in {
			in[i] = round + i
		}
		p.Run(len(in), f)
		for i, v := range out {
			if v != 2*(round+i) {
				t.Fatalf("round %d: out[%d] = %d, want %d", round, i, v, 2*(round+i))
			}
		}
	}
}

// Two threads must really work at the same time: each waits for the other.
func TestPoolIsParallel(t *testing.T) {
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("one processor")
	}
	p := kernels.NewPool(2)
	defer p.Close()
	var arrived atomic.Int32
	deadline := time.Now().Add(10 * time.Second)
	p.Run(2, func(_, _ int) {
		arrived.Add(1)
		for arrived.Load() < 2 && time.Now().Before(deadline) {
			runtime.Gosched()
		}
	})
	if time.Now().After(deadline) {
		t.Error("the second worker never came")
	}
}

func TestPoolMisuse(t *testing.T) {
	p := kernels.NewPool(2)
	mustPanic := func(name string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", name)
			}
		}()
		f()
	}
	nested := kernels.NewPool(1)
	mustPanic("nested Run", func() { nested.Run(1, func(_, _ int) { nested.Run(1, func(_, _ int) {}) }) })
	ran := false
	nested.Run(1, func(_, _ int) { ran = true }) // a panic does not jam the pool
	if !ran {
		t.Error("the pool did not run after a panic")
	}
	nested.Close()
	p.Close()
	mustPanic("Run after Close", func() { p.Run(1, func(_, _ int) {}) })
}

func TestPoolCloseEndsWorkers(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		p := kernels.NewPool(4)
		p.Run(8, func(_, _ int) {})
		p.Close()
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestPoolDefault(t *testing.T) {
	p := kernels.NewPool(0)
	defer p.Close()
	if p.Threads() != runtime.GOMAXPROCS(0) {
		t.Errorf("NewPool(0) has %d threads, want %d", p.Threads(), runtime.GOMAXPROCS(0))
	}
}
