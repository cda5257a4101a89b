package run

// Names inside a run directory; the history is named by package runlog.
const (
	ConfigFile    = "config.toml"
	StatusFile    = "status.json" // the heartbeat: Status, once a second
	LayersFile    = "layers.json" // []Layer
	LockFile      = "lock"        // held (flock) by the trainer; its pid
	SocketFile    = "control.sock"
	SocketPointer = SocketFile + ".path" // where the socket lies, if that is elsewhere
	SocketDir     = ".ctl"               // around a socket that is being made; no longer than SocketFile

	// TokenFile holds, while a trainer listens on TCP, what a client has to show
	// there: one line, readable by the owner only, new at every start.
	TokenFile = "control.token"

	LogFile        = "trainer.log" // standard output and error of a detached trainer
	SamplesDir     = "samples"
	CheckpointsDir = "checkpoints"
	InputsDir      = "inputs" // the run's own copies of the files that its settings name
)
