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
// replace the fields of that name in what is in force of [freeze], the table itself or
// an entry of its schedule; nil leaves a field as it is. With AtKimg they are an entry
// of the schedule, in which nil is none. Toggle flips single parameters by full name,
// RemoveKimg takes an entry out of the schedule, and Rate changes the table [rates]:
// each of these comes alone.
type FreezeRequest struct {
	Preset *string   `json:"preset,omitempty"`
	Freeze *[]string `json:"freeze,omitempty"`
	Train  *[]string `json:"train,omitempty"`
	Toggle []string  `json:"toggle,omitempty"`

	AtKimg     *float64     `json:"at_kimg,omitempty"`
	RemoveKimg *float64     `json:"remove_kimg,omitempty"`
	Rate       *RateRequest `json:"rate,omitempty"`
}

// RateRequest gives what globs match a factor of the learning rate.
type RateRequest struct {
	Globs  []string `json:"globs"`
	Factor float64  `json:"factor"` // in (0, 1]
}

// Validate refuses a request that says nothing, or two things at once.
func (r FreezeRequest) Validate() error {
	fields := r.Preset != nil || r.Freeze != nil || r.Train != nil || r.AtKimg != nil
	said := 0
	for _, one := range []bool{fields, len(r.Toggle) > 0, r.RemoveKimg != nil, r.Rate != nil} {
		if one {
			said++
		}
	}
	switch {
	case fields && len(r.Toggle) > 0:
		return fmt.Errorf("freeze: got toggle beside preset, freeze or train, want one or the other")
	case said > 1:
		return fmt.Errorf("freeze: got more than one of a table, toggle, remove_kimg and rate, want one")
	case said == 0:
		return fmt.Errorf("freeze: got an empty request, want preset, freeze, train, toggle, remove_kimg or rate")
	}
	if r.Rate != nil && !(r.Rate.Factor > 0 && r.Rate.Factor <= 1) {
		return fmt.Errorf("freeze: rate: got %v, want in (0, 1]: what is not to train at all is frozen", r.Rate.Factor)
	}
	if r.Rate != nil && len(r.Rate.Globs) == 0 {
		return fmt.Errorf("freeze: rate: got no globs, want globs of parameter names")
	}
	for _, at := range []*float64{r.AtKimg, r.RemoveKimg} {
		if at != nil && !(*at >= 0.001 && *at <= 1_000_000) {
			return fmt.Errorf("freeze: at_kimg: got %v, want in [0.001, 1000000]", *at)
		}
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

// BackRequest is the body of POST /v1/back, which may be left out: without a number of
// images the run goes to before the last live change.
type BackRequest struct {
	Nimg *int64 `json:"nimg,omitempty"` // images seen, as a checkpoint from before a live change has them
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
	KindBack       = "back"
)

// Command is what a client asks of the training loop; it is applied between two
// steps.
type Command struct {
	Kind   string
	Set    map[string]string // KindSet
	Freeze FreezeRequest     // KindFreeze
	Sample SampleRequest     // KindSample
	Back   BackRequest       // KindBack
}
