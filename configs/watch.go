package configs

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	pollEvery   = 2 * time.Second        // for file systems that do not notify (NFS, FUSE)
	settleAfter = 100 * time.Millisecond // a text counts once two reads so far apart agree
)

// Watch calls onChange with the new text whenever the file at path says
// something else than before; known is the text that the caller has loaded. It
// returns at once and works until ctx ends. Editors that rename, truncate and
// write, or write twice give one call each time they are done; while the file
// is missing nothing is called, and an empty file counts only when it stays
// empty. onChange is called from one goroutine, one call after the other.
func Watch(ctx context.Context, path, known string, onChange func(text string)) {
	go watch(ctx, path, known, onChange)
}

func watch(ctx context.Context, path, known string, onChange func(text string)) {
	// The directory is watched, since a rename over the file ends a watch of
	// the file. Without fsnotify (out of inotify watches, say) polling goes on.
	var events <-chan fsnotify.Event
	var errs <-chan error
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer w.Close()
		if err := w.Add(filepath.Dir(path)); err == nil {
			events, errs = w.Events, w.Errors
		}
	}
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	settle := time.NewTimer(settleAfter) // the file may have changed before the watch began
	defer settle.Stop()

	candidate, since := known, time.Now()
	look := func() {
		text, err := ReadFile(path)
		if err != nil {
			return // missing for a moment, or for good: the poll looks again
		}
		if text != candidate {
			candidate, since = text, time.Now()
			settle.Reset(settleAfter)
			return
		}
		need := settleAfter
		if text == "" {
			need = pollEvery // most likely truncated and about to be written
		}
		if text == known {
			return
		}
		if wait := need - time.Since(since); wait > 0 {
			settle.Reset(wait)
			return
		}
		known = text
		onChange(text)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-events:
			if !ok {
				events = nil
				continue
			}
			if filepath.Base(e.Name) == filepath.Base(path) {
				settle.Reset(settleAfter)
			}
		case _, ok := <-errs: // an overflow of the event queue: the poll makes up for it
			if !ok {
				errs = nil
			}
		case <-settle.C:
			look()
		case <-poll.C:
			look()
		}
	}
}
