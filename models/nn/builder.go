package nn

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"innate/models"
)

// Module is what every network has. Its graphs bind to the parameters' storage:
// what a step writes there, the next run of every such graph sees.
type Module struct {
	params, buffers *models.ParamSet
	layers          []Layer
	blocks          []*Block
}

// Params are the trained parameters, in the order of the state dict.
func (m *Module) Params() *models.ParamSet { return m.params }

// Buffers are what a checkpoint keeps beside them, and nothing trains.
func (m *Module) Buffers() *models.ParamSet { return m.buffers }

// Layers describes the parameters in order; the caller must not change it.
func (m *Module) Layers() []Layer { return m.layers }

// Blocks are the residual blocks in the order of the state dict; the caller must not
// change it.
func (m *Module) Blocks() []*Block { return m.blocks }

// Builder makes a network's layers in the order of its state dict.
type Builder struct {
	At Layer // Part, Block and Resolution of what is being built

	module *Module
	rng    *rand.Rand
	hollow bool
}

// NewBuilder draws initial weights from rng. A nil rng leaves all weights zero,
// for those that will be read from a checkpoint.
func NewBuilder(rng *rand.Rand) *Builder {
	return &Builder{module: newModule(), rng: rng}
}

// NewHollowBuilder makes layers whose parameters have no values, to count and name
// them.
func NewHollowBuilder() *Builder { return &Builder{module: newModule(), hollow: true} }

func newModule() *Module {
	return &Module{params: models.NewParamSet(), buffers: models.NewParamSet()}
}

// Module is what has been built.
func (b *Builder) Module() *Module { return b.module }

// Param makes one parameter of unit, which is its name less field.
func (b *Builder) Param(kind Kind, unit, field string, init Init, shape ...int) *models.Param {
	l := b.At
	l.Kind, l.Unit, l.Name, l.Shape = kind, unit, unit+"."+field, slices.Clone(shape)
	b.module.layers = append(b.module.layers, l)
	return b.module.params.Add(b.alloc(l.Name, init, shape))
}

// Buffer makes a tensor that is stored and does not train.
func (b *Builder) Buffer(name string, init Init, shape ...int) *models.Param {
	return b.module.buffers.Add(b.alloc(name, init, shape))
}

func (b *Builder) alloc(name string, init Init, shape []int) *models.Param {
	if b.hollow {
		return &models.Param{Name: name, Shape: slices.Clone(shape)}
	}
	p := models.NewParam(name, shape...)
	if b.rng != nil && init != nil {
		init(b.rng, p.Data)
	}
	return p
}

// CopyFrom copies all values of a module of the same layers.
func (m *Module) CopyFrom(src *Module) {
	for _, of := range []struct{ to, from *models.ParamSet }{{m.params, src.params}, {m.buffers, src.buffers}} {
		if err := of.to.CopyFrom(of.from); err != nil {
			panic(fmt.Sprintf("nn: copying a network of another shape: %v", err))
		}
	}
}
