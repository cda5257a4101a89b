package run

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"innate/models/nvml"
)

// States of a run. A trainer reports all but the last four, which readers derive:
// StateDead when the lock is free although the last heartbeat says the run is
// active, StateNew when a run directory was never started, StateQueued when a job
// is to train it that has not begun, StateUnreadable in a list when the directory
// cannot be read.
const (
	StateStarting = "starting"
	StateRunning  = "running"
	StatePaused   = "paused"
	StateStopping = "stopping"
	StateStopped  = "stopped"
	StateDone     = "done"
	StateFailed   = "failed"
	StateDead     = "dead"
	StateNew      = "new"
	StateQueued   = "queued"

	StateUnreadable = "unreadable"
)

// Active reports whether a trainer in that state holds the run's lock.
func Active(state string) bool {
	switch state {
	case StateStarting, StateRunning, StatePaused, StateStopping:
		return true
	}
	return false
}

// Version of the wire format; it grows when a field changes its meaning.
const Version = 1

// Status is an immutable snapshot of a run: the answer to GET /v1/status, and
// the heartbeat that the trainer writes to status.json once a second.
type Status struct {
	Version int    `json:"version"`
	Run     string `json:"run"`    // base name of the run directory
	Dir     string `json:"dir"`    // absolute run directory
	Method  string `json:"method"` // edm | classifier | gdd
	Config  string `json:"config"` // absolute path of config.toml
	State   string `json:"state"`
	PID     int    `json:"pid"`
	Job     string `json:"job,omitempty"` // that the trainer is part of: "Slurm job 123"

	// What the scheduler says of the job; readers add it who have asked: see package
	// cluster.
	JobState string `json:"job_state,omitempty"`

	// What is noted of the run; readers add it to what they print as JSON.
	About *About `json:"about,omitempty"`

	// Which of two snapshots is newer is known by Seq, not by the clock, which may
	// be set back, or be another machine's: see Before. Both are empty in what
	// older trainers wrote.
	Instance string `json:"instance,omitempty"` // of the trainer's process; random
	Seq      int64  `json:"seq,omitempty"`      // grows with every change, within an instance

	Nimg         int64     `json:"nimg"` // images seen
	TotalNimg    int64     `json:"total_nimg"`
	ImagesPerSec float64   `json:"images_per_sec"`
	EtaSec       float64   `json:"eta_sec"`
	Started      time.Time `json:"started"`
	Time         time.Time `json:"time"` // of this snapshot

	Params           int64    `json:"params"` // values in the trained network
	FrozenParams     int64    `json:"frozen_params"`
	TrainableTensors int64    `json:"trainable_tensors"`
	FrozenFraction   float64  `json:"frozen_fraction"` // of Params, in [0, 1]
	FreezePreset     string   `json:"freeze_preset,omitempty"`
	FreezeGlobs      []string `json:"freeze_globs,omitempty"`
	TrainGlobs       []string `json:"train_globs,omitempty"`

	WaysBack []WayBack `json:"ways_back,omitempty"` // checkpoints from before live changes, newest first

	FreezeSchedule []FreezeFrom `json:"freeze_schedule,omitempty"` // what is frozen later, and was before

	DiscFrozen []float64 `json:"disc_frozen,omitempty"` // share of each discriminator's parameters, in [0, 1); nil where none has any

	FreezeRule *RuleStatus `json:"freeze_rule,omitempty"` // freezing by rule; nil for none

	// The run's evaluations. They were of FID alone once, and are called so.
	Metric     string   `json:"metric,omitempty"`       // their scalar in metrics.jsonl; "" for fid
	Rises      bool     `json:"metric_rises,omitempty"` // whether more of it is better
	LastFID    *float64 `json:"last_fid"`
	BestFID    *float64 `json:"best_fid"`
	FIDName    string   `json:"fid_name,omitempty"` // for example FID(mnist-cnn)
	FIDNimg    int64    `json:"fid_nimg"`           // images seen at LastFID
	TeacherFID *float64 `json:"teacher_fid"`

	Final *Final `json:"final,omitempty"` // evaluation that is queued for the end, or under way there

	Also []Measured `json:"also,omitempty"` // what other judges say, which do not decide what is best

	Stage     string             `json:"stage,omitempty"`    // train | fid | sample | checkpoint
	StageMs   map[string]float64 `json:"stage_ms,omitempty"` // milliseconds a step: g, d, r1 or step, data, ema, layers, fid, sample, checkpoint
	Kernels   string             `json:"kernels,omitempty"`
	Threads   int                `json:"threads"`
	PeakBytes int64              `json:"peak_bytes,omitempty"` // most memory that a trainer of the run has held; 0 where the system does not tell
	GPU       *nvml.GPU          `json:"gpu,omitempty"`        // that trains, as its driver says; nil for none
	Listen    string             `json:"listen,omitempty"`     // host:port that answers beside the socket
	Ranks     []Rank             `json:"ranks,omitempty"`      // processes that train together; none for one alone

	SampleFile     string `json:"sample_file,omitempty"` // relative to Dir
	SampleNimg     int64  `json:"sample_nimg"`
	SampleClasses  []int  `json:"sample_classes,omitempty"` // class of each row of the sample grids, if the network is class-conditional
	CheckpointNimg int64  `json:"checkpoint_nimg"`

	PauseReason     string         `json:"pause_reason,omitempty"`     // why the run paused, when nobody asked for it
	CheckpointError string         `json:"checkpoint_error,omitempty"` // why no checkpoint is written at present
	Error           string         `json:"error,omitempty"`            // why the run failed
	ConfigError     string         `json:"config_error,omitempty"`     // why the last edit of config.toml was refused
	Live            map[string]any `json:"live,omitempty"`             // configs.(*Config).LiveMap: live settings in force
}

// FreezeFrom is an entry of a run's freezing schedule, with what it comes to.
type FreezeFrom struct {
	Nimg     int64    `json:"nimg"` // images seen when it comes into force
	Preset   string   `json:"preset"`
	Freeze   []string `json:"freeze,omitempty"`
	Train    []string `json:"train,omitempty"`
	Fraction float64  `json:"fraction"` // of the parameters that it freezes, in [0, 1)
	InForce  bool     `json:"in_force,omitempty"`
}

// RuleStatus is what a run's rule of freezing has decided, over what its settings say.
type RuleStatus struct {
	NextNimg int64    `json:"next_nimg,omitempty"` // images seen when it decides next; 0 for never
	Frozen   []string `json:"frozen,omitempty"`    // parameters
	Thawed   []string `json:"thawed,omitempty"`
}

// NextFreezing is the entry of the schedule that comes into force next.
func (s Status) NextFreezing() (next FreezeFrom, ok bool) {
	for _, e := range s.FreezeSchedule {
		if e.Nimg > s.Nimg {
			return e, true
		}
	}
	return next, false
}

// Final is the evaluation at the end of a run.
type Final struct {
	Samples int `json:"samples"` // of a range of seeds
	Ranges  int `json:"ranges"`
	Done    int `json:"done"` // ranges that have been measured
	Nimg    int `json:"nimg"` // images of the next one
}

// Begun reports whether it is under way.
func (f Final) Begun() bool { return f.Done < f.Ranges && (f.Done > 0 || f.Nimg > 0) }

// String words how far it is.
func (f Final) String() string {
	text := fmt.Sprintf("%d", f.Samples)
	if f.Ranges > 1 {
		text += fmt.Sprintf(" x %d", f.Ranges)
	}
	switch {
	case f.Done >= f.Ranges:
		return text + " done"
	case !f.Begun():
		return text + " queued"
	}
	return text + fmt.Sprintf(" at %.0f %%", 100*(float64(f.Done)+float64(f.Nimg)/float64(f.Samples))/float64(f.Ranges))
}

// Measured is what a judge says of a run beside the one that decides.
type Measured struct {
	Key   string   `json:"key"`  // its scalar in metrics.jsonl
	Name  string   `json:"name"` // for example FID(mnist-random-cnn)
	Rises bool     `json:"rises,omitempty"`
	Last  *float64 `json:"last"`
	Best  *float64 `json:"best"`
}

// Rank is one of the processes that train a run together. The first is the trainer.
type Rank struct {
	Rank int    `json:"rank"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
}

// Quality is the scalar of metrics.jsonl that the run's evaluations measure.
func (s Status) Quality() string { return cmp.Or(s.Metric, "fid") }

// Better reports whether a value of an evaluation is better than another.
func (s Status) Better(value, than float64) bool {
	if s.Rises {
		return value > than
	}
	return value < than
}

// Before reports whether s is known to be older than t: of the same trainer, and
// from before. Of two that cannot be told apart the one that came last counts.
func (s Status) Before(t Status) bool { return s.Instance == t.Instance && s.Seq < t.Seq }

// Layer describes one parameter tensor of the trained network: GET /v1/layers
// answers with all of them in checkpoint order, and layers.json in the run
// directory holds the same list for readers without a trainer.
type Layer struct {
	Name       string `json:"name"` // checkpoint name less the "model." wrapper
	Kind       string `json:"kind"` // conv, linear, norm, bias, …
	Part       string `json:"part"` // enc, dec or map
	Block      string `json:"block"`
	Resolution int    `json:"resolution"` // pixels; 0 outside the image path
	Shape      []int  `json:"shape"`
	Count      int    `json:"count"`
	Frozen     bool   `json:"frozen"`
	ByRule     bool   `json:"by_rule,omitempty"` // frozen or thawed by rule, other than the settings say

	Rate float64 `json:"rate,omitempty"` // factor of the learning rate; 0 where that is 1

	// As last measured, every live.layers_kimg; nil where there is no such value.
	GradNorm    *float64 `json:"grad_norm,omitempty"`    // ‖g‖ of one step
	UpdateRatio *float64 `json:"update_ratio,omitempty"` // ‖Δw‖/‖w‖ of that step
	Distance    *float64 `json:"distance,omitempty"`     // ‖w−w₀‖/‖w₀‖ from the weights the run began with
}

// MarshalJSON writes a status; JSON has no NaN or infinity, so that a FID
// without a value becomes null, and a rate or time without one 0 or absent.
func (s Status) MarshalJSON() ([]byte, error) {
	s.Also = slices.Clone(s.Also)
	values := []**float64{&s.LastFID, &s.BestFID, &s.TeacherFID}
	for i := range s.Also {
		values = append(values, &s.Also[i].Last, &s.Also[i].Best)
	}
	for _, p := range values {
		if *p != nil && !isFinite(**p) {
			*p = nil
		}
	}
	for _, p := range []*float64{&s.ImagesPerSec, &s.EtaSec, &s.FrozenFraction} {
		if !isFinite(*p) {
			*p = 0
		}
	}
	s.StageMs = maps.Clone(s.StageMs)
	maps.DeleteFunc(s.StageMs, func(_ string, ms float64) bool { return !isFinite(ms) })
	s.Live = maps.Clone(s.Live)
	maps.DeleteFunc(s.Live, func(_ string, v any) bool { x, ok := v.(float64); return ok && !isFinite(x) })
	type plain Status // without this method
	return json.Marshal(plain(s))
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
