package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	lookEvery = time.Second            // at the least: see pause
	moreEvery = 300 * time.Millisecond // where there was not enough time; more than a screen takes to see that a file is gone
	// followTime bounds how long one look follows files: the list of runs, with their
	// states, waits meanwhile.
	followTime  = 2 * time.Second
	followers   = 8 // runs that are followed at once
	requestTime = 30 * time.Second
	closeTime   = 3 * time.Second
	// maxReceived bounds what one mirror takes from a server, in bytes.
	maxReceived = 16 << 30
	// refusedTime is how long the refusal of an edit shows.
	refusedTime = time.Minute
)

// backoff is how long a mirror waits between two attempts to connect.
var backoff = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second, 30 * time.Second}

// Mirror is a runs directory whose runs are copies of another machine's. Run keeps
// them up to date; other methods may be called meanwhile.
type Mirror struct {
	c    *Client
	dir  string // the runs directory
	root *os.Root
	hold *os.File // locked: of two mirrors each has a folder of its own

	looking  sync.Mutex   // one look at a time
	received atomic.Int64 // bytes

	mu      sync.Mutex
	runs    map[string]*copied
	only    []string // the runs that are followed: one, and those that were forked from here; none for all
	focus   string   // the run that is looked at
	retry   time.Time
	trouble error // of the last look, such as a file that is too large
	refused error // why an edit was not taken
	until   time.Time
}

// maxMirrors is how many of one machine there may be at a time.
const maxMirrors = 16

// NewMirror makes the copies' folder below cache, for a client of an address, and
// takes a first look. Copies that an earlier mirror left there
// are continued.
func NewMirror(ctx context.Context, c *Client, cache, address, only string) (*Mirror, error) {
	m := &Mirror{c: c, focus: only, runs: map[string]*copied{}}
	if only != "" {
		m.only = []string{only}
	}
	base := filepath.Join(cache, "remote", folderOf(address))
	for i := range maxMirrors {
		parent := base
		if i > 0 {
			parent += "-" + strconv.Itoa(i+1)
		}
		m.dir = filepath.Join(parent, "runs")
		if err := os.MkdirAll(m.dir, 0o700); err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		f, err := os.OpenFile(filepath.Join(parent, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("mirror: %w", err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			f.Close() // another mirror's
			continue
		}
		m.hold = f
		break
	}
	if m.hold == nil {
		return nil, fmt.Errorf("mirror: %s: %d others are open", base, maxMirrors)
	}
	var err error
	if m.root, err = os.OpenRoot(m.dir); err != nil {
		return nil, errors.Join(fmt.Errorf("mirror: %w", err), m.hold.Close())
	}
	err = m.list(ctx)
	if err == nil { // of a file that does not come State tells
		if _, bad := m.Look(ctx); bad != nil && c.Lost() != nil {
			err = bad
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", c.where, err), m.Close())
	}
	return m, nil
}

// folderOf is the name of an address's folder: what one can read of it, and a hash.
func folderOf(address string) string {
	plain := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, address)
	return strings.TrimLeft(plain[:min(len(plain), 40)], ".-") + "-" + hashOf([]byte(address))[:12]
}

// Runs is the runs directory.
func (m *Mirror) Runs() string { return m.dir }

// Dir is the directory of a run's copy.
func (m *Mirror) Dir(name string) string { return filepath.Join(m.dir, name) }

// State implements host.Remote: where the runs are, and what is wrong with the copies.
func (m *Mirror) State() (where string, err error) {
	lost := m.c.Lost()
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case lost != nil:
		err = fmt.Errorf("connection lost, %s: %w", m.nextTry(), lost)
	case time.Now().Before(m.until):
		err = m.refused
	default:
		err = m.trouble
	}
	return m.c.where, err
}

// nextTry words when connecting is tried again.
func (m *Mirror) nextTry() string {
	if left := time.Until(m.retry).Round(time.Second); left > 0 {
		return fmt.Sprintf("next try in %v", left)
	}
	return "connecting"
}

// Focus says which run is looked at, by its directory: all of its files are followed,
// and first.
func (m *Mirror) Focus(dir string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.focus = ""; filepath.Dir(dir) == m.dir {
		m.focus = filepath.Base(dir)
	}
	if m.focus == "" && len(m.only) > 0 {
		m.focus = m.only[0]
	}
}

// Run follows the runs until ctx ends, and connects again when a connection is lost.
func (m *Mirror) Run(ctx context.Context) {
	for attempt := 0; ctx.Err() == nil; {
		wait := m.pause()
		if m.c.Lost() != nil {
			if err := m.connect(ctx); err != nil {
				wait = backoff[min(attempt, len(backoff)-1)]
				attempt++
				m.mu.Lock()
				m.retry = time.Now().Add(wait)
				m.mu.Unlock()
				slog.Debug("mirror", "attempt", attempt, "error", err)
			} else {
				attempt, wait = 0, 0
			}
		} else {
			more, err := m.Look(ctx)
			if err != nil {
				slog.Debug("mirror", "error", err)
			} else if more {
				wait = moreEvery
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// pause is how long to wait between two looks: the list of many runs, with all that
// their trainers say, is not small.
func (m *Mirror) pause() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return lookEvery * time.Duration(1+len(m.runs)/100)
}

func (m *Mirror) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return m.c.Connect(ctx, false)
}

// Look brings the copies up to date: of the run that is looked at with all that there
// is, of others with what a list shows. More says that there was not enough time.
func (m *Mirror) Look(ctx context.Context) (more bool, err error) {
	m.looking.Lock()
	defer m.looking.Unlock()
	defer func() {
		m.mu.Lock()
		m.trouble = err
		m.mu.Unlock()
	}()
	if err := m.list(ctx); err != nil {
		return false, err
	}
	m.mu.Lock()
	focus, others := m.runs[m.focus], []*copied{}
	for _, r := range m.runs {
		if r != focus {
			others = append(others, r)
		}
	}
	m.mu.Unlock()
	var first error
	if focus != nil {
		more, first = m.follow(ctx, focus, true, time.Now().Add(followTime))
	}
	slices.SortFunc(others, func(a, b *copied) int { return strings.Compare(b.name, a.name) }) // the newest first
	rest, err := m.followAll(ctx, others, time.Now().Add(followTime))
	return more || rest, errors.Join(first, err)
}

// followAll follows runs, several at once: most of the time goes by on the way.
func (m *Mirror) followAll(ctx context.Context, runs []*copied, until time.Time) (more bool, err error) {
	var mu sync.Mutex // of the results
	var following sync.WaitGroup
	next := make(chan *copied)
	for range min(followers, len(runs)) {
		following.Go(func() {
			for r := range next {
				again, bad := m.follow(ctx, r, false, until)
				mu.Lock()
				more, err = more || again, errors.Join(err, bad)
				mu.Unlock()
			}
		})
	}
	for i, r := range runs {
		if time.Now().After(until) {
			mu.Lock()
			more = more || i < len(runs)
			mu.Unlock()
			break
		}
		next <- r
	}
	close(next)
	following.Wait()
	return more, err
}

// list takes the list of runs in, with what it says of each, and hands edits over.
func (m *Mirror) list(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	list, err := m.followed(ctx)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	var errs []error
	for i := range list {
		e := &list[i]
		seen[e.Name] = true
		m.mu.Lock()
		r := m.runs[e.Name]
		m.mu.Unlock()
		if r == nil {
			if r, err = m.begin(e.Name); err != nil {
				errs = append(errs, err)
				continue
			}
			m.mu.Lock()
			m.runs[e.Name] = r
			m.mu.Unlock()
		}
		errs = append(errs, m.handOver(ctx, r), r.take(e))
	}
	return errors.Join(append(errs, m.sweep(seen))...)
}

// followed lists the runs that are followed.
func (m *Mirror) followed(ctx context.Context) (list []Entry, err error) {
	m.mu.Lock()
	only := slices.Clone(m.only)
	m.mu.Unlock()
	if len(only) == 0 {
		return m.c.Runs(ctx, "")
	}
	for _, name := range only {
		one, err := m.c.Runs(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, one...)
	}
	return list, nil
}

// sweep removes copies of runs that are no more.
func (m *Mirror) sweep(seen map[string]bool) error {
	m.mu.Lock()
	for name, r := range m.runs {
		if !seen[name] {
			r.close()
			delete(m.runs, name)
		}
	}
	m.mu.Unlock()
	entries, err := fs.ReadDir(m.root.FS(), ".")
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	for _, e := range entries {
		if !seen[e.Name()] {
			err = errors.Join(err, m.root.RemoveAll(e.Name()))
		}
	}
	return err
}

// receive counts what has come.
func (m *Mirror) receive(n int64) error {
	if m.received.Add(n) > maxReceived {
		return fmt.Errorf("%s: sent more than %d bytes, want at most that", m.c.where, int64(maxReceived))
	}
	return nil
}

// refuse has the screen say why an edit was not taken.
func (m *Mirror) refuse(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refused, m.until = err, time.Now().Add(refusedTime)
}

// Bring implements host.Remote: it fetches a grid of samples whose copy is still
// empty.
func (m *Mirror) Bring(ctx context.Context, dir, file string) error {
	if filepath.Dir(dir) != m.dir || !isSample(file) {
		return nil
	}
	m.mu.Lock()
	r := m.runs[filepath.Base(dir)]
	m.mu.Unlock()
	if r == nil || r.stampAt(file).Size > 0 {
		return nil
	}
	return r.bring(ctx, file)
}

// Resume starts a trainer for the run whose copy is in dir, on its own machine.
func (m *Mirror) Resume(ctx context.Context, dir string) error {
	if filepath.Dir(dir) != m.dir {
		return fmt.Errorf("resume: %s: not a run of %s", dir, m.c.where)
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	return m.c.Start(ctx, filepath.Base(dir))
}

// Close hands edits over that are still here and ends the connection. The copies
// stay.
func (m *Mirror) Close() error {
	m.looking.Lock()
	defer m.looking.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	var errs []error
	m.mu.Lock()
	runs := m.runs
	m.runs = map[string]*copied{}
	m.mu.Unlock()
	for _, r := range runs {
		errs = append(errs, m.handOverLast(ctx, r))
		r.close()
	}
	m.c.Close()
	return errors.Join(append(errs, m.root.Close(), m.hold.Close())...)
}
