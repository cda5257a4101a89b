package loop

import (
	"fmt"

	"innate/configs"
	"innate/models"
	"innate/models/device"
	"innate/trainer/data"
	"innate/trainer/optim"
	"innate/trainer/run"
)

// method is one way to train. All its calls come from the loop's goroutine.
type method interface {
	// params are the parameters of the trained network: what can be frozen.
	params() *models.ParamSet

	// preset resolves a freezing preset's name for this network.
	preset(names []string, preset string) ([]string, error)

	// start are the weights that params began with, before anything was
	// restored: the teacher's, those of model.init or fresh ones. They do not
	// change. It is nil where they are no longer known.
	start() *models.ParamSet

	// trained is the binding by which a step changes params; configure
	// replaces it.
	trained() *optim.Binding

	// layers describes params, in order, without their state.
	layers() []run.Layer

	// freeze plans the steps to come without the gradients of what is frozen,
	// which takes a moment. It is called before the first step, and either
	// succeeds or changes nothing.
	freeze(frozen func(name string) bool) error

	// configure makes live settings take effect from the next step on.
	configure(live configs.Live)

	// programs are what the steps to come run, in the order in which they do, with
	// the names that their times have in status.
	programs() []program

	// step trains on one batch. nimg is the number of images seen before it.
	step(nimg int64, batch batch, s *scalars) error

	// tensors are the named groups of everything that an exact resume needs,
	// beside the loop's own counters and random streams. Restoring copies into
	// the same groups.
	tensors() []group

	// image is the method's image generator for samples and FID; nil for a
	// method that makes no images.
	image() *imager

	// teacher is the FID that a distillation's teacher reaches in many steps,
	// as its file states it; nil if unknown.
	teacher() *float64

	// meta is what a reader of the network's weights needs to rebuild it.
	meta() (map[string]string, error)

	// test returns held-out scalars, measured at checkpoints by a method that
	// makes no images.
	test() (map[string]float64, error)
}

// batch is what a step trains on; the buffers belong to the loop and are
// overwritten by the next batch.
type batch struct {
	images []float32 // [N H W C] in [-1, 1]
	labels []float32 // [N classes], one-hot
}

// program is what one stage of a step runs.
type program struct {
	stage string
	device.Program
}

// group is one set of tensors in a checkpoint, stored under prefix.
type group struct {
	prefix string
	set    *models.ParamSet
	load   func(*models.ParamSet) error // nil: copy into set
}

// env is what a method is built from.
type env struct {
	cfg     *configs.Config
	dir     string // of the run, which paths in cfg count from
	dev     device.Device
	streams *data.Streams
	data    data.Dataset
	warn    func(text string) // notes something in the run's log
}

func newMethod(e env) (method, error) {
	switch e.cfg.Method {
	case "edm":
		return newEDM(e)
	case "classifier":
		return newClassifier(e)
	case "gdd":
		return newGDD(e)
	}
	return nil, fmt.Errorf("loop: method %q, want edm, classifier or gdd", e.cfg.Method)
}

// openDataset opens a data set by its configured name.
func openDataset(name string) (data.Dataset, error) {
	switch name {
	case "mnist":
		return data.MNISTTrain()
	}
	return nil, fmt.Errorf("loop: data set %q, want mnist", name)
}
