package runlog

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Writer appends to the log of one run. There is one writer per run directory,
// the holder of its lock; its methods may be called from any goroutine.
type Writer struct {
	mu                      sync.Mutex
	metrics, events, layers *os.File
}

// OpenWriter opens the files of dir for appending and creates them if they
// are missing. A line that a killed trainer left unfinished is ended, so that
// what follows starts on a line of its own.
func OpenWriter(dir string) (*Writer, error) {
	metrics, err := openAppend(filepath.Join(dir, MetricsFile))
	if err != nil {
		return nil, err
	}
	events, err := openAppend(filepath.Join(dir, EventsFile))
	if err != nil {
		metrics.Close()
		return nil, err
	}
	layers, err := openAppend(filepath.Join(dir, LayersFile))
	if err != nil {
		metrics.Close()
		events.Close()
		return nil, err
	}
	return &Writer{metrics: metrics, events: events, layers: layers}, nil
}

func openAppend(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("runlog: %w", err)
	}
	if err := EndTornLine(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("runlog: %w", err)
	}
	return f, nil
}

// EndTornLine ends the last line of a file of lines, opened for reading and appending, if
// a killed writer has left it without an end: what is appended next is a line of its own.
func EndTornLine(f *os.File) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return err
	}
	var last [1]byte
	if _, err := f.ReadAt(last[:], end-1); err != nil {
		return err
	}
	if last[0] == '\n' {
		return nil
	}
	_, err = f.Write([]byte{'\n'})
	return err
}

// Tick appends one tick; a zero Time means now.
func (w *Writer) Tick(t Tick) error {
	if t.Time.IsZero() {
		t.Time = time.Now()
	}
	line, err := t.Line()
	if err != nil {
		return err
	}
	return w.Write(line)
}

// Event appends one event; a zero Time means now.
func (w *Writer) Event(e Event) error {
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	line, err := e.Line()
	if err != nil {
		return err
	}
	return w.Write(line)
}

// Write appends a line to the file that its type belongs to.
func (w *Writer) Write(line Line) error {
	switch line.Type {
	case TypeEvent:
		return w.append(w.events, line.Text)
	case TypeLayers:
		return w.append(w.layers, line.Text)
	}
	return w.append(w.metrics, line.Text)
}

// Resume records that the run resumes from a checkpoint at nimg: readers drop
// the ticks and layer statistics beyond it that were written before. A run that
// resumes at its first image begins again, and they drop all.
func (w *Writer) Resume(nimg int64, at time.Time, text string) error {
	marker := ResumeLine(nimg, at)
	for _, f := range []*os.File{w.metrics, w.layers} {
		if err := w.append(f, marker.Text); err != nil {
			return err
		}
	}
	return w.Event(ResumeEvent(nimg, at, text))
}

// Used reports whether the log tells of training: it has values, or says that
// the run has started. What else happened around the run, such as a start that
// failed, is no training.
func (w *Writer) Used() (bool, error) {
	for _, f := range []*os.File{w.metrics, w.layers} {
		info, err := f.Stat()
		if err != nil {
			return false, fmt.Errorf("runlog: %w", err)
		}
		if info.Size() > 0 {
			return true, nil
		}
	}
	started := false
	events := tail{path: w.events.Name()}
	for more := true; more && !started; {
		var err error
		more, err = events.read(func(line []byte) {
			e, err := DecodeEvent(line)
			started = started || err == nil && e.Kind == Start
		})
		if err != nil {
			return false, err
		}
	}
	return started, nil
}

// append adds a whole line with one write, so that a reader never sees two
// lines mixed and a kill tears at most the last one. A line of which a full disk
// took only a part is taken back, so that it can be written again; where not
// even that works, the next line ends it.
func (w *Writer) append(f *os.File, line []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := EndTornLine(f); err != nil {
		return fmt.Errorf("runlog: %w", err)
	}
	n, err := f.Write(line)
	if err == nil {
		return nil
	}
	if n > 0 {
		if end, seek := f.Seek(0, io.SeekCurrent); seek == nil {
			_ = f.Truncate(end - int64(n)) // EndTornLine makes up for it
		}
	}
	return fmt.Errorf("runlog: %w", err)
}

// Close syncs and closes the files.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first error
	for _, f := range []*os.File{w.metrics, w.events, w.layers} {
		for _, err := range []error{f.Sync(), f.Close()} {
			if err != nil && first == nil {
				first = fmt.Errorf("runlog: %w", err)
			}
		}
	}
	return first
}
