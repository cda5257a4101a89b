package method

import (
	"innate/models/device"
	"innate/models/graph"
	"innate/trainer/optim"
)

// Stage is one part of a step: a loss as a graph, the program that computes it
// and its gradient for what trains, and the optimizer that follows the gradient.
// Stages of the same network may share an optimizer.
type Stage struct {
	name string // of its time in status and profile
	goal *graph.Objective
	dev  device.Device
	adam *optim.Adam

	program device.Program // nil before Freeze
	binding *optim.Binding
}

// NewStage makes a stage that runs once Freeze has said what trains.
func NewStage(name string, dev device.Device, goal *graph.Objective, adam *optim.Adam) *Stage {
	return &Stage{name: name, goal: goal, dev: dev, adam: adam}
}

// Freeze plans the runs to come without the gradients of what is frozen, in the
// place of the program so far. On an error the stage stays as it was.
func (s *Stage) Freeze(frozen func(name string) bool) error {
	params, grads := s.goal.Trained(func(name string) bool { return !frozen(name) })
	program, err := s.dev.Compile(s.goal.Graph, device.Request{
		Outputs: s.goal.Results(grads), Assigns: s.goal.Assigns, Replaces: s.program,
	})
	if err != nil {
		return err
	}
	binding, err := s.adam.Bind(params, program, grads)
	if err != nil {
		return err
	}
	s.program, s.binding = program, binding
	return nil
}

// Step runs the stage and the optimizer after it, and returns how many values of
// its gradients were not finite.
func (s *Stage) Step(h optim.Hyper) (nonFinite int, err error) {
	if err := s.program.Run(); err != nil {
		return 0, err
	}
	return s.binding.Step(h)
}

// Value is the value of an output in the last run.
func (s *Stage) Value(n graph.Node) []float32 { return s.program.Value(n) }

// Scalar is Value of an output that is one number.
func (s *Stage) Scalar(n graph.Node) float64 { return float64(s.program.Value(n)[0]) }

// Program is the stage as the profile shows it.
func (s *Stage) Program() Program { return Program{s.name, s.program} }

// Binding is how a step changes the parameters; Freeze replaces it.
func (s *Stage) Binding() *optim.Binding { return s.binding }

// none freezes nothing.
func none(string) bool { return false }
