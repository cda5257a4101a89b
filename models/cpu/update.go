package cpu

import (
	"fmt"
	"slices"
	"sync/atomic"

	"innate/models"
	"innate/models/device"
	"innate/models/kernels"
)

// chunkValues is how many values of a parameter one job of the pool updates.
const chunkValues = 1 << 14

// eachChunk calls f with the bounds of every chunk of n values.
func eachChunk(n int, f func(lo, hi int)) {
	for lo := 0; lo < n; lo += chunkValues {
		f(lo, min(lo+chunkValues, n))
	}
}

// apart returns Σ(p-q)² and Σq² and leaves p-q in q. Each is summed in float64 by
// one worker, and the jobs of a parameter are added in order, so that sums do not
// depend on the number of threads.
func apart(p, q []float32) (difference, reference float64) {
	reference = kernels.Dot(q, q)
	kernels.Sub(q, p, q)
	return kernels.Dot(q, q), reference
}

// adam updates parameters chunk by chunk.
type adam struct {
	pool  *kernels.Pool
	jobs  []adamJob
	first []int // job of slot i; one more than there are slots
	step  device.AdamStep
	bad   atomic.Int64
	found []device.AdamRecord   // by the steps since it was asked for
	run   func(worker, job int) // made once: a fresh closure would allocate

	params   []*models.Param
	programs []device.Program // whose gradients it follows

	measuring bool        // the next step keeps what Squares needs
	before    [][]float32 // by worker: the values that a job is about to change

	together     []float32 // all gradients in one piece, to be summed over processes; nil until they are
	gather, part func(worker, job int)
}

// adamJob updates one chunk.
type adamJob struct {
	slot       int
	p, g, m, v []float32
	at         int // of the chunk's first value among those of all jobs
	squares    device.Squares
}

// PlanAdam prepares the update of parameters by their gradients.
func (d *Device) PlanAdam(slots []device.AdamSlot) (device.Adam, error) {
	a, at := &adam{pool: d.pool, first: []int{0}, found: make([]device.AdamRecord, 0, recordRuns)}, 0
	for i, s := range slots {
		p, g := s.Param.Data, s.Program.Value(s.Grad)
		for _, x := range [][]float32{g, s.M.Data, s.V.Data} {
			if len(x) != len(p) {
				return nil, fmt.Errorf("cpu: adam: parameter %q: gradient or moment of %d values, want %d", s.Param.Name, len(x), len(p))
			}
		}
		eachChunk(len(p), func(lo, hi int) {
			a.jobs = append(a.jobs, adamJob{slot: i, p: p[lo:hi], g: g[lo:hi], m: s.M.Data[lo:hi], v: s.V.Data[lo:hi], at: at})
			at += hi - lo
		})
		a.first = append(a.first, len(a.jobs))
		a.params = append(a.params, s.Param)
		if !slices.Contains(a.programs, s.Program) {
			a.programs = append(a.programs, s.Program)
		}
	}
	d.packed.adams, d.packed.replan = append(d.packed.adams, a), true
	a.run = a.update
	return a, nil
}

func (a *adam) Step(s device.AdamStep) error {
	if s.Sum != nil && len(a.jobs) > 0 {
		if err := a.sum(s.Sum); err != nil {
			return err
		}
	}
	a.step = s
	a.bad.Store(0)
	a.pool.Run(len(a.jobs), a.run)
	a.measuring = false
	sum := 0.0
	for i := range a.jobs {
		sum += a.jobs[i].squares.Grad
	}
	a.found = append(a.found, device.AdamRecord{NonFinite: int(a.bad.Load()), GradSquares: sum})
	return nil
}

func (a *adam) Records() []device.AdamRecord {
	r := a.found
	a.found = r[:0]
	return r
}

// sum replaces the gradients by their sums over all processes.
func (a *adam) sum(s device.Sum) error {
	if a.together == nil {
		last := a.jobs[len(a.jobs)-1]
		a.together = make([]float32, last.at+len(last.g))
		a.gather = func(_, job int) { copy(a.together[a.jobs[job].at:], a.jobs[job].g) }
		a.part = func(_, job int) { copy(a.jobs[job].g, a.together[a.jobs[job].at:]) }
	}
	a.pool.Run(len(a.jobs), a.gather)
	if err := s.Sum(a.together); err != nil {
		return err
	}
	a.pool.Run(len(a.jobs), a.part)
	return nil
}

func (a *adam) update(worker, job int) {
	j, s := &a.jobs[job], &a.step
	if n := kernels.CleanGrad(j.g); n > 0 {
		a.bad.Add(int64(n))
	}
	j.squares.Grad = kernels.Dot(j.g, j.g)
	if a.measuring {
		copy(a.before[worker], j.p)
	}
	kernels.Adam(j.p, j.g, j.m, j.v, float32(s.Rate(j.slot)), float32(s.Beta1), float32(s.Beta2), float32(s.Eps), s.Corr1[j.slot], s.Corr2[j.slot])
	if a.measuring {
		j.squares.Update, j.squares.Weight = apart(j.p, a.before[worker][:len(j.p)])
	}
}

func (a *adam) Measure() {
	for len(a.before) < a.pool.Threads() {
		a.before = append(a.before, make([]float32, chunkValues))
	}
	a.measuring = true
}

func (a *adam) Squares(i int) device.Squares {
	var sum device.Squares
	for _, j := range a.jobs[a.first[i]:a.first[i+1]] {
		sum.Grad += j.squares.Grad
		sum.Update += j.squares.Update
		sum.Weight += j.squares.Weight
	}
	return sum
}

// average updates moving averages chunk by chunk.
type average struct {
	pool *kernels.Pool
	jobs []averageJob
	beta float64
	run  func(worker, job int)
}

type averageJob struct{ avg, x []float32 }

// PlanAverage prepares moving averages.
func (d *Device) PlanAverage(avg, x []*models.Param) (device.Average, error) {
	a := &average{pool: d.pool}
	if err := device.CheckPairs("cpu: average", avg, x); err != nil {
		return nil, err
	}
	d.packed.replan = true
	for i, p := range avg {
		d.packed.average[p] = true
		eachChunk(len(p.Data), func(lo, hi int) {
			a.jobs = append(a.jobs, averageJob{p.Data[lo:hi], x[i].Data[lo:hi]})
		})
	}
	a.run = a.update
	return a, nil
}

func (a *average) Update(beta float64) error {
	a.beta = beta
	a.pool.Run(len(a.jobs), a.run)
	return nil
}

func (a *average) update(_, job int) {
	j := a.jobs[job]
	if a.beta == 0 {
		copy(j.avg, j.x) // exactly, which the rounding of Lerp would not be
		return
	}
	kernels.Lerp(j.avg, j.x, float32(1-a.beta))
}

// distance compares parameters chunk by chunk.
type distance struct {
	pool   *kernels.Pool
	jobs   []distanceJob
	before [][]float32 // by worker
	sums   []device.Squares
	run    func(worker, job int)
}

type distanceJob struct {
	pair    int
	p, q    []float32
	squares device.Squares
}

// PlanDistance prepares a comparison.
func (d *Device) PlanDistance(p, q []*models.Param) (device.Distance, error) {
	c := &distance{pool: d.pool, sums: make([]device.Squares, len(p))}
	if err := device.CheckPairs("cpu: distance", p, q); err != nil {
		return nil, err
	}
	for i := range p {
		eachChunk(len(p[i].Data), func(lo, hi int) {
			c.jobs = append(c.jobs, distanceJob{pair: i, p: p[i].Data[lo:hi], q: q[i].Data[lo:hi]})
		})
	}
	for range d.pool.Threads() {
		c.before = append(c.before, make([]float32, chunkValues))
	}
	c.run = c.compare
	return c, nil
}

func (c *distance) Measure() ([]device.Squares, error) {
	c.pool.Run(len(c.jobs), c.run)
	clear(c.sums)
	for i := range c.jobs {
		j := &c.jobs[i]
		c.sums[j.pair].Update += j.squares.Update
		c.sums[j.pair].Weight += j.squares.Weight
		c.sums[j.pair].Value += j.squares.Value
	}
	return c.sums, nil
}

func (c *distance) compare(worker, job int) {
	j := &c.jobs[job]
	q := c.before[worker][:len(j.q)]
	copy(q, j.q)
	j.squares.Update, j.squares.Weight = apart(j.p, q)
	j.squares.Value = kernels.Dot(j.p, j.p)
}
