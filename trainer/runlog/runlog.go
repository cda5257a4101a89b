package runlog

import "bytes"

// Names of the history's files inside a run directory.
const (
	MetricsFile = "metrics.jsonl"
	EventsFile  = "events.jsonl"
)

// Kinds of events.
const (
	Start      = "start"
	Stop       = "stop"
	Done       = "done"
	Error      = "error"
	Pause      = "pause"
	Resume     = "resume" // after a pause, or (with Data "nimg") from a checkpoint
	Config     = "config"
	Freeze     = "freeze"
	Checkpoint = "checkpoint"
	FID        = "fid"
	Sample     = "sample"
	Fork       = "fork"      // of another run, whose history comes before
	Machine    = "machine"   // something about the machine that the run is on
	Diverge    = "diverge"   // a loss diverges, or weights are no longer finite
	Data       = "data"      // training images are broken, or not those that the run began with
	NonFinite  = "nonfinite" // gradients held NaN or infinities, which were replaced
)

// blank reports whether a line holds nothing but space.
func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// Scalars of training speed, images a second: by the clock, and by processor time.
const (
	Speed    = "speed/images_per_sec"
	CPUSpeed = "speed/images_per_cpu_sec"
)
