// Package device is the seam between graphs and what runs them: what a machine
// must do, and nothing else. Package cpu is one; another needs an implementation
// of Device that knows every operation of graph.Ops.
//
// # Who owns values
//
// A parameter has an owner, the device, and a copy on the host, its Data. The
// device takes the host's values over when it first meets the parameter, in
// Compile or in a plan. From then on the one that changes Data calls Upload, and
// the one that reads it calls Download first. On a device that computes in the host's
// memory both do nothing. A graph's inputs lie on the host and are read by every
// Run.
//
// # Threads
//
// A Device, its programs and its plans belong to one goroutine.
package device

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"innate/models"
	"innate/models/graph"
)

// Device is a machine that runs graphs and updates parameters.
type Device interface {
	// Info says what the device is.
	Info() Info

	// Compile plans a program and takes memory for its results alone, so that a
	// device can say what programs will need before any of them runs.
	Compile(g *graph.Builder, r Request) (Program, error)

	// Upload hands the host's values of parameters to the device, Download makes
	// the host's values current. Parameters that the device has not met stay as
	// they are.
	Upload(params ...*models.Param) error
	Download(params ...*models.Param) error

	// Workspace is how many bytes the programs of the device share, for what means
	// nothing between two runs: what the largest of them needs. It is taken when
	// programs run, and known when they are compiled.
	Workspace() int

	// Packed is how many bytes of weights that do not change the device keeps in
	// another form than the parameter's. It is taken when programs run.
	Packed() int

	// PlanAdam prepares the update of parameters by their gradients.
	PlanAdam(slots []AdamSlot) (Adam, error)

	// PlanAverage prepares moving averages: avg[i] follows x[i], of its shape.
	PlanAverage(avg, x []*models.Param) (Average, error)

	// PlanDistance prepares a comparison of p[i] with q[i], of its shape.
	PlanDistance(p, q []*models.Param) (Distance, error)

	// MeasurePeak is the most multiplications and additions a second that the
	// device does, measured for about the given time.
	MeasurePeak(d time.Duration) float64

	// Close gives everything back. Programs and plans of the device end with it.
	Close()
}

// Info describes a device for people and for logs.
type Info struct {
	Name    string // as a configuration names it: cpu
	Kernels string // the implementation in use: avx2
	Threads int    // of the host that compute; 0 where that says nothing
	Bus     string // where on the PCI bus a GPU is; empty for what is none
}

// Request is what a program shall compute.
type Request struct {
	Outputs []graph.Node
	Assigns []graph.Assign // stored when a run is complete

	// Record are those of the outputs that are one number each and are kept of
	// every run until Records is asked for them.
	Record []graph.Node

	// Sum adds up values over the processes that run the program together, for graphs
	// that have such sums (graph.OpSumProcesses). It is called in the order of a run;
	// a run of such a graph without it fails.
	Sum Sum

	// Replaces is a program that will not run any more once this one exists. Its
	// memory is given back before new memory is taken, so that a program can be
	// planned anew without room for two. It stays as it is if planning fails.
	Replaces Program

	// Keep says how values are kept for gradients.
	Keep graph.Keeping
}

// Program computes part of a graph, again and again. No two programs of a device
// run at once.
type Program interface {
	// Run executes every operation once. It does not allocate on the host, but for
	// the first time, and when the programs of the device have changed.
	Run() error

	// Value is the value of one of the outputs, row-major. It is valid until the
	// next run, and must not be changed but by an Adam that it is a gradient of.
	// Asking for what is no output is a mistake of the program and panics.
	Value(n graph.Node) []float32

	// Records are the values of Request.Record in all runs since it was last asked,
	// oldest first: [runs][len(Record)], valid until the next run. It waits for the
	// device; a step that leaves its numbers there waits for nothing.
	Records() []float32

	// Memory says what the program needs.
	Memory() Memory

	// Profile turns timing of every operation on, from zero, or off.
	Profile(on bool)

	// Costs are what every operation has cost since Profile(true), in the order
	// of a run, and how many runs there were.
	Costs() (runs int, costs []OpCost)

	// Release gives the program's memory back; it cannot run any more.
	Release()
}

// Memory is what a program needs, in bytes, beside parameters. Activations and
// scratch lie in the device's workspace, the rest belongs to the program alone.
type Memory struct {
	Activations int // values that operations make for each other, sharing storage
	Scratch     int // what an operation uses while it runs: the one that needs most
	Results     int // outputs, gradients among them, and constants
	Inputs      int // of the graph, on the host
	Operations  int // how many one run executes
}

// OpCost is what one operation of a program has cost.
type OpCost struct {
	Op    string        // its kind: conv, group_norm_grad, …
	Layer string        // the scope it was built in; a gradient has that of its forward operation
	FLOP  int64         // multiplications and additions of one run; 0 for kinds that count none
	Time  time.Duration // of all runs
}

// AdamSlot is one parameter that an Adam updates: its moments, of its shape, and
// where its gradient appears, an output of a program.
type AdamSlot struct {
	Param, M, V *models.Param
	Program     Program
	Grad        graph.Node
}

// AdamStep is one step's settings. Steps counts the updates of every slot, this
// one included; Corr1 and Corr2 hold 1-beta^t for it.
type AdamStep struct {
	LR, Beta1, Beta2, Eps float64
	Steps                 []int64
	Corr1, Corr2          []float32

	// Rates are factors of LR, one a slot; nil: all are 1, which changes no bit.
	Rates []float64

	// Sum, unless nil, adds up the gradients of processes that train together, before
	// anything else is done with them: once a step, all slots in order.
	Sum Sum
}

// Rate is the learning rate of slot i.
func (s *AdamStep) Rate(i int) float64 {
	if s.Rates == nil {
		return s.LR
	}
	return s.LR * s.Rates[i]
}

// Sum replaces values in the host's memory by their sums over all processes that
// train together, which all call it with as many.
type Sum interface {
	Sum(values []float32) error
}

// Twins is a Sum over two processes that have the same values, by which a device is
// tried that is alone.
type Twins struct{}

func (Twins) Sum(values []float32) error {
	for i := range values {
		values[i] *= 2
	}
	return nil
}

// Alone is the error of a sum over processes in a program that was planned without any.
var Alone = errors.New("sum over processes: got one process, want a device.Request with Sum")

// Peers is a Sum that a device can also talk through, to add up by means of its own,
// such as NCCL. Its methods but the last three belong to one goroutine and come in the
// same order in all processes.
type Peers interface {
	Sum
	Rank() int // from 0 on
	Size() int

	// Agree reports whether all processes say the same, and not nothing.
	Agree(what string) (bool, error)

	// Share returns what rank 0 gives, in every process.
	Share(b []byte) ([]byte, error)

	// Lost is closed when not all processes are there any more, for the reason Err.
	// Fail makes it so.
	Lost() <-chan struct{}
	Err() error
	Fail(reason error)
}

// Adam is a prepared update: m ← β1·m + (1-β1)·g, v ← β2·v + (1-β2)·g²,
// p ← p - lr·(m/corr1)/(√(v/corr2) + eps) (Kingma & Ba 2015, as torch.optim.Adam
// computes it).
type Adam interface {
	// Step replaces NaN by 0 and infinities by ±1e5 in the gradients and updates
	// every slot.
	Step(s AdamStep) error

	// Records are what all steps since it was last asked have found, oldest first,
	// valid until the next step. It waits for the device.
	Records() []AdamRecord

	// Measure makes the next Step fill all of Squares. It does not change what
	// the step computes.
	Measure()

	// Squares are sums over slot i in the last step. Update and Weight are those
	// of the last measured one.
	Squares(i int) Squares
}

// AdamRecord is what one step found in the gradients of all slots.
type AdamRecord struct {
	NonFinite   int     // values that it had to replace
	GradSquares float64 // the sum of Squares.Grad over all slots, in order
}

// Squares are sums of squares over one parameter. They do not depend on the
// number of threads.
type Squares struct {
	Grad   float64 // of the gradient, as cleaned
	Update float64 // of the change
	Weight float64 // of the values before the change, or of those compared with
	Value  float64 // of the values that a Distance compares; else 0
}

// Average is a prepared moving average.
type Average interface {
	// Update sets avg = x + beta·(avg - x) for every value, beta in [0, 1].
	Update(beta float64) error
}

// Distance is a prepared comparison.
type Distance interface {
	// Measure returns, for every pair, Σ(p-q)² as Update, Σq² as Weight and Σp² as
	// Value. The result is valid until the next call.
	Measure() ([]Squares, error)
}

// CheckPairs refuses lists of parameters that do not pair up: in number, and in
// shape. What names the plan that wants them.
func CheckPairs(what string, a, b []*models.Param) error {
	if len(a) != len(b) {
		return fmt.Errorf("%s: %d parameters for %d", what, len(b), len(a))
	}
	for i := range a {
		if !slices.Equal(a[i].Shape, b[i].Shape) {
			return fmt.Errorf("%s of %q: shape %v, want %v", what, a[i].Name, b[i].Shape, a[i].Shape)
		}
	}
	return nil
}
