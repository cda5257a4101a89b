package trainer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// copyHistory copies what the parent has logged and shown up to the checkpoint to
// run directory dst. Lines that cannot be read, such as one that the parent is
// writing, stay behind.
func (at origin) copyHistory(dst string) error {
	b, err := at.findBranch()
	if err != nil {
		return err
	}
	nimg := at.progress.Nimg
	for _, f := range run.Files {
		if f.Fork != run.ForkLines {
			continue
		}
		count, left := 0, false
		if err := copyLines(at.parent, dst, f.Pattern, func(l logLine) bool {
			count++
			if f.Pattern == runlog.EventsFile {
				return l.Nimg <= nimg && (b.events == 0 || count <= b.events)
			}
			left = left || b.left && l.resumes() && l.Time == b.leftAt
			return l.Nimg <= nimg && !left
		}); err != nil {
			return err
		}
	}
	if err := copySamples(at.parent, dst, min(nimg, b.shared)); err != nil {
		return err
	}
	return at.copyBest(dst)
}

// branch is where in its parent's logs a checkpoint lies.
type branch struct {
	events int     // lines of the event log up to it; 0 if that does not tell of it
	left   bool    // the parent has gone back since, to before it
	leftAt float64 // when: what the logs have behind that is of other branches
	shared int64   // images seen up to which the parent's pictures are this branch's
}

// findBranch looks in the event log. A checkpoint that is set aside is of a branch
// that the parent has left, and one of the same images that is not, of the last:
// what happened later at the same number of images, such as the run's end, is
// neither's.
func (at origin) findBranch() (branch, error) {
	aside, nimg := run.SetAside(at.path), at.progress.Nimg
	found, count, open := branch{shared: nimg}, 0, 0
	err := eachLine(filepath.Join(at.parent, runlog.EventsFile), func(_ []byte, l logLine) error {
		count++
		switch {
		case l.Kind == runlog.Checkpoint && l.Nimg == nimg:
			if open = count; !aside {
				found.events = count
			}
		case aside && open > 0 && l.Kind == runlog.Resume && l.rewinds() && l.Nimg < nimg:
			found, open = branch{events: open, left: true, leftAt: l.Time, shared: l.Nimg}, 0
		}
		return nil
	})
	return found, err
}

// logLine is what matters here of a line of the run log.
type logLine struct {
	Nimg   int64           `json:"nimg"`
	Time   float64         `json:"time"`
	Type   string          `json:"type"`
	Kind   string          `json:"kind"`
	Resume int             `json:"resume"` // in lines without a type
	Data   json.RawMessage `json:"data"`
}

// resumes tells the marker of a resume among lines of values.
func (l logLine) resumes() bool { return l.Type == runlog.TypeResume.String() || l.Resume != 0 }

// rewinds tells the event of a resume from a checkpoint from that of a pause's end.
func (l logLine) rewinds() bool {
	var data struct {
		Nimg *int64 `json:"nimg"`
	}
	return json.Unmarshal(l.Data, &data) == nil && data.Nimg != nil
}

// eachLine calls f with every line of a log that can be read; f must not keep
// it. A file that does not exist has none.
func eachLine(path string, f func(line []byte, l logLine) error) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	defer file.Close()
	const maxLine = 1 << 20 // a longer one is not ours
	r := bufio.NewReaderSize(file, maxLine)
	for long := false; ; {
		line, err := r.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			long = true
			continue
		case errors.Is(err, io.EOF):
			return nil // and a last line without its end is unfinished
		case err != nil:
			return fmt.Errorf("trainer: %s: %w", path, err)
		}
		var l logLine
		if !long && json.Unmarshal(line, &l) == nil {
			if err := f(line, l); err != nil {
				return err
			}
		}
		long = false
	}
}

// copyLines copies the lines of a log that keep wants.
func copyLines(src, dst, name string, keep func(logLine) bool) (err error) {
	out, err := os.OpenFile(filepath.Join(dst, name), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	w := bufio.NewWriter(out)
	err = eachLine(filepath.Join(src, name), func(line []byte, l logLine) error {
		if !keep(l) {
			return nil
		}
		_, err := w.Write(line)
		return err
	})
	if err = errors.Join(err, w.Flush(), out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("trainer: %s: %w", out.Name(), err)
	}
	return nil
}

// copySamples copies the samples drawn up to nimg. What is no file stays behind.
func copySamples(src, dst string, nimg int64) error {
	folder := filepath.Join(src, run.SamplesDir)
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("trainer: %w", err)
	}
	for _, e := range entries {
		f, ours := run.FileOf(filepath.Join(run.SamplesDir, e.Name()))
		if n, ok := run.SeenIn(e.Name()); !ours || f.Fork != run.ForkSeen || !ok || n > nimg {
			continue
		}
		if info, err := os.Stat(filepath.Join(folder, e.Name())); err != nil || !info.Mode().IsRegular() {
			continue
		}
		if err := copyFile(filepath.Join(folder, e.Name()), filepath.Join(dst, run.SamplesDir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// copyBest copies the parent's best network if it is the one that the checkpoint
// knows as such. If the parent has found a better one since, the new run's first
// trainer writes that of the checkpoint.
func (at origin) copyBest(dst string) error {
	const best = run.CheckpointsDir + "/" + run.BestFile
	fid := at.progress.BestFID
	f, err := checkpoint.Read(filepath.Join(at.parent, best))
	if err != nil || fid == nil {
		return nil // there is none, and one that cannot be read is no loss
	}
	if n, err := strconv.ParseInt(f.Metadata["nimg"], 10, 64); err != nil || n > at.progress.Nimg {
		return nil
	}
	for key, stated := range f.Metadata {
		if strings.Contains(key, "/") && stated == fmt.Sprintf("%.4f", *fid) {
			return checkpoint.Write(filepath.Join(dst, best), f)
		}
	}
	return nil
}

func copyFile(src, dst string) error {
	b, err := os.ReadFile(src)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed since it was listed
	}
	if err == nil {
		err = os.WriteFile(dst, b, 0o644)
	}
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	return nil
}

// record says in the new run's own log where it comes from.
func (at origin) record(to Forked, changes []configs.Change) error {
	log, err := runlog.OpenWriter(to.Dir)
	if err != nil {
		return err
	}
	changed := map[string]any{}
	for _, c := range changes {
		changed[c.Key] = map[string]any{"old": c.Old, "new": c.New}
	}
	err = log.Event(runlog.Event{Nimg: at.progress.Nimg, Kind: runlog.Fork, Text: to.Text, Data: map[string]any{
		"run": at.from(), "dir": at.parent, "checkpoint": at.path, "nimg": at.progress.Nimg, "changes": changed,
	}})
	return errors.Join(err, log.Close())
}
