// Package method is how networks are trained: one file for each method, all of
// them over Stage. A method knows networks, losses and random streams; when it
// steps, and what else happens between two steps, is the business of package
// loop.
//
// Everything of a method belongs to the goroutine that made it.
package method

import (
	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/precond"
	"innate/trainer/data"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// Method is one way to train.
type Method interface {
	// Params are the parameters of the trained network: what can be frozen.
	Params() *models.ParamSet

	// Parts are the networks that the method holds, the one of Params first.
	Parts() []Part

	// Preset resolves a freezing preset's name for this network.
	Preset(names []string, preset string) ([]string, error)

	// Start are the weights that Params began with, before anything was
	// restored: the teacher's, those of model.init or fresh ones. They do not
	// change. It is nil where they are no longer known.
	Start() *models.ParamSet

	// Trained is the binding by which a step changes Params; Freeze replaces it.
	Trained() *optim.Binding

	// Layers describes Params, in order, without their state.
	Layers() []run.Layer

	// Freeze plans the steps to come without the gradients of what is frozen,
	// which takes a moment. It is called before the first step, and either
	// succeeds or changes nothing.
	Freeze(frozen func(name string) bool) error

	// Ask is Freeze, but the steps to come also compute the gradients of the frozen
	// parameters that are asked for, and do nothing else with them than to have Asked
	// say their squared L2 norms in the last step, by name: over the images of this
	// process, in the loss that Params follow.
	Ask(frozen, ask func(name string) bool) error
	Asked() map[string]float64

	// Programs are what the steps to come run, in the order in which they do, with
	// the names that their times have in status.
	Programs() []Program

	// Step trains on one batch by the settings in force. nimg is the number of
	// images seen before it.
	Step(nimg int64, b data.Batch, cfg *configs.Config, s *Scalars) error

	// Collect adds to s what the steps since the last Collect have given: losses,
	// norms of gradients. It waits for the device, which Step does not.
	Collect(s *Scalars)

	// Tensors are the named groups of everything that an exact resume needs,
	// beside the loop's own counters and random streams. Restoring copies into
	// the same groups.
	Tensors() []Group

	// Images generates images for samples and FID; nil for a method that makes
	// no images.
	Images() *Images

	// Teacher is the metadata of the file of a distillation's teacher; nil where
	// there is none, or it is gone.
	Teacher() map[string]string

	// Meta is what a reader of the network's weights needs to rebuild it.
	Meta() (map[string]string, error)

	// Test returns held-out scalars, measured at checkpoints by a method that
	// makes no images.
	Test() (map[string]float64, error)
}

// Adversarial is a method with discriminators, of which layers can be frozen.
type Adversarial interface {
	// ResolveDiscs says what a configuration freezes of each of them, in order; its
	// errors name the line.
	ResolveDiscs(cfg *configs.Config) ([]*optim.Freezing, error)

	// FreezeDiscs plans the steps to come by what ResolveDiscs has said. It either
	// succeeds or changes nothing. Gradients flow on through what is frozen.
	FreezeDiscs(list []*optim.Freezing) error
}

// Part is one network of a method.
type Part struct {
	Name   string
	Role   Role
	Params *models.ParamSet
}

// Role is what becomes of a network's parameters.
type Role string

// Trained parameters follow gradients, an average follows trained ones, and
// frozen ones stay as they are.
const (
	Trained Role = "trained"
	Average Role = "average"
	Frozen  Role = "frozen"
)

// Program is what one stage of a step runs.
type Program struct {
	Stage string
	device.Program
	Sums int // bytes of gradients that it adds up over micro-batches
}

// Group is one set of tensors in a checkpoint, stored under Prefix.
type Group struct {
	Prefix string
	Set    *models.ParamSet
	Load   func(*models.ParamSet) error // nil: copy into Set
}

// Images is how a method generates images: with its averaged weights.
type Images struct {
	Den   *precond.Denoiser // its parameters are the averaged weights
	Steps int               // 1: one-step generator; more: Heun steps
	Own   bool              // the steps are those of the preconditioning's own paper
}

// Augmenter is a method that transforms the batches it trains on. It draws from
// a stream of its own, in the order of the steps.
type Augmenter interface {
	Augment(rng *data.Rand, b *data.Batch) error
}

// Env is what a method is built from.
type Env struct {
	Config  *configs.Config
	Dir     string // of the run, which paths in Config count from
	Device  device.Device
	Streams *data.Streams
	Data    data.Dataset
	Share   data.Share        // of this process in every batch; what is drawn is drawn for the whole
	Sum     device.Sum        // of gradients over all processes; nil for one
	Warn    func(text string) // notes something in the run's log

	// Saved reads the newest checkpoint of the run; nil where there is none.
	Saved func() (*checkpoint.File, error)
}
