package main

import (
	"math"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

// setting is what an Adam goes by.
type setting struct{ lr, beta1, beta2 float64 }

// step is a program and the update that follows its gradients.
type step struct {
	program device.Program
	adam    device.Adam
	next    device.AdamStep
}

// newStep compiles an objective for the parameters that train; nil for all.
func newStep(dev device.Device, o *graph.Objective, train func(name string) bool, h setting) (*step, error) {
	if train == nil {
		train = func(string) bool { return true }
	}
	params, grads := o.Trained(func(p *models.Param) bool { return train(p.Name) })
	program, err := dev.Compile(o.Graph, device.Request{Outputs: o.Results(grads), Assigns: o.Assigns, Record: o.Record})
	if err != nil {
		return nil, err
	}
	slots := make([]device.AdamSlot, len(params))
	for i, p := range params {
		slots[i] = device.AdamSlot{Param: p, M: models.NewParam(p.Name, p.Shape...), V: models.NewParam(p.Name, p.Shape...), Program: program, Grad: grads[i]}
	}
	adam, err := dev.PlanAdam(slots)
	return &step{program, adam, device.AdamStep{
		LR: h.lr, Beta1: h.beta1, Beta2: h.beta2, Eps: 1e-8,
		Steps: make([]int64, len(slots)), Corr1: make([]float32, len(slots)), Corr2: make([]float32, len(slots)),
	}}, err
}

// run computes gradients and follows them.
func (s *step) run() error {
	if err := s.program.Run(); err != nil {
		return err
	}
	s.program.Records()
	for i := range s.next.Steps {
		s.next.Steps[i]++
		n := float64(s.next.Steps[i])
		s.next.Corr1[i], s.next.Corr2[i] = float32(1-math.Pow(s.next.Beta1, n)), float32(1-math.Pow(s.next.Beta2, n))
	}
	err := s.adam.Step(s.next)
	s.adam.Records()
	return err
}

// averageOf makes the update of a moving average of parameters.
func averageOf(dev device.Device, params []*models.Param) (func() error, error) {
	averages := make([]*models.Param, len(params))
	for i, p := range params {
		averages[i] = p.Clone()
	}
	average, err := dev.PlanAverage(averages, params)
	return func() error { return average.Update(0.999) }, err
}
