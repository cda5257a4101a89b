package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"innate/configs"
)

// Names inside a run directory; the history is named by package runlog.
const (
	ConfigFile     = "config.toml"
	StatusFile     = "status.json" // the heartbeat: Status, once a second
	LayersFile     = "layers.json" // []Layer
	LockFile       = "lock"        // held (flock) by the trainer; its pid
	SocketFile     = "control.sock"
	LogFile        = "trainer.log" // standard output and error of a detached trainer
	SamplesDir     = "samples"
	CheckpointsDir = "checkpoints"
	InputsDir      = "inputs" // the run's own copies of the files that its settings name
)

// Info is what a run directory tells without its trainer's help.
type Info struct {
	Dir    string // absolute
	Name   string // base name, 00003-mnist-gdd-i
	Status Status // last heartbeat, with State derived: see ReadInfo
	Alive  bool   // a trainer holds the lock
	Err    error  // of a list: why the directory cannot be read, with StateUnreadable
}

// RunsDir returns where runs live: the flag if given, else $INNATE_RUNS, else
// runs in the working directory. A shell expands ~ in neither --runs=~/runs nor a
// service's environment.
func RunsDir(flag string) string {
	if flag != "" {
		return configs.ExpandHome(flag)
	}
	if env := os.Getenv("INNATE_RUNS"); env != "" {
		return configs.ExpandHome(env)
	}
	return "runs"
}

// IsRun reports whether dir looks like a run directory: it has a config.toml, or
// a trainer holds its lock. Somebody may have removed the file under a trainer,
// and a run that trains can be listed, watched and stopped all the same. A name
// that begins with a dot is that of a run being deleted.
func IsRun(dir string) bool {
	if HasConfig(dir) {
		return true
	}
	if strings.HasPrefix(filepath.Base(dir), ".") {
		return false
	}
	_, held, err := lockHolder(dir)
	return err == nil && held
}

// HasConfig reports whether dir has a config.toml.
func HasConfig(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, ConfigFile))
	return err == nil && info.Mode().IsRegular()
}

// List returns the runs under runsDir by number, then by name. A directory that
// does not exist holds none. A run that cannot be read is listed with the reason,
// so that it takes none of the others away.
func List(runsDir string) ([]Info, error) {
	entries, err := os.ReadDir(runsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	var list []Info
	for _, e := range entries {
		dir := filepath.Join(runsDir, e.Name())
		if !IsRun(dir) {
			continue
		}
		info, err := ReadInfo(dir)
		if err != nil {
			info.Err = err
			info.Status = Status{Version: Version, Run: info.Name, Dir: info.Dir, State: StateUnreadable, Error: err.Error()}
		}
		list = append(list, info)
	}
	slices.SortStableFunc(list, func(a, b Info) int {
		na, _ := Number(a.Name)
		nb, _ := Number(b.Name)
		if na != nb {
			return na - nb
		}
		return strings.Compare(a.Name, b.Name)
	})
	return list, nil
}

// Number returns the number in front of a run's name: 3 for 00003-mnist-gdd-i.
func Number(name string) (n int, ok bool) {
	digits, _, _ := strings.Cut(name, "-")
	u, err := strconv.ParseUint(digits, 10, 31) // which takes no sign
	return int(u), err == nil
}

// ErrAmbiguous is the error of Find for what more than one run is called.
var ErrAmbiguous = errors.New("ambiguous")

// Find returns the run directory that ref names: a path, a number, a full name,
// or an end of a name that only one run has (mnist-gdd-i). Links to one directory
// are one run.
func Find(runsDir, ref string) (string, error) {
	if ref == "" {
		return "", errors.New("control: got an empty name, want a run")
	}
	if strings.ContainsRune(ref, filepath.Separator) || ref == "." || ref == ".." {
		if !IsRun(ref) {
			return "", fmt.Errorf("control: %s: no run here: it has no %s", ref, ConfigFile)
		}
		return filepath.Abs(ref)
	}
	entries, err := os.ReadDir(runsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("control: %w", err)
	}
	var names []string
	for _, e := range entries {
		if IsRun(filepath.Join(runsDir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	for _, match := range []func(name string) bool{
		func(name string) bool { return name == ref },
		func(name string) bool {
			n, ok := Number(name)
			want, err := strconv.Atoi(ref)
			return ok && err == nil && n == want
		},
		func(name string) bool {
			_, rest, _ := strings.Cut(name, "-")
			return rest == ref
		},
		func(name string) bool { return strings.HasSuffix(name, ref) },
	} {
		var hits []string
		for _, name := range names {
			if match(name) {
				hits = append(hits, name)
			}
		}
		if hits = distinct(runsDir, hits); len(hits) == 1 {
			return filepath.Abs(filepath.Join(runsDir, hits[0]))
		}
		if len(hits) > 1 {
			return "", fmt.Errorf("control: run %q: %w, want one of %s", ref, ErrAmbiguous, strings.Join(hits, " "))
		}
	}
	if IsRun(ref) {
		return filepath.Abs(ref)
	}
	return "", fmt.Errorf("control: run %q: none in %s", ref, runsDir)
}

// distinct drops names that lead to a directory which an earlier one leads to,
// and puts the directories themselves before links to them.
func distinct(runsDir string, names []string) []string {
	var kept []string
	var infos []fs.FileInfo
	for _, links := range []bool{false, true} {
		for _, name := range names {
			path := filepath.Join(runsDir, name)
			entry, err := os.Lstat(path)
			if err != nil || links != (entry.Mode().Type() == fs.ModeSymlink) {
				continue
			}
			info, err := os.Stat(path)
			if err != nil || slices.ContainsFunc(infos, func(o fs.FileInfo) bool { return os.SameFile(o, info) }) {
				continue
			}
			kept, infos = append(kept, name), append(infos, info)
		}
	}
	return kept
}

// ReadInfo reads a run directory. The state is that of the last heartbeat,
// except that it is dead when the lock is free although the heartbeat says that
// the run is active, starting when the lock is held and there is no heartbeat of
// its holder yet, paused when its trainer was suspended by a signal, and new when
// the run was never started.
func ReadInfo(dir string) (Info, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Info{}, fmt.Errorf("control: %w", err)
	}
	info := Info{Dir: dir, Name: filepath.Base(dir)}
	pid, held, err := lockHolder(dir)
	if err != nil {
		return info, err
	}
	info.Alive = held
	var known bool
	info.Status, known, err = ReadStatus(dir)
	if err != nil {
		return info, err
	}
	st := &info.Status
	switch {
	case held && (!known || !Active(st.State) || pid != 0 && pid != st.PID):
		st.State, st.PID, st.Job, st.Error = StateStarting, pid, "", ""
		st.PauseReason, st.CheckpointError = "", ""
		st.Instance, st.Seq = "", 0 // the rest is its predecessor's
	case held:
		if pid != 0 && suspended(pid) {
			st.State, st.PauseReason = StatePaused, suspendedError(pid).Error()
		}
	case !known:
		st.State = StateNew
		// A heartbeat that cannot be read, of a full disk, say, hides no checkpoint.
		if list, err := Checkpoints(filepath.Join(dir, CheckpointsDir)); err == nil && len(list) > 0 {
			st.State, st.Nimg, st.CheckpointNimg = StateStopped, list[0].Nimg, list[0].Nimg
		}
	case Active(st.State):
		st.State = StateDead
	}
	st.Run, st.Dir = info.Name, info.Dir // the directory may have been moved
	return info, nil
}

// ErrSuspended is the error of asking a trainer that was stopped by a signal.
var ErrSuspended = errors.New("suspended by a signal")

// suspendedError says what such a trainer needs.
func suspendedError(pid int) error {
	return fmt.Errorf("pid %d is %w; kill -CONT %[1]d lets it go on", pid, ErrSuspended)
}

// answerTime is how long Ask waits for a trainer, which answers at once unless
// its machine hangs.
const answerTime = 2 * time.Second

// Ask is ReadInfo with the trainer's own word where it gives one: its directory
// may be full or read-only, and its heartbeat an old one.
func Ask(ctx context.Context, dir string) (Info, error) {
	info, err := ReadInfo(dir)
	if err != nil || !info.Alive {
		return info, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if s, err := NewClient(dir).Status(ctx); err == nil {
		s.Run, s.Dir = info.Name, info.Dir // the directory may have been moved
		info.Status = s
		return info, nil
	}
	return ReadInfo(dir) // it may have ended meanwhile
}

// ReadStatus reads the heartbeat as its trainer left it; known is false if there
// is none that can be read.
func ReadStatus(dir string) (s Status, known bool, err error) {
	b, err := readFile(filepath.Join(dir, StatusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("control: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return Status{}, false, nil // of a full disk, say: as good as none
	}
	return s, true, nil
}

// readFile reads a small file without waiting, as for the writer of a pipe.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().Type()&^fs.ModeDir != 0 { // a directory says so when it is read
		return nil, fmt.Errorf("%s: got %v, want a regular file", path, info.Mode().Type())
	}
	return io.ReadAll(f)
}

// lockHolder tells whether the run's lock is held, and by which pid as far as
// the file says. It takes a shared lock for a moment; whoever acquires the lock
// must try again for longer than that.
func lockHolder(dir string) (pid int, held bool, err error) {
	// A pipe of that name must not make us wait for its writer.
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("control: %w", err)
	}
	defer f.Close() // also unlocks
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return 0, false, nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, false, fmt.Errorf("control: %s: %w", f.Name(), err)
	}
	var b [32]byte
	n, _ := f.Read(b[:])
	pid, _ = strconv.Atoi(string(bytes.TrimSpace(b[:n])))
	return pid, true, nil
}

// WriteStatus writes the heartbeat, atomically where there is room for a new
// file. On a full disk it goes over the old one, which takes no room: the
// heartbeat says why the run is paused, then above all. The error stays that of
// the new file.
func WriteStatus(dir string, s Status) error {
	err := writeJSONFile(dir, StatusFile, s)
	if err != nil {
		overwriteStatus(filepath.Join(dir, StatusFile), s)
	}
	return err
}

// overwriteStatus writes a status over one that is there, with spaces up to its
// end.
func overwriteStatus(path string, s Status) {
	b, err := json.Marshal(s)
	if err != nil {
		return
	}
	writing.Lock()
	defer writing.Unlock()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		b = append(b, bytes.Repeat([]byte(" "), max(0, int(info.Size())-len(b)))...)
		_, _ = f.WriteAt(b, 0) // one that is longer may still find room in its last block
	}
}

// WriteLayers writes layers.json atomically.
func WriteLayers(dir string, layers []Layer) error { return writeJSONFile(dir, LayersFile, layers) }

// ReadLayers reads layers.json: the layers of a run without a trainer.
func ReadLayers(dir string) ([]Layer, error) {
	b, err := readFile(filepath.Join(dir, LayersFile))
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	var layers []Layer
	if err := json.Unmarshal(b, &layers); err != nil {
		return nil, fmt.Errorf("control: %s: %w", filepath.Join(dir, LayersFile), err)
	}
	return layers, nil
}

func writeJSONFile(dir, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("control: %s: %w", name, err)
	}
	return writeAtomic(filepath.Join(dir, name), append(b, '\n'))
}

// writing guards the temporary names of writeAtomic.
var writing sync.Mutex

// writeAtomic replaces a small file by rename. It does not sync: a heartbeat
// lost in a power failure is none.
func writeAtomic(path string, b []byte) error {
	writing.Lock()
	defer writing.Unlock()
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// AwaitExit returns when no trainer holds the run's lock any more.
func AwaitExit(ctx context.Context, dir string) error {
	for {
		pid, held, err := lockHolder(dir)
		if err != nil || !held {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("control: %s: the trainer, pid %d, has not ended: %w", filepath.Base(dir), pid, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
