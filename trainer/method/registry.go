package method

import (
	"fmt"

	"innate/configs"
	"innate/trainer/data"
)

// New builds the method that the configuration names.
func New(e Env) (Method, error) {
	switch e.Config.Method {
	case "edm":
		return newEDM(e)
	case "classifier":
		return newClassifier(e)
	case "gdd":
		return newGDD(e)
	}
	return nil, fmt.Errorf("loop: method %q, want %v", e.Config.Method, configs.Methods())
}

// OpenDataset opens a data set by its configured name.
func OpenDataset(name string) (data.Dataset, error) {
	switch name {
	case "mnist":
		return data.MNISTTrain()
	}
	return nil, fmt.Errorf("loop: data set %q, want mnist", name)
}
