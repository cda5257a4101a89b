package figures

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"innate/models/atomicfile"
)

// WorkingExt is that of the file by which an analysis says how far it is.
const WorkingExt = ".working"

// Staleness: a file is rewritten each heartbeat; one that is older than stale is of an
// analysis that was killed.
const (
	heartbeat = time.Second
	stale     = 10 * time.Second
)

// Progress is how far an analysis is.
type Progress struct {
	Kind  string    `json:"kind"`
	Began time.Time `json:"began"`
	Now   time.Time `json:"now"` // of the heartbeat
	Done  int       `json:"done"`
	Total int       `json:"total"` // 0: not known yet
	Error string    `json:"error,omitempty"`
}

// beats reports whether the heartbeat is of about now. One of a time to come is of before the
// clock was set back: an analysis that lives would have written another.
func (p Progress) beats(now time.Time) bool { return now.Sub(p.Now).Abs() < stale }

// Left is how long it will take, at the rate so far; 0 where that is not known.
func (p Progress) Left() time.Duration {
	if p.Done <= 0 || p.Total <= p.Done {
		return 0
	}
	return time.Duration(float64(p.Now.Sub(p.Began)) / float64(p.Done) * float64(p.Total-p.Done))
}

// Working is an analysis that says in a folder how far it is.
type Working struct {
	path  string
	stop  func()
	ended chan struct{}
	idle  sync.WaitGroup

	mu sync.Mutex
	at Progress
}

// ErrWorking says that an analysis of that kind is under way already.
var ErrWorking = errors.New("already under way")

// Begin makes an analysis known in a folder until End. Stop is called once when its
// file is removed, by which others end it.
func Begin(dir, kind string, stop func()) (*Working, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	w := &Working{path: filepath.Join(dir, kind+WorkingExt), stop: stop, ended: make(chan struct{})}
	if p, err := readProgress(w.path); err == nil && p.Error == "" && p.beats(time.Now()) {
		return nil, fmt.Errorf("figures: %s: %s: %w", dir, kind, ErrWorking)
	}
	w.at = Progress{Kind: kind, Began: time.Now()}
	if err := w.write(); err != nil {
		return nil, err
	}
	w.idle.Add(1)
	go w.beat()
	return w, nil
}

// beat rewrites the file until the end, or until it is gone.
func (w *Working) beat() {
	defer w.idle.Done()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		select {
		case <-w.ended:
			return
		case <-tick.C:
		}
		if _, err := os.Stat(w.path); errors.Is(err, fs.ErrNotExist) {
			w.stop()
			return
		}
		_ = w.write() // the next one may succeed; results do not depend on it
	}
}

// Report says how far it is.
func (w *Working) Report(done, total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at.Done, w.at.Total = done, total
}

// End takes the file away, or leaves it with the error for people to read.
func (w *Working) End(why error) error {
	close(w.ended)
	w.idle.Wait()
	if why == nil {
		if err := os.Remove(w.path); err != nil && !errors.Is(err, fs.ErrNotExist) { // taken away as it was done
			return fmt.Errorf("figures: %w", err)
		}
		return nil
	}
	w.mu.Lock()
	w.at.Error = why.Error()
	w.mu.Unlock()
	if _, err := os.Stat(w.path); errors.Is(err, fs.ErrNotExist) {
		return nil // taken away: who did so knows
	}
	return w.write()
}

func (w *Working) write() error {
	w.mu.Lock()
	w.at.Now = time.Now()
	b, err := json.Marshal(w.at)
	w.mu.Unlock()
	if err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	return atomicfile.WriteBytes(w.path, atomicfile.NoSync, b)
}

func readProgress(path string) (p Progress, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return p, fmt.Errorf("figures: %w", err)
	}
	if err := json.Unmarshal(b, &p); err != nil {
		return p, fmt.Errorf("figures: %s: %w", path, err)
	}
	return p, nil
}

// Workings are the analyses of a folder that are under way or ended with an error,
// sorted by kind. One without a heartbeat has the error that says so.
func Workings(dir string, now time.Time) (list []Progress) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), WorkingExt) {
			continue
		}
		p, err := readProgress(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		if p.Error == "" && !p.beats(now) {
			p.Error = "it was killed: no word since " + p.Now.Format(time.TimeOnly)
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Progress) int { return strings.Compare(a.Kind, b.Kind) })
	return list
}

// Dismiss takes the word of an analysis away: one that is under way ends, and an error
// is forgotten.
func Dismiss(dir, kind string) error {
	if err := os.Remove(filepath.Join(dir, filepath.Base(kind)+WorkingExt)); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	return nil
}
