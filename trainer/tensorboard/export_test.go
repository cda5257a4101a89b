package tensorboard

import (
	"io"
	"time"
)

const (
	RetryAfter = retryAfter
	MaxPending = maxPending
)

// SetNow replaces the clock, and begins the records again under it.
func (w *Writer) SetNow(now func() time.Time, nimg int64) {
	w.now, w.pending = now, nil
	w.begin(nimg)
}

// SetFile replaces the file on disk.
func (w *Writer) SetFile(f io.WriteCloser) { w.file = f }

// Pending returns the number of bytes that wait for the disk.
func (w *Writer) Pending() int { return len(w.pending) }
