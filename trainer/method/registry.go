package method

import (
	"errors"
	"slices"

	"innate/configs"
	"innate/models/edm"
	"innate/models/gdd"
	"innate/models/precond"
	"innate/models/registry"
	_ "innate/models/unet" // architectures
	"innate/trainer/data"
	_ "innate/trainer/data/files" // a data set
)

// Spec is a method as it is registered.
type Spec struct {
	configs.Method // its name, settings and defaults

	New func(Env) (Method, error)

	// Check refuses a configuration from which nothing can be built, for reasons
	// that need the networks or the data, with the line. It builds nothing; nil
	// where there are none.
	Check func(cfg *configs.Config, set data.Dataset) error
}

var specs = registry.New[Spec]("method")

// The methods that ship; configs has their settings and defaults.
func init() {
	Register(Spec{Method: configs.Method{Name: configs.EDM}, New: newEDM, Check: checkEDM})
	Register(Spec{Method: configs.Method{Name: configs.Classifier}, New: newClassifier, Check: checkClassifier})
	Register(Spec{Method: configs.Method{Name: configs.GDD}, New: newGDD, Check: checkStudent})
	Register(Spec{Method: configs.Method{Name: configs.FD}, New: newGDD, Check: checkStudent})
	Register(Spec{Method: configs.Method{Name: configs.Distill}, New: newGDD, Check: checkStudent})

	// What settings may name: registries that are out of configs' sight.
	configs.KnownNames("data.dataset", data.Sources.Names)
	configs.KnownNames("model.arch", precond.Archs.Names)
	configs.KnownNames("disc.loss", gdd.Losses.Names)
	configs.KnownNetworks(edm.Checkpoints.Names, publishedModel)
}

// Register makes a method known, to configurations too, while packages
// initialise.
func Register(s Spec) {
	if !slices.Contains(configs.Methods(), s.Name) {
		configs.AddMethod(s.Method)
	}
	specs.Add(s.Name, s)
}

// New builds the method that the configuration names.
func New(e Env) (Method, error) {
	s, err := specs.Get(e.Config.Method)
	if err != nil {
		return nil, e.Config.At("method", err)
	}
	return s.New(e)
}

// Check refuses a config from which no run can be built, which the networks and
// the data know and the config does not: before a run is made for it, and with
// the line.
func Check(cfg *configs.Config) error {
	s, err := specs.Get(cfg.Method)
	if err != nil {
		return cfg.At("method", err)
	}
	if s.Check == nil {
		return nil
	}
	set, err := OpenData(cfg, "")
	if err != nil {
		return err
	}
	return errors.Join(s.Check(cfg, set), data.Close(set))
}

// OpenData opens the configured training images. Relative paths count from dir.
func OpenData(cfg *configs.Config, dir string) (data.Dataset, error) {
	set, err := data.Open(cfg.Data.Dataset, dataOptions(cfg, dir))
	if err != nil && cfg.Data.Path != "" {
		return nil, cfg.At("data.path", err)
	}
	if err != nil {
		return nil, cfg.At("data.dataset", err)
	}
	return set, nil
}

// dataOptions are how the configured data set is read.
func dataOptions(cfg *configs.Config, dir string) data.Options {
	d := cfg.Data
	return data.Options{Path: configs.Locate(dir, d.Path), Stop: d.Broken == configs.StopBroken, CacheMB: d.CacheMB, Workers: cfg.Run.Threads}
}
