package kernels

import (
	"runtime"
	"sync/atomic"
	"time"
)

// spinTime is how long an idle worker, or Run waiting for its last worker,
// polls before it parks. It covers the gap between two operations of a step and
// is short enough not to matter on a shared machine.
const spinTime = 20 * time.Microsecond

// Pool is a fixed set of workers that share the jobs of one Run at a time. The
// goroutine that calls Run is worker 0; the others spin briefly between runs
// and then park.
type Pool struct {
	// state holds the run's number in the high 32 bits, openBit while jobs may
	// be left, and the count of workers inside the run in the low bits. A
	// worker enters by a compare-and-swap on an open run, so one that wakes
	// late finds the run closed and nobody waits for it.
	state atomic.Uint64
	next  atomic.Int64 // first job not handed out yet
	jobs  int64        // written before the run opens, read after entering it
	f     func(worker, job int)

	running atomic.Bool // guards against nested and concurrent runs
	closed  atomic.Bool
	workers []poolWorker // workers[0], the caller of Run, parks on it too
}

// poolWorker is the parking place of one worker.
type poolWorker struct {
	asleep atomic.Bool   // set by the sleeper, taken by what wakes it
	wake   chan struct{} // capacity 1: one token per taken asleep flag
	_      [48]byte      // keeps neighbours' flags on other cache lines
}

const (
	openBit  = 1 << 31
	countSet = openBit - 1
)

// NewPool starts a pool of the given number of threads, the caller of Run
// included; zero or less means one per CPU.
func NewPool(threads int) *Pool {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0) // unlike NumCPU, no more than a cgroup allows
	}
	p := &Pool{workers: make([]poolWorker, threads)}
	for i := range p.workers {
		p.workers[i].wake = make(chan struct{}, 1)
	}
	for i := 1; i < threads; i++ {
		go p.serve(i)
	}
	return p
}

// Threads is the number of workers, at least 1.
func (p *Pool) Threads() int { return len(p.workers) }

// Close ends the workers; the pool cannot run again. Closing twice is allowed.
func (p *Pool) Close() {
	if p.closed.Swap(true) {
		return
	}
	for i := 1; i < len(p.workers); i++ {
		p.workers[i].rouse()
	}
}

// Run calls f(worker, job) once for every job in [0, jobs), worker being in
// [0, Threads), and returns when all calls have returned. Jobs are handed out in
// order by an atomic counter, so f must not let its result depend on which
// worker runs a job. Run does not allocate: f should be made once, when the work
// is planned. One Run at a time; f must not call Run of the same pool.
func (p *Pool) Run(jobs int, f func(worker, job int)) {
	if p.running.Swap(true) {
		panic("kernels.Pool: Run called while another Run is active")
	}
	defer p.running.Store(false)
	if p.closed.Load() {
		panic("kernels.Pool: Run called after Close")
	}
	if len(p.workers) == 1 || jobs <= 1 {
		for job := range jobs {
			f(0, job)
		}
		return
	}
	p.f, p.jobs = f, int64(jobs)
	p.next.Store(0)
	p.state.Store((p.state.Load()>>32+1)<<32 | openBit)
	for i := 1; i < min(len(p.workers), jobs); i++ {
		p.workers[i].rouse()
	}
	p.work(0)
	p.state.And(^uint64(openBit))
	p.workers[0].await(func() bool { return p.state.Load()&countSet == 0 })
	p.f = nil
}

// work takes jobs until none is left.
func (p *Pool) work(worker int) {
	for {
		job := p.next.Add(1) - 1
		if job >= p.jobs {
			return
		}
		p.f(worker, int(job))
	}
}

// serve is the life of worker i.
func (p *Pool) serve(i int) {
	served := uint64(0) // the last run this worker took part in
	ready := func() bool {
		s := p.state.Load()
		return s&openBit != 0 && s>>32 != served || p.closed.Load()
	}
	for {
		p.workers[i].await(ready)
		if p.closed.Load() {
			return
		}
		s := p.state.Load()
		if s&openBit == 0 || s>>32 == served {
			continue // the run closed before this worker came
		}
		if !p.state.CompareAndSwap(s, s+1) {
			continue // somebody else entered or the run closed; look again
		}
		served = s >> 32
		p.work(i)
		if s := p.state.Add(^uint64(0)); s&(openBit|countSet) == 0 {
			p.workers[0].rouse()
		}
	}
}

// rouse wakes the worker if it is parked.
func (w *poolWorker) rouse() {
	if w.asleep.Load() && w.asleep.Swap(false) {
		w.wake <- struct{}{}
	}
}

// await returns once ready is true: it polls for spinTime, then parks until
// roused, and starts over if the call that roused it was for an earlier run.
func (w *poolWorker) await(ready func() bool) {
	if ready() {
		return
	}
	for {
		for start := time.Now(); time.Since(start) < spinTime; {
			for range 64 {
				if ready() {
					return
				}
			}
		}
		w.asleep.Store(true)
		if ready() && w.asleep.Swap(false) {
			return // nobody saw the flag, so no token is under way
		}
		<-w.wake
	}
}
