package run

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"innate/models/atomicfile"
	"innate/trainer/runlog"
)

// Names inside a run directory; the history is named by package runlog. Files is
// the table of all of them.
const (
	ConfigFile    = "config.toml"
	StatusFile    = "status.json" // the heartbeat: Status, once a second
	LayersFile    = "layers.json" // []Layer
	LockFile      = "lock"        // held (flock) by the trainer; its pid
	JobFile       = "job.json"    // Job, of a run that was submitted
	AboutFile     = "about.json"  // About: tags, a note, the sweep that it belongs to
	BuriedFile    = "buried"      // the trainer of whose death an alert was made: its pid and start
	SocketFile    = "control.sock"
	SocketPointer = SocketFile + ".path" // where the socket lies, if that is elsewhere
	SocketDir     = ".ctl"               // around a socket that is being made; no longer than SocketFile

	// TokenFile holds, while a trainer listens on TCP, what a client has to show
	// there: one line, readable by the owner only, new at every start.
	TokenFile = "control.token"

	// RanksFile says, while processes that are to train together come together, how
	// the first of them is reached; readable by the owner only: see package ranks.
	RanksFile = "ranks.json"

	ResultsFile     = "results.jsonl"         // numbers that innate fid has measured: package results
	FeaturesPattern = "evaluation-*.features" // of images measured so far; gone once there is a number, of the last range of seeds
	LogFile         = "trainer.log"           // standard output and error of a detached trainer
	JobOutput       = "slurm-*.out"           // what Slurm itself has to say of a job that trains several runs
	SamplesDir      = "samples"
	CheckpointsDir  = "checkpoints"
	InputsDir       = "inputs" // the run's own copies of the files that its settings name
	TensorBoardDir  = "tensorboard"
	AnalysisDir     = "analysis" // what analyses have found: package figures
)

// Files of analyses that are under way.
const (
	ProbeLines     = AnalysisDir + "/probe-*.jsonl" // numbers of innate probe as they come
	WorkingPattern = AnalysisDir + "/*.working"     // how far one is, rewritten each second
)

// Endings of the names of checkpoints that nothing resumes from by itself, and the
// names of networks among them.
const (
	DivergedExt   = ".diverged" + CheckpointExt   // set aside after a divergence
	BackExt       = ".before" + CheckpointExt     // from before a live change
	UnreadableExt = ".unreadable" + CheckpointExt // could not be read when the run resumed from one before
	LeftExt       = ".left" + CheckpointExt       // of a branch that was left when the run went back to before a live change
	BestFile      = "best" + CheckpointExt        // the network with the lowest FID
	BestPattern   = "best-*" + CheckpointExt      // such ones of branches that were left, by images seen
	TeacherFile   = SamplesDir + "/teacher.png"   // what the teacher makes of the noise of the run's grids
)

// File is a line of the table of a run directory's files. Delete removes them all
// and stops at what no line names: that is somebody's own.
type File struct {
	Pattern string // of paths in the directory, as filepath.Match reads it
	Writer  string // who writes it
	Life    Life
	Made    bool // is made before the directory is a run, and taken back if that fails
	Fork    Fork
	Rewind  Rewind
	Young   time.Duration // Unfinished: until it is that old, others may be at it
}

// Life is how long a file has a meaning.
type Life int

const (
	Lasting    Life = iota // as long as the run, or until newer ones take its place
	Process                // while the trainer that wrote it lives
	Unfinished             // while its writer is at it; the next trainer removes what a killed one left
)

// Fork is what a fork takes of a file.
type Fork int

const (
	ForkNothing  Fork = iota
	ForkAnew          // it writes its own
	ForkLines         // the lines up to its checkpoint
	ForkSeen          // those with a number of images up to its checkpoint's
	ForkChosen        // its checkpoint
	ForkMatching      // the one that its checkpoint states
	ForkWhole         // all that its settings name
)

// Rewind is what becomes of a file when the run resumes from a checkpoint that
// lies before it.
type Rewind int

const (
	RewindNothing Rewind = iota
	RewindMark           // a line says that those beyond count no more
	RewindCut            // the part beyond goes
	RewindRemove         // goes, if its number of images lies beyond
	RewindAside          // gets another name
)

// Files is the table. A path belongs to the first line that matches it.
var Files = []File{
	{Pattern: ConfigFile, Writer: "command, screen, user", Made: true, Fork: ForkAnew},
	{Pattern: runlog.MetricsFile, Writer: "trainer", Fork: ForkLines, Rewind: RewindMark},
	{Pattern: runlog.EventsFile, Writer: "trainer", Fork: ForkLines},
	{Pattern: runlog.LayersFile, Writer: "trainer", Fork: ForkLines, Rewind: RewindMark},
	{Pattern: StatusFile, Writer: "trainer", Fork: ForkAnew},
	{Pattern: LayersFile, Writer: "trainer"},
	{Pattern: SamplesDir, Writer: "command", Made: true, Fork: ForkAnew},
	{Pattern: TeacherFile, Writer: "command"},
	{Pattern: SamplesDir + "/[0-9]*-seed[0-9]*.png", Writer: "trainer", Rewind: RewindRemove},
	{Pattern: SamplesDir + "/[0-9]*.png", Writer: "trainer", Fork: ForkSeen, Rewind: RewindRemove},
	{Pattern: CheckpointsDir, Writer: "command", Made: true, Fork: ForkAnew},
	{Pattern: CheckpointsDir + "/" + BestFile, Writer: "trainer", Fork: ForkMatching, Rewind: RewindAside},
	{Pattern: CheckpointsDir + "/" + BestPattern, Writer: "trainer"},
	{Pattern: CheckpointsDir + "/[0-9]*" + DivergedExt, Writer: "trainer"},
	{Pattern: CheckpointsDir + "/[0-9]*" + BackExt, Writer: "trainer", Rewind: RewindRemove},
	{Pattern: CheckpointsDir + "/[0-9]*" + UnreadableExt, Writer: "trainer"},
	{Pattern: CheckpointsDir + "/[0-9]*" + LeftExt, Writer: "trainer"},
	{Pattern: CheckpointsDir + "/[0-9]*" + CheckpointExt, Writer: "trainer", Fork: ForkChosen, Rewind: RewindAside},
	{Pattern: InputsDir, Writer: "command", Made: true, Fork: ForkWhole},
	{Pattern: InputsDir + "/*", Writer: "command", Fork: ForkWhole},
	{Pattern: InputsDir + "/*/*", Writer: "command", Fork: ForkWhole},
	{Pattern: TensorBoardDir, Writer: "trainer"},
	{Pattern: TensorBoardDir + "/events.out.tfevents.*", Writer: "trainer", Rewind: RewindCut},
	{Pattern: ResultsFile, Writer: "command, trainer"},
	{Pattern: FeaturesPattern, Writer: "command, trainer"},
	{Pattern: AnalysisDir, Writer: "command"},
	{Pattern: ProbeLines, Writer: "command"},
	{Pattern: AnalysisDir + "/*.json", Writer: "command"},
	{Pattern: AnalysisDir + "/*.csv", Writer: "command"},
	{Pattern: AnalysisDir + "/*.png", Writer: "command"},
	{Pattern: WorkingPattern, Writer: "command", Life: Unfinished, Young: time.Minute},
	{Pattern: LogFile, Writer: "command, trainer"},
	{Pattern: JobFile, Writer: "command"},
	{Pattern: AboutFile, Writer: "command, screen"},
	{Pattern: BuriedFile, Writer: "trainer"},
	{Pattern: JobOutput, Writer: "scheduler"},
	{Pattern: LockFile, Writer: "trainer", Life: Process, Made: true},
	{Pattern: SocketFile, Writer: "trainer", Life: Process},
	{Pattern: SocketPointer, Writer: "trainer", Life: Process},
	{Pattern: TokenFile, Writer: "trainer", Life: Process},
	{Pattern: RanksFile, Writer: "trainer", Life: Process},
	{Pattern: SocketDir, Writer: "trainer", Life: Process},
	{Pattern: SocketDir + "/*", Writer: "trainer", Life: Process},

	{Pattern: atomicfile.TempPattern, Writer: "all", Life: Unfinished, Young: time.Minute},
	{Pattern: SamplesDir + "/" + atomicfile.TempPattern, Writer: "command, trainer", Life: Unfinished, Young: time.Minute},
	{Pattern: CheckpointsDir + "/" + atomicfile.TempPattern, Writer: "trainer", Life: Unfinished},
	{Pattern: AnalysisDir + "/" + atomicfile.TempPattern, Writer: "command", Life: Unfinished, Young: time.Minute},
	{Pattern: TensorBoardDir + "/" + atomicfile.TempPattern, Writer: "trainer", Life: Unfinished},
	{Pattern: ProbePattern, Writer: "trainer", Life: Unfinished},

	// Of trainers and commands before atomicfile.
	{Pattern: ".config-*.tmp", Writer: "all", Life: Unfinished, Young: time.Minute},
	{Pattern: ".*.json.tmp", Writer: "trainer", Life: Unfinished},
	{Pattern: "." + SocketPointer + ".tmp", Writer: "trainer", Life: Unfinished},
	{Pattern: SamplesDir + "/.sample-*.png", Writer: "trainer", Life: Unfinished},
	{Pattern: CheckpointsDir + "/.*" + CheckpointExt + ".tmp*", Writer: "trainer", Life: Unfinished},
	{Pattern: TensorBoardDir + "/.cut.tmp*", Writer: "trainer", Life: Unfinished},
}

// ProbePattern names the file by which a trainer sees whether it may write.
const ProbePattern = ".probe-*"

// FileOf returns the line of the table for a path inside a run directory; ok is
// false for what is no file of a run.
func FileOf(path string) (f File, ok bool) {
	for _, f := range Files {
		if ok, _ := filepath.Match(f.Pattern, path); ok { // the patterns are well-formed
			return f, true
		}
	}
	return File{}, false
}

// Owner returns the run directory that path would be a file of, and its path in
// there: one that a line of the table names, or anything among the checkpoints,
// which could be taken for one. dir is "" for any other path.
func Owner(path string) (dir, rel string) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", ""
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(real, filepath.Base(abs))
	}
	deepest := 3 // inputs/KEY/NAME
	for dir, rel := filepath.Dir(abs), filepath.Base(abs); deepest > 0; deepest-- {
		if IsRun(dir) {
			if _, ours := FileOf(rel); ours || filepath.Dir(rel) == CheckpointsDir {
				return dir, rel
			}
		}
		dir, rel = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rel)
	}
	return "", ""
}

// SeenIn returns the images seen that the name of a file begins with.
func SeenIn(name string) (nimg int64, ok bool) {
	digits := name[:len(name)-len(strings.TrimLeft(name, "0123456789"))]
	nimg, err := strconv.ParseInt(digits, 10, 64)
	return nimg, err == nil && len(digits) >= 9
}

// SameFile tells whether two paths lead to one file, or directory, that is there.
func SameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
