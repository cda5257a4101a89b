package tensorboard

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

const (
	retryAfter    = 30 * time.Second // between attempts while the disk takes nothing
	maxPending    = 16 << 20         // bytes kept for it meanwhile; what does not fit is lost
	maxImageBytes = 8 << 20          // a larger grid is left out
	samplesTag    = "samples"
)

// Writer copies ticks and events of one trainer process. It belongs to the
// goroutine that trains.
type Writer struct {
	runDir string
	report func(error)
	now    func() time.Time

	nimg  int64 // from where the run resumes, and whether …
	uncut bool  // … the files so far have later steps still

	file     io.WriteCloser // nil until the disk has taken one
	pending  []byte         // whole records, but the first may have been written in part
	failed   time.Time
	reported bool // the trouble that began with failed
}

// New begins the file of a process that trains the run from nimg on, and cuts
// those of earlier ones there. Nothing is written, and nothing can fail, until
// there is something to say; report is called once each time that writing begins
// to fail.
func New(runDir string, nimg int64, report func(error)) *Writer {
	w := &Writer{runDir: runDir, report: report, now: time.Now}
	w.begin(nimg)
	return w
}

// Tick writes the scalars that have a value. Steps need not rise: an evaluation
// ends long after the images that it is about.
func (w *Writer) Tick(t runlog.Tick) {
	var summary []byte
	for _, tag := range slices.Sorted(maps.Keys(t.Scalars)) {
		if x := t.Scalars[tag]; !math.IsNaN(x) && !math.IsInf(x, 0) {
			summary = appendScalarValue(summary, tag, x)
		}
	}
	if summary != nil {
		w.add(summaryEvent(t.Time, t.Nimg, summary))
	}
	w.flush()
}

// Event writes a sample grid as an image and other events as text.
func (w *Writer) Event(e runlog.Event) {
	switch {
	case e.Kind == runlog.Checkpoint: // of no use on a curve
		return
	case e.Rewinds():
		w.rewind(e.Nimg)
	case e.Kind == runlog.Sample:
		w.image(e)
	default:
		// Four spaces make it code, in which Markdown leaves globs alone.
		w.add(summaryEvent(e.Time, e.Nimg, appendTextValue(nil, "events/"+e.Kind, "    "+e.Text)))
	}
	w.flush()
}

// image adds the grid that an event names. One that cannot be read is left out:
// it is still in the run directory, or the event log says why not.
func (w *Writer) image(e runlog.Event) {
	f, err := os.Open(filepath.Join(w.runDir, filepath.FromSlash(e.Text)))
	if err != nil {
		return
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxImageBytes+1))
	if err != nil || len(data) > maxImageBytes {
		return
	}
	size, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return
	}
	colours := 3
	if size.ColorModel == color.GrayModel || size.ColorModel == color.Gray16Model {
		colours = 1
	}
	w.add(summaryEvent(e.Time, e.Nimg, appendImageValue(nil, samplesTag, data, size.Height, size.Width, colours)))
}

// begin starts a file of a run that resumes at nimg.
func (w *Writer) begin(nimg int64) {
	w.nimg, w.uncut = nimg, true
	w.add(versionEvent(w.now()))
	w.add(sessionEvent(w.now(), lastStep(nimg)+1))
}

// rewind ends the file and starts another for a run that has gone back to nimg.
// What waits for a disk that takes nothing is lost: most of it is of the branch
// that was left.
func (w *Writer) rewind(nimg int64) {
	if w.file != nil {
		_ = w.file.Close() // every write's error has been seen
	}
	w.file, w.pending = nil, nil
	w.begin(nimg)
}

func (w *Writer) add(data []byte) {
	if len(w.pending)+len(data) <= maxPending {
		w.pending = appendRecord(w.pending, data)
	}
}

// flush hands everything to the disk with one write. After an error it leaves
// the disk alone for a while, and then continues where the write broke off.
func (w *Writer) flush() {
	if !w.failed.IsZero() && w.now().Sub(w.failed) < retryAfter {
		return
	}
	err := w.cut()
	if err == nil {
		err = w.open()
	}
	if err == nil {
		var n int
		n, err = w.file.Write(w.pending)
		w.pending = w.pending[n:]
	}
	if err == nil {
		w.pending, w.failed, w.reported = w.pending[:0], time.Time{}, false
		return
	}
	w.failed = w.now()
	if !w.reported {
		w.reported = true // before the report, which comes back as an event
		w.report(fmt.Errorf("tensorboard: %w; trying again every %v", err, retryAfter))
	}
}

// cut removes what counts no more from the files so far, once.
func (w *Writer) cut() error {
	if !w.uncut {
		return nil
	}
	err := Cut(w.runDir, w.nimg)
	w.uncut = err != nil
	return err
}

// open creates the file of this process. Its name sorts behind those of earlier
// processes also when the clock has been set back.
func (w *Writer) open() error {
	if w.file != nil {
		return nil
	}
	dir := filepath.Join(w.runDir, run.TensorBoardDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	second := w.now().Unix()
	for _, e := range entries {
		if before, ok := fileSecond(e.Name()); ok {
			second = max(second, before+1)
		}
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	name := fmt.Sprintf("%s%010d.%s.%d%s", filePrefix, second, strings.ReplaceAll(host, "/", "_"), os.Getpid(), fileSuffix)
	w.file, err = os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o644)
	return err
}

const filePrefix = "events.out.tfevents."

// fileSecond returns the time in the name of an event file.
func fileSecond(name string) (int64, bool) {
	rest, ok := strings.CutPrefix(name, filePrefix)
	digits, _, _ := strings.Cut(rest, ".")
	second, err := strconv.ParseInt(digits, 10, 64)
	return second, ok && err == nil
}

// Close makes a last attempt to write what is pending.
func (w *Writer) Close() error {
	w.failed = time.Time{}
	w.reported = true // nobody is left to hear it
	w.flush()
	if w.file == nil {
		return nil
	}
	return w.file.Close()
}
