package method

import (
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
}

// Micro says how the batch of a step is cut.
type Micro struct {
	Size  int // images that a run computes at once
	Parts int // runs of a step

	// Mean says that the loss is a mean over images, and not a sum: then each
	// run counts by its share of the batch.
	Mean bool
}

// NewStage makes a stage that runs once Freeze has said what trains.
func NewStage(name string, dev device.Device, goal *graph.Objective, micro Micro, adams ...*optim.Adam) *Stage {
	return &Stage{
		name: name, goal: goal, dev: dev, adams: adams, micro: micro, sums: map[*models.Param]gradSum{},
	}
}

// gradSum is the gradient of a parameter over the micro-batches of a step.
type gradSum struct {
	before *models.Param // of the runs before this one
	now    graph.Node    // with this one
}

// Freeze plans the runs to come without the gradients of what is frozen, in the
// place of the program so far. On an error the stage stays as it was.
func (s *Stage) Freeze(frozen func(name string) bool) error {
	params, grads := s.goal.Trained(func(name string) bool { return !frozen(name) })
	assigns, used := s.goal.Assigns, []*models.Param(nil)
	if s.micro.Parts > 1 {
		assigns = slices.Clone(assigns)
		for i, p := range params {
			sum := s.sum(p, grads[i])
			grads[i], used = sum.now, append(used, sum.before)
			assigns = append(assigns, graph.Assign{Dst: sum.before, Src: sum.now})
		}
	}
	program, err := s.dev.Compile(s.goal.Graph, device.Request{
		Outputs: s.goal.Results(grads), Assigns: assigns, Replaces: s.program,
	})
	if err != nil {
		return err
	}
	bindings := make([]*optim.Binding, len(s.adams))
	for k, adam := range s.adams {
		var of []*models.Param
		var at []graph.Node
		for i, p := range params {
			if adam.Updates(p) {
				of, at = append(of, p), append(at, grads[i])
			}
		}
		if bindings[k], err = adam.Bind(of, program, at); err != nil {
			return err
		}
	}
	s.program, s.bindings, s.used = program, bindings, used
	return nil
}

// sum adds the gradient of p to that of the runs before in a step.
func (s *Stage) sum(p *models.Param, grad graph.Node) gradSum {
	if sum, ok := s.sums[p]; ok {
		return sum
	}
	g := s.goal.Graph
	if s.micro.Mean {
		grad = g.Scale(grad, 1/float32(s.micro.Parts))
	}
	sum := gradSum{before: models.NewParam("sum/"+p.Name, p.Shape...)}
	sum.now = g.Add(g.Param(sum.before), grad)
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
// its runs. It returns how many of their values were not finite.
func (s *Stage) Update(h ...optim.Hyper) (nonFinite int, err error) {
	s.runs = 0
	for k, b := range s.bindings {
		n, err := b.Step(h[k])
		if err != nil {
			return 0, err
		}
		nonFinite += n
	}
	return nonFinite, nil
}

// Value is the value of an output in the last run.
func (s *Stage) Value(n graph.Node) []float32 { return s.program.Value(n) }

// Scalar is Value of an output that is one number.
func (s *Stage) Scalar(n graph.Node) float64 { return float64(s.program.Value(n)[0]) }

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

// microOf is how a configuration cuts its batches, for a loss that is a sum over
// images.
func microOf(c *configs.Config) Micro {
	n := c.Run.MicroBatch
	if n == 0 {
		n = c.Run.Batch
	}
	return Micro{Size: n, Parts: c.Run.Batch / n}
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
