package download

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"innate/models/atomicfile"
	"innate/models/published"
)

// PartExt is what the name of an unfinished file ends in.
const PartExt = ".part"

// Download brings files. Its zero value is ready for use.
type Download struct {
	Pause    time.Duration // before the first retry; each further one waits twice as long; 0: a second
	Stall    time.Duration // after which a transfer that brings nothing is given up; 0: a minute
	Attempts int           // in a row that may bring nothing; 0: five

	// Progress is told of the bytes that are here, and of all of them, 0 if the
	// server does not say how many. Retry is told why another attempt is made, and
	// after which pause. Both may be nil.
	Progress func(here, all int64)
	Retry    func(err error, pause time.Duration)
}

// Get brings f to path. When it returns nil the file there is whole and agrees with
// what is published of it. An end of ctx keeps what has arrived for the next call.
func (d Download) Get(ctx context.Context, f published.File, path string) error {
	d.Pause = positive(d.Pause, time.Second)
	d.Stall = positive(d.Stall, time.Minute)
	d.Attempts = positive(d.Attempts, 5)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	part, err := openPart(path)
	if err != nil {
		return err
	}
	defer part.close()
	if err := d.fill(ctx, f, part); err != nil {
		return err
	}
	if err := f.Check(part.Name()); err != nil {
		part.discard() // no part of it can be told to be good
		return fmt.Errorf("download: %s: %w", f.URL, err)
	}
	return part.finish(path)
}

func positive[T int | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// fill makes attempts until the part is whole.
func (d Download) fill(ctx context.Context, f published.File, part *part) error {
	pause, left := d.Pause, d.Attempts
	for {
		before := part.size
		err := d.attempt(ctx, f, part)
		var lasting lastingError
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("download: %s: %w", f.Name, context.Cause(ctx))
		case errors.As(err, &lasting):
			return fmt.Errorf("download: %w", err)
		case part.size > before:
			pause, left = d.Pause, d.Attempts
		}
		if left--; left == 0 {
			return fmt.Errorf("download: %w", err)
		}
		wait := pause
		var busy busyError
		if errors.As(err, &busy) {
			wait = max(wait, busy.after)
		}
		if d.Retry != nil {
			d.Retry(err, wait)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return fmt.Errorf("download: %s: %w", f.Name, context.Cause(ctx))
		}
		pause *= 2
	}
}

// room refuses a file for which its disk has no room.
func room(path string, want int64) error {
	if have, err := atomicfile.Free(path); err == nil && want > have { // of an error writing will say what is wrong
		return lastingError{&fs.PathError{Op: "write", Path: path, Err: fmt.Errorf("%d bytes to come, %d free", want, have)}}
	}
	return nil
}
