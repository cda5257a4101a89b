package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// CheckpointKind is what a checkpoint of a run, other than that of a network
// alone, states as its MetaKind.
const CheckpointKind = "innate-run-1"

// Keys of a checkpoint's metadata.
const (
	MetaKind     = "kind"
	MetaMethod   = "method"
	MetaConfig   = "config"   // text of config.toml in force
	MetaData     = "data"     // fingerprint of training images that were read from files
	MetaProgress = "progress" // Progress as JSON
	MetaBefore   = "before"   // live change that it was kept for, of a BackFile
)

// Progress is the part of a checkpoint that is neither tensors nor settings:
// with those it is all that an exact resume needs. It holds no times, so that
// equal states give equal bytes.
type Progress struct {
	Nimg       int64          `json:"nimg"`
	Streams    Streams        `json:"streams"`
	Sampler    Sampler        `json:"sampler"`
	Scalars    map[string]Sum `json:"scalars,omitempty"` // since the last tick
	Rollbacks  int            `json:"rollbacks,omitempty"`
	Worst      int64          `json:"worst,omitempty"`   // images seen where it diverged
	InVain     int            `json:"in_vain,omitempty"` // rollbacks since that did not get it past there
	LastFID    *float64       `json:"last_fid"`
	BestFID    *float64       `json:"best_fid"`
	Also       []Measured     `json:"also,omitempty"` // by judges that do not decide what is best
	FIDNimg    int64          `json:"fid_nimg"`
	BestNimg   int64          `json:"best_nimg,omitempty"`  // of the best network, if the checkpoint has it
	EvalNimg   int64          `json:"eval_nimg"`            // of the last evaluation begun
	EvalDone   *int           `json:"eval_done,omitempty"`  // images it has measured, if it is under way
	EvalWaits  bool           `json:"eval_waits,omitempty"` // and one of these weights follows it
	SampleFile string         `json:"sample_file"`
	SampleNimg int64          `json:"sample_nimg"`
	Processes  int            `json:"processes,omitempty"` // that trained together; 0 for one alone
	Ruled      *Ruled         `json:"ruled,omitempty"`     // what is frozen by rule
}

// Ruled is what a rule of freezing has decided, over the table in force, and the window
// over which it measures.
type Ruled struct {
	Table  string   `json:"table"`            // preset of that table, and when its entry came
	Frozen []string `json:"frozen,omitempty"` // parameters
	Thawed []string `json:"thawed,omitempty"`
	Window *Window  `json:"window,omitempty"` // nil for none
}

// Window is the time over which a rule of freezing measures. The weights at its beginning
// are tensors of the checkpoint.
type Window struct {
	Since int64            `json:"since"` // images seen then
	Table string           `json:"table"`
	Moves bool             `json:"moves,omitempty"` // changes of weights are measured
	Due   bool             `json:"due,omitempty"`   // it is over, and its decision is to be made
	Grads map[string]Exact `json:"grads,omitempty"` // of its last step: squared norms of frozen parameters' gradients
}

// Streams is the state of the run's named random streams; one that it lacks
// starts afresh from the seed.
type Streams struct {
	Seed    uint64            `json:"seed"`
	Streams map[string][]byte `json:"streams"`
}

// Sampler is the position in the shuffled data.
type Sampler struct {
	Len   int    `json:"len"`
	Seed  uint64 `json:"seed"`
	Epoch int64  `json:"epoch"`
	Pos   int    `json:"pos"`
}

// Sum is one scalar's values so far.
type Sum struct {
	Sum   Exact `json:"sum"`
	Count int   `json:"count"`
}

// Exact is a float64 in JSON that comes back bit for bit, NaN and infinities
// among them.
type Exact float64

// MarshalText writes the shortest text that reads back as the same value.
func (e Exact) MarshalText() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e), 'g', -1, 64), nil
}

// UnmarshalText reads what MarshalText wrote.
func (e *Exact) UnmarshalText(text []byte) error {
	v, err := strconv.ParseFloat(string(text), 64)
	*e = Exact(v)
	return err
}

// ErrNoProgress is the error of ReadProgress for the metadata of a network alone.
var ErrNoProgress = errors.New("a network without the state of its training, want a checkpoint of a run")

// ReadProgress reads the progress in a checkpoint's metadata.
func ReadProgress(meta map[string]string) (p Progress, err error) {
	text, ok := meta[MetaProgress]
	if !ok {
		return p, ErrNoProgress
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("progress: %w", err)
	}
	return p, nil
}

// AddTo puts the progress into a checkpoint's metadata.
func (p Progress) AddTo(meta map[string]string) error {
	text, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	meta[MetaProgress] = string(text)
	return nil
}

// seedBits is how much of the seed of random streams is the run's own. Above them
// stands how often the run has gone back, so that every try draws other noise.
const seedBits = 32

// SeedAfter is the seed of a run's random streams and data order after that many
// rollbacks.
func SeedAfter(seed uint64, rollbacks int) uint64 { return seed | uint64(rollbacks)<<seedBits }

// RunSeed is the seed of the run, whatever it has gone through since.
func (p Progress) RunSeed() uint64 { return p.Streams.Seed & (1<<seedBits - 1) }

// Reseed makes noise and data order from here on those of another run seed.
func (p *Progress) Reseed(seed uint64) {
	seed = SeedAfter(seed, p.Rollbacks)
	p.Streams = Streams{Seed: seed, Streams: map[string][]byte{}}
	p.Sampler.Seed = seed
}
