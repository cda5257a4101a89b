package metrics

import (
	"runtime"
	"sync"

	"innate/models/kernels"
)

// threads is how many goroutines parallel is to use.
func threads() int { return runtime.GOMAXPROCS(0) }

// worthThreads is how many multiplications are worth more than one thread.
const worthThreads = 1 << 20

// withPool calls f with the threads that so many multiplications are worth.
func withPool(multiplications int, f func(p *kernels.Pool)) {
	n := threads()
	if multiplications < worthThreads {
		n = 1
	}
	p := kernels.NewPool(n)
	defer p.Close()
	f(p)
}

// parallel calls f for 0 to n-1 from so many goroutines, which worker numbers from 0.
// What f makes must not depend on the worker: results are then the same for any
// number of them.
func parallel(workers, n int, f func(worker, i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for worker := range min(n, workers) {
		wg.Go(func() {
			for i := range next {
				f(worker, i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}
