package configs

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	pollEvery    = 2 * time.Second        // for file systems that do not notify (NFS, FUSE)
	debounceTime = 100 * time.Millisecond // a text counts once two reads so far apart agree
	maxReads     = 10                     // reads until ReadStable takes what it gets
)

// Watch calls onChange with the new text whenever the file at path says
// something else than before; known is the text that the caller has loaded. It
// returns at once and works until ctx ends. Editors that rename, truncate and
// write, or write twice give one call each time they are done; while the file
// is missing nothing is called, and an empty file counts only when it stays
// empty. What cannot be read as a configuration file, such as one too large, is
// a change to an error. onChange is called from one goroutine, one call after
// the other.
func Watch(ctx context.Context, path, known string, onChange func(text string, err error)) {
	go watch(ctx, path, known, onChange)
}

// ReadStable is ReadFile for a file that an editor may be writing to: a text
// other than known counts once two reads in a row agree on it.
func ReadStable(path, known string) (string, error) {
	text, err := ReadFile(path)
	for range maxReads {
		if err != nil || text == known {
			break
		}
		time.Sleep(debounceTime)
		last := text
		if text, err = ReadFile(path); text == last {
			break
		}
	}
	return text, err
}

func watch(ctx context.Context, path, known string, onChange func(text string, err error)) {
	// The directory is watched, since a rename over the file ends a watch of
	// the file. Without fsnotify (out of inotify watches, say) polling continues.
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
	timer := time.NewTimer(debounceTime) // the file may have changed before the watch began
	defer timer.Stop()

	debounce := newDebouncer(known, time.Now())
	look := func() {
		text, err := ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return // for a moment, or for good: the poll looks again
		}
		now := sight{text: text}
		if err != nil {
			now.problem = err.Error()
		}
		news, again := debounce.see(now, time.Now())
		if again > 0 {
			timer.Reset(again)
		}
		if news {
			onChange(text, err)
		}
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
				timer.Reset(debounceTime)
			}
		case _, ok := <-errs: // an overflow of the event queue: the poll makes up for it
			if !ok {
				errs = nil
			}
		case <-timer.C:
			look()
		case <-poll.C:
			look()
		}
	}
}
