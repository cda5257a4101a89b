package control

import (
	"fmt"
	"strings"
)

// SetRequest is the body of POST /v1/set: live settings by dotted key, each
// value as one would write it in config.toml (quotes around strings optional).
type SetRequest struct {
	Set map[string]string `json:"set"`
}

// FreezeRequest is the body of POST /v1/freeze. Preset, Freeze and Train
// replace the fields of that name in [freeze]; nil leaves a field as it is.
// Toggle flips single parameters by full name and excludes the other three.
type FreezeRequest struct {
	Preset *string   `json:"preset,omitempty"`
	Freeze *[]string `json:"freeze,omitempty"`
	Train  *[]string `json:"train,omitempty"`
	Toggle []string  `json:"toggle,omitempty"`
}

// Validate refuses a request that says nothing, or two things at once.
func (r FreezeRequest) Validate() error {
	fields := r.Preset != nil || r.Freeze != nil || r.Train != nil
	if fields && len(r.Toggle) > 0 {
		return fmt.Errorf("freeze: got toggle beside preset, freeze or train, want one or the other")
	}
	if !fields && len(r.Toggle) == 0 {
		return fmt.Errorf("freeze: got an empty request, want preset, freeze, train or toggle")
	}
	for _, name := range r.Toggle {
		if strings.TrimSpace(name) == "" {
			return fmt.Errorf("freeze: toggle: got an empty name, want a parameter")
		}
	}
	return nil
}

// SampleRequest is the body of POST /v1/sample, which may be left out. Without
// a seed the images are those of the run's own grid, from fixed noise.
type SampleRequest struct {
	Seed *uint64 `json:"seed,omitempty"` // of the first image; the others follow
}

// Kinds of Command, named as their routes.
const (
	KindPause      = "pause"
	KindResume     = "resume"
	KindStop       = "stop"
	KindSet        = "set"
	KindFreeze     = "freeze"
	KindCheckpoint = "checkpoint"
	KindEvaluate   = "evaluate"
	KindSample     = "sample"
)

// Command is what a client asks of the training loop; it is applied between two
// steps.
type Command struct {
	Kind   string
	Set    map[string]string // KindSet
	Freeze FreezeRequest     // KindFreeze
	Sample SampleRequest     // KindSample
}
