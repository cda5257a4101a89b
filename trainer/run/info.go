package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Info is what a run directory tells without its trainer's help.
type Info struct {
	Dir    string // absolute
	Name   string // base name, 00003-mnist-gdd-i
	Status Status // last heartbeat, with State derived: see ReadInfo
	Alive  bool   // a trainer holds the lock
	Err    error  // of a list: why the directory cannot be read, with StateUnreadable

	About About  // what people noted; nothing where that cannot be read
	Job   Job    // that the run was submitted in; the zero Job if in none
	Said  string // the state in the heartbeat, before one was derived; "" without a heartbeat
}

// ReadInfo reads a run directory. The state is that of the last heartbeat,
// except that it is dead when the lock is free although the heartbeat says that
// the run is active, starting when the lock is held and there is no heartbeat of
// its holder yet, paused when its trainer was suspended by a signal, queued when the
// job that it was submitted in has not begun, and new when it was never started.
func ReadInfo(dir string) (Info, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Info{}, fmt.Errorf("run: %w", err)
	}
	info := Info{Dir: dir, Name: filepath.Base(dir)}
	pid, held, err := Holder(dir)
	if err != nil {
		return info, err
	}
	info.Alive = held
	var known bool
	info.Status, known, err = ReadStatus(dir)
	if err != nil {
		return info, err
	}
	info.Job = ReadJob(dir)
	if about, err := ReadAbout(dir); err == nil { // a damaged note must not hide the run
		info.About = about
	}
	st := &info.Status
	info.Said = st.State
	switch {
	case held && (!known || !Active(st.State) || pid != 0 && pid != st.PID):
		st.State, st.PID, st.Job, st.Error = StateStarting, pid, "", ""
		st.PauseReason, st.CheckpointError = "", ""
		st.Instance, st.Seq = "", 0 // the rest is its predecessor's
	case held:
		if err := Suspended(pid); err != nil {
			st.State, st.PauseReason = StatePaused, err.Error()
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
	if job := info.Job.String(); !held && job != "" && st.Job != job {
		st.State, st.Job = StateQueued, job // the rest is of a trainer before it
	}
	st.Run, st.Dir = info.Name, info.Dir // the directory may have been moved
	return info, nil
}

// Unqueue takes back StateQueued, of a run whose job is known to be over: the state
// is then that of the trainer before the job, if there was one.
func (i *Info) Unqueue() {
	if i.Status.State != StateQueued {
		return
	}
	switch {
	case Active(i.Said):
		i.Status.State = StateDead
	case i.Said != "":
		i.Status.State = i.Said
	case i.Status.CheckpointNimg > 0:
		i.Status.State = StateStopped
	default:
		i.Status.State = StateNew
	}
}

// ErrSuspended is the error of asking a trainer that was stopped by a signal.
var ErrSuspended = errors.New("suspended by a signal")

// Suspended returns ErrSuspended, and what lifts it, of a trainer's process that a
// signal has stopped; nil of any other, and of the pid 0, which is not known.
func Suspended(pid int) error {
	if pid == 0 || !suspended(pid) {
		return nil
	}
	return fmt.Errorf("pid %d is %w; kill -CONT %[1]d resumes it", pid, ErrSuspended)
}

// ReadStatus reads the heartbeat as its trainer left it; known is false if there
// is none that can be read.
func ReadStatus(dir string) (s Status, known bool, err error) {
	b, err := readFile(filepath.Join(dir, StatusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("run: %w", err)
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
