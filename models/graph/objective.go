package graph

import (
	"slices"

	"innate/models"
)

// Objective is what one stage of training computes: a loss, and its gradient for
// every parameter that may train. A program of it computes the gradients that
// are asked for and no others.
type Objective struct {
	Graph   *Builder
	Outputs []Node   // losses and what else is read after a run
	Record  []Node   // of the outputs, numbers that are charted
	Assigns []Assign // buffers that a run changes
	Params  []*models.Param
	Grads   []Node // one for each of Params
}

// Minimise adds the gradients of loss for params. Outputs and Assigns are the
// caller's to fill.
func (o *Objective) Minimise(g *Builder, loss Node, params []*models.Param) error {
	nodes := make([]Node, len(params))
	for i, p := range params {
		nodes[i] = g.Param(p)
	}
	var err error
	o.Graph, o.Params = g, params
	o.Grads, err = g.Grad(loss, nodes...)
	return err
}

// Trained returns the parameters that train says true of, and their gradients. Those of
// several networks may have the same names.
func (o *Objective) Trained(train func(p *models.Param) bool) (params []*models.Param, grads []Node) {
	for i, p := range o.Params {
		if train(p) {
			params, grads = append(params, p), append(grads, o.Grads[i])
		}
	}
	return params, grads
}

// Results are what a program of the stage computes beside what it assigns.
func (o *Objective) Results(grads []Node) []Node { return slices.Concat(o.Outputs, grads) }
