package torchfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"

	"innate/models/checkpoint"
)

// Keys of the metadata by which a file says what a network pickle said of its
// network. Who builds networks reads them.
const (
	MetaClass   = "python.class"      // of the outermost module, such as EDMPrecond
	MetaModel   = "python.model"      // of the network within it, such as SongUNet
	MetaArgs    = "python.arguments"  // of the constructor, as a JSON object
	MetaAttrs   = "python.attributes" // of the outermost module, likewise
	MetaModules = "python.modules"    // how many there are of each class, as text
	MetaKey     = "python.key"        // under which the file had it
	MetaOthers  = "python.others"     // other keys of the file that hold tensors
)

// Checkpoint is the state as a file of innate's: tensors, and the rest as metadata.
func (s *State) Checkpoint() (*checkpoint.File, error) {
	f := checkpoint.New()
	maps.Copy(f.Metadata, s.Metadata)
	for _, t := range s.Tensors {
		if err := f.Add(t); err != nil {
			return nil, err
		}
	}
	modules := make([]string, len(s.Modules))
	for i, m := range s.Modules {
		modules[i] = fmt.Sprintf("%d %s", m.N, m.Class)
	}
	for key, text := range map[string]string{
		MetaKey: s.Key, MetaOthers: strings.Join(s.Others, ", "), MetaClass: s.Class, MetaModel: s.Model,
		MetaModules: strings.Join(modules, ", "),
	} {
		if text != "" {
			f.Metadata[key] = text
		}
	}
	for key, args := range map[string][]Arg{MetaArgs: s.Args, MetaAttrs: s.Attrs} {
		if len(args) == 0 {
			continue
		}
		text, err := object(args)
		if err != nil {
			return nil, err
		}
		f.Metadata[key] = text
	}
	return f, nil
}

// object is a JSON object with its keys in order.
func object(args []Arg) (string, error) {
	var b strings.Builder
	for i, a := range args {
		name, err := json.Marshal(a.Name)
		if err != nil {
			return "", err
		}
		value, err := json.Marshal(a.Value)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%c%s:%s", "{,"[min(i, 1)], name, value)
	}
	return b.String() + "}", nil
}

// finite is a number as JSON can have it.
func finite(v float64) any {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprint(v)
	}
	return v
}
