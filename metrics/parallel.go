package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"

	"innate/models/kernels"
)

// most is how many threads statistics of this process may use; 0 for all cores.
var most atomic.Int64

// UseThreads bounds the threads that statistics compute with, whose numbers do not
// depend on it; 0 for all cores. It holds for the whole process: a pass has no thread
// of its own while the device computes.
func UseThreads(n int) { most.Store(int64(n)) }

// threads is how many goroutines parallel is to use.
func threads() int {
	if n := int(most.Load()); n > 0 {
		return n
	}
	return runtime.GOMAXPROCS(0)
}

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

// serial multiplies in one of several goroutines.
type serial struct {
	pool    *kernels.Pool
	product kernels.Product64
}

// dots sets out [n m] to the products of rows of a [n d] with those of b [m d], or what
// is on and above its diagonal. The product of two vectors that were float32 is the same
// number wherever they stand, and whichever comes first.
func (s *serial) dots(out, a, b []float64, n, m, d int, upper bool) {
	if s.pool == nil {
		s.pool = kernels.NewPool(1) // which has no goroutine of its own
	}
	clear(out)
	s.product.Add(s.pool, kernels.Dense64(out, n, m), 1, kernels.Dense64(a, n, d), kernels.Dense64(b, m, d).T(), upper)
}
