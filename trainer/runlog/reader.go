package runlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"innate/trainer/series"
)

const (
	pollBytes = 4 << 20 // read from each file in one Poll
	lineBytes = 1 << 20 // a longer line is not ours
)

// Update is what one Poll found, in the order of the file: a row of TypeResume
// takes back those before it that lie beyond its nimg.
type Update struct {
	Reset  bool // a file is gone, shorter, or another one: forget everything read before
	Rows   []Row
	Events []Event
	More   bool // there is more to read at once
}

// Empty reports whether nothing was found.
func (u *Update) Empty() bool { return !u.Reset && len(u.Rows)+len(u.Events) == 0 }

// Apply brings the columns of a run up to date.
func (u *Update) Apply(s *series.Run) {
	if u.Reset {
		s.Reset()
	}
	for i := range u.Rows {
		if row := &u.Rows[i]; row.Type == TypeResume {
			s.Cut(row.Nimg)
		} else {
			s.Append(float64(row.Nimg)/1000, row.Time, row.Names, row.Values)
		}
	}
}

// Reader follows the log of one run directory. It opens files only inside Poll
// and is not safe for concurrent use.
type Reader struct {
	metrics, events tail
	decoder         Decoder
	skipped         int
}

// NewReader starts at the beginning of the log of dir. Missing files count as
// empty: a run that is about to start has none.
func NewReader(dir string) *Reader {
	return &Reader{
		metrics: tail{path: filepath.Join(dir, MetricsFile)},
		events:  tail{path: filepath.Join(dir, EventsFile)},
	}
}

// Poll returns what was added since the last call. It never waits; large files
// arrive in several calls (Update.More).
func (r *Reader) Poll() (Update, error) {
	var u Update
	for _, t := range []*tail{&r.metrics, &r.events} {
		replaced, err := t.replaced()
		if err != nil {
			return u, err
		}
		u.Reset = u.Reset || replaced
	}
	if u.Reset {
		r.metrics.offset, r.events.offset, r.skipped = 0, 0, 0
	}
	more, err := r.metrics.read(func(line []byte) {
		if row, err := r.decoder.Row(line); err == nil {
			u.Rows = append(u.Rows, row)
		} else {
			r.skipped++
		}
	})
	if err != nil {
		return u, err
	}
	u.More = more
	more, err = r.events.read(func(line []byte) {
		if e, err := DecodeEvent(line); err == nil {
			u.Events = append(u.Events, e)
		} else {
			r.skipped++
		}
	})
	u.More = u.More || more
	return u, err
}

// Each polls until there is no more, and hands every update to f, whose error
// ends it.
func (r *Reader) Each(f func(Update) error) error {
	for {
		u, err := r.Poll()
		if err == nil {
			err = f(u)
		}
		if err != nil || !u.More {
			return err
		}
	}
}

// Skipped counts the lines that could not be read: one for every time a trainer
// was killed while it wrote.
func (r *Reader) Skipped() int { return r.skipped }

// tail reads whole lines of a growing file.
type tail struct {
	path   string
	offset int64       // of the first byte not yet consumed
	file   os.FileInfo // whose bytes were consumed; nil before there was one
}

// replaced tells whether what was read is of the file no more: it is gone, it is
// shorter, or another has taken its place.
func (t *tail) replaced() (bool, error) {
	info, err := os.Stat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.file = nil
		return t.offset > 0, nil
	case err != nil:
		return false, fmt.Errorf("runlog: %w", err)
	}
	was := t.file
	t.file = info
	return info.Size() < t.offset || was != nil && t.offset > 0 && !os.SameFile(was, info), nil
}

// read calls f for every complete line within the next pollBytes; f must not
// keep the slice. An unfinished last line stays for the next call.
func (t *tail) read(f func(line []byte)) (more bool, err error) {
	file, err := os.OpenFile(t.path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe in its place is an error, and no wait
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("runlog: %w", err)
	}
	defer file.Close()
	buf, err := io.ReadAll(io.NewSectionReader(file, t.offset, pollBytes))
	if err != nil {
		return false, fmt.Errorf("runlog: %w", err)
	}
	full := len(buf) == pollBytes
	for {
		i := bytes.IndexByte(buf, '\n')
		if i < 0 {
			break
		}
		if line := buf[:i]; !blank(line) && len(line) <= lineBytes {
			f(line)
		}
		buf = buf[i+1:]
		t.offset += int64(i + 1)
	}
	if full && len(buf) == pollBytes {
		t.offset += pollBytes // not one newline in all of it: not ours
	}
	return full, nil
}

// History is everything that counts of a log, in the order of the files.
type History struct {
	Rows   []Row // none of TypeResume
	Events []Event
}

// Apply adds an update.
func (h *History) Apply(u Update) {
	if u.Reset {
		h.Rows, h.Events = nil, nil
	}
	for _, row := range u.Rows {
		if row.Type == TypeResume {
			h.Rows = slices.DeleteFunc(slices.Clone(h.Rows), func(r Row) bool { return r.Nimg > row.Nimg })
		} else {
			h.Rows = append(h.Rows, row)
		}
	}
	h.Events = append(h.Events, u.Events...)
}

// ReadAll reads the whole log of dir.
func ReadAll(dir string) (History, error) {
	var h History
	err := NewReader(dir).Each(func(u Update) error {
		h.Apply(u)
		return nil
	})
	return h, err
}
