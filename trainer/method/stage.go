package method

import (
	"fmt"
	"math"
	"slices"

	"innate/configs"
	"innate/models"
	"innate/models/device"
	"innate/models/graph"
	"innate/trainer/optim"
)

// Stage is one part of a step: a loss as a graph, the program that computes it
// and its gradient for what trains, and the optimizers that follow the gradient, one
// for each network that trains. Stages of the same network share its optimizer.
//
// A step runs the program on each micro-batch in turn (Run), then updates by the
// sum of their gradients (Update).
type Stage struct {
	name  string // of its time in status and profile
	goal  *graph.Objective
	dev   device.Device
	adams []*optim.Adam

	micro Micro
	sums  map[*models.Param]gradSum // made once: a graph only grows
	used  []*models.Param           // of sums, by the program; none where a step is one run
	runs  int                       // in this step so far

	program  device.Program   // nil before Freeze
	bindings []*optim.Binding // one for each of adams
	asked    []askedGrad      // of frozen parameters, that the program computes, too

	// Of the steps since Collect, as far as they have been read.
	steps   int
	values  []float32             // of goal.Record, run by run
	updates [][]device.AdamRecord // by optimizer
	place   map[graph.Node]int    // in goal.Record
}

// Micro says how the batch of a step is cut, and what is kept of a part while it is
// computed.
type Micro struct {
	Size  int // images that a run computes at once
	Parts int // runs of a step

	// Mean says that the loss is a mean over images, and not a sum: then each
	// run counts by its share of the batch.
	Mean bool

	// Of processes that train together each runs Parts times, and Sum adds up their
	// gradients, and what a run sums over them. Both are zero for one alone.
	Processes int
	Sum       device.Sum

	Keep graph.Keeping // of values for gradients, in every run
}

// weight is the factor of the gradient of one run in that of a step.
func (m Micro) weight() float32 {
	if !m.Mean {
		return 1
	}
	return 1 / float32(m.Parts*max(1, m.Processes))
}

// NewStage makes a stage that runs once Freeze has said what trains.
func NewStage(name string, dev device.Device, goal *graph.Objective, micro Micro, adams ...*optim.Adam) *Stage {
	if micro.Sum != nil {
		for _, a := range adams {
			a.SumBy(micro.Sum)
		}
	}
	s := &Stage{
		name: name, goal: goal, dev: dev, adams: adams, micro: micro, sums: map[*models.Param]gradSum{},
		updates: make([][]device.AdamRecord, len(adams)), place: map[graph.Node]int{},
	}
	for i, n := range goal.Record {
		s.place[n] = i
	}
	return s
}

// gradSum is the gradient of a parameter over the micro-batches of a step.
type gradSum struct {
	before *models.Param // of the runs before this one; nil where a step is one run
	now    graph.Node    // with this one
}

// askedGrad is the gradient of a parameter that is frozen.
type askedGrad struct {
	param *models.Param
	grad  graph.Node
}

// Freeze plans the runs to come without the gradients of what is frozen, in the
// place of the program so far. On an error the stage stays as it was.
func (s *Stage) Freeze(frozen func(p *models.Param) bool) error {
	return s.Ask(frozen, func(*models.Param) bool { return false })
}

// Ask is Freeze with the gradients of what is frozen and asked for, which no optimizer
// follows: Asked measures them. What trains has the same gradients.
func (s *Stage) Ask(frozen, ask func(p *models.Param) bool) error {
	s.read() // what ends with the program
	params, grads := s.goal.Trained(func(p *models.Param) bool { return !frozen(p) })
	trained := len(params)
	more, of := s.goal.Trained(func(p *models.Param) bool { return frozen(p) && ask(p) })
	params, grads = append(params, more...), append(grads, of...)
	assigns, used := s.goal.Assigns, []*models.Param(nil)
	if s.micro.Parts > 1 || s.micro.weight() != 1 {
		assigns = slices.Clone(assigns)
		for i, p := range params {
			sum := s.sum(p, grads[i])
			grads[i] = sum.now
			if sum.before != nil {
				used = append(used, sum.before)
				assigns = append(assigns, graph.Assign{Dst: sum.before, Src: sum.now})
			}
		}
	}
	program, err := s.dev.Compile(s.goal.Graph, device.Request{
		Outputs: s.goal.Results(grads), Assigns: assigns, Record: s.goal.Record, Sum: s.micro.Sum, Replaces: s.program, Keep: s.micro.Keep,
	})
	if err != nil {
		return err
	}
	bindings := make([]*optim.Binding, len(s.adams))
	for k, adam := range s.adams {
		var of []*models.Param
		var at []graph.Node
		for i, p := range params[:trained] {
			if adam.Updates(p) {
				of, at = append(of, p), append(at, grads[i])
			}
		}
		if bindings[k], err = adam.Bind(of, program, at); err != nil {
			return err
		}
	}
	s.program, s.bindings, s.used, s.asked = program, bindings, used, nil
	for i, p := range more {
		s.asked = append(s.asked, askedGrad{p, grads[trained+i]})
	}
	return nil
}

// Asked are the squared L2 norms of the gradients that were asked for, in the last step
// and over the images of this process, by parameter. It waits for the device.
func (s *Stage) Asked() map[string]float64 {
	squares := make(map[string]float64, len(s.asked))
	for _, a := range s.asked {
		sum := 0.0
		for _, v := range s.program.Value(a.grad) {
			sum += float64(v) * float64(v)
		}
		squares[a.param.Name] = sum
	}
	return squares
}

// sum weighs the gradient of p, and adds it to that of the runs before in a step.
func (s *Stage) sum(p *models.Param, grad graph.Node) gradSum {
	if sum, ok := s.sums[p]; ok {
		return sum
	}
	g := s.goal.Graph
	if w := s.micro.weight(); w != 1 {
		grad = g.Scale(grad, w)
	}
	sum := gradSum{now: grad}
	if s.micro.Parts > 1 {
		sum.before = models.NewParam("sum/"+p.Name, p.Shape...)
		sum.now = g.Add(g.Param(sum.before), grad)
	}
	s.sums[p] = sum
	return sum
}

// Run runs the stage on the micro-batch that its inputs hold.
func (s *Stage) Run() error {
	if s.runs == 0 && len(s.used) > 0 {
		for _, p := range s.used {
			clear(p.Data)
		}
		if err := s.dev.Upload(s.used...); err != nil {
			return err
		}
	}
	s.runs++
	return s.program.Run()
}

// Update ends a step: the optimizers, each by its settings, follow the gradients of
// its runs.
func (s *Stage) Update(h ...optim.Hyper) error {
	s.runs = 0
	for k, b := range s.bindings {
		if err := b.Step(h[k]); err != nil {
			return err
		}
	}
	s.steps++
	return nil
}

// Value is the value of an output in the last run. It waits for the device.
func (s *Stage) Value(n graph.Node) []float32 { return s.program.Value(n) }

// Record is what one step of a stage gave.
type Record struct {
	stage  *Stage
	values []float32 // of the objective's Record, run by run
	step   int
}

// Sum is a recorded number, added up over the runs of the step.
func (r Record) Sum(n graph.Node) float64 {
	at, ok := r.stage.place[n]
	if !ok {
		panic(fmt.Sprintf("method: stage %s records nothing of %v", r.stage.name, n))
	}
	sum := 0.0
	for i := at; i < len(r.values); i += len(r.stage.goal.Record) {
		sum += float64(r.values[i])
	}
	return sum
}

// GradNorm is the L2 norm of the gradients that the k-th optimizer followed.
func (r Record) GradNorm(k int) float64 { return math.Sqrt(r.stage.updates[k][r.step].GradSquares) }

// NonFinite is how many values of all gradients were not finite, and replaced.
func (r Record) NonFinite() int {
	n := 0
	for _, u := range r.stage.updates {
		n += u[r.step].NonFinite
	}
	return n
}

// Collect calls f with what each step since the last Collect gave, in order. It
// waits for the device.
func (s *Stage) Collect(f func(r Record)) {
	s.read()
	n := s.micro.Parts * len(s.goal.Record)
	for i := range s.steps {
		f(Record{s, s.values[i*n : (i+1)*n], i})
	}
	s.steps, s.values = 0, s.values[:0]
	for k := range s.updates {
		s.updates[k] = s.updates[k][:0]
	}
}

// Steps is how many steps there were since the last Collect.
func (s *Stage) Steps() int { return s.steps }

// Peek calls f with what the steps since the last Collect have given, less the first
// from, leaves it for Collect, and returns how many these are. It waits for the device.
func (s *Stage) Peek(from int, f func(r Record)) int {
	s.read()
	n := s.micro.Parts * len(s.goal.Record)
	for i := from; i < s.steps; i++ {
		f(Record{s, s.values[i*n : (i+1)*n], i})
	}
	return s.steps
}

// read takes over what program and optimizers have recorded.
func (s *Stage) read() {
	if s.program == nil {
		return
	}
	s.values = append(s.values, s.program.Records()...)
	for k, b := range s.bindings {
		s.updates[k] = append(s.updates[k], b.Records()...)
	}
}

// Program is the stage as the profile shows it.
func (s *Stage) Program() Program {
	sums := 0
	for _, p := range s.used {
		sums += 4 * len(p.Data)
	}
	return Program{s.name, s.program, sums}
}

// Binding is how a step changes the parameters of the k-th optimizer; Freeze
// replaces it.
func (s *Stage) Binding(k int) *optim.Binding { return s.bindings[k] }

// none freezes nothing.
func none(string) bool { return false }

// named freezes parameters by their names, which are those of one network.
func named(frozen func(name string) bool) func(*models.Param) bool {
	return func(p *models.Param) bool { return frozen(p.Name) }
}

// micro is how this process cuts its share of a batch, for a loss that is a sum over
// images.
func (e Env) micro() Micro {
	batch := e.Share.Of(e.Config.Run.Batch)
	n := batch
	if size := e.Config.Run.MicroBatch; size > 0 {
		n = min(size, batch)
	}
	return Micro{
		Size: n, Parts: batch / n, Processes: e.Share.Size, Sum: e.Sum,
		Keep: graph.Keeping{Recompute: e.Config.Run.Recompute == configs.RecomputeBlocks, BFloat16: e.Config.Run.Activations == configs.BFloat16},
	}
}

// CheckShares refuses a configuration whose batches do not divide evenly among
// processes that train together.
func CheckShares(c *configs.Config, processes int) error {
	switch batch, n := c.Run.Batch/processes, c.Run.MicroBatch; {
	case c.Run.Batch%processes != 0:
		return c.At("run.batch", fmt.Errorf("run.batch: %d images over %d processes, want a multiple of their number", c.Run.Batch, processes))
	case n > 0 && n < batch && batch%n != 0:
		return c.At("run.micro_batch", fmt.Errorf("run.micro_batch: %d, want a divisor of the %d images of each of %d processes", n, batch, processes))
	}
	return nil
}

// ofMean is the same cut for a loss that is a mean.
func (m Micro) ofMean() Micro {
	m.Mean = true
	return m
}

// part is what run i of a step sees of values of its whole batch; nil of nil.
func (m Micro) part(values []float32, i int) []float32 {
	n := len(values) / m.Parts
	return values[i*n : (i+1)*n]
}
