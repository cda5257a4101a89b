package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
)

// copied is the copy of one run. While the run has a trainer the copy's lock is
// held and its control socket answers, as if the trainer were here.
type copied struct {
	m    *Mirror
	name string
	dir  string
	root *os.Root

	lock  *run.Lock
	relay *control.Relay

	status []byte           // as last written
	given  string           // the version that the list gives
	done   string           // the version that was followed to its end …
	opened bool             // … with what a run that is looked at has
	stamps map[string]Stamp // of the server's files that the copies are of
	placed string           // the version of the server's folder of samples that the copies are of

	editing sync.Mutex        // of edits, and of the files there
	edits   map[string]edited // of files that may be edited here, once they are known

	mu      sync.Mutex       // of samples, which are fetched beside a look
	samples map[string]Stamp // of the server's
}

// edited is a file as it came: its version, and the stamp of its copy. A copy with
// another stamp was edited here.
type edited struct {
	version string
	copy    Stamp
}

// begin makes the directory of a copy, or continues one.
func (m *Mirror) begin(name string) (*copied, error) {
	r := &copied{
		m: m, name: name, dir: m.Dir(name), stamps: map[string]Stamp{}, edits: map[string]edited{}, samples: map[string]Stamp{},
	}
	err := m.root.MkdirAll(filepath.Join(name, run.SamplesDir), 0o700)
	if err == nil {
		r.root, err = m.root.OpenRoot(name)
	}
	if err != nil {
		return nil, fmt.Errorf("mirror: %w", err)
	}
	return r, nil
}

// close gives the lock back and ends the socket.
func (r *copied) close() {
	r.rest()
	r.root.Close()
}

// rest makes the copy one of a run without a trainer.
func (r *copied) rest() {
	if r.relay != nil {
		_ = r.relay.Close() // its directory may be gone
		r.relay = nil
	}
	if r.lock != nil {
		_ = r.lock.Release()
		r.lock = nil
	}
}

// take takes in what the list says of a run.
func (r *copied) take(e *Entry) error {
	r.given = e.Version
	if e.Status.State == run.StateNew {
		_ = r.root.Remove(run.StatusFile) // there may be none
		r.status = nil
	} else if b, err := json.Marshal(e.Status); err != nil || string(b) != string(r.status) {
		if err := run.WriteStatus(r.dir, e.Status); err != nil {
			return err
		}
		r.status = b
	}
	if !e.Alive {
		r.rest()
		return nil
	}
	var err error
	if r.lock == nil {
		if r.lock, err = run.AcquireNameless(r.dir); err != nil {
			return err
		}
	}
	if r.relay == nil {
		r.relay, err = control.RunRelay(r.dir, r)
	}
	return err
}

// stampAt is the stamp of a file of the copy; zero if there is none.
func (r *copied) stampAt(name string) Stamp {
	info, err := r.root.Lstat(name)
	if err != nil {
		return Stamp{}
	}
	return stampOf(info)
}

// remove removes a file of the copy that may not be there.
func (r *copied) remove(name string) error {
	if err := r.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("mirror: %w", err)
	}
	return nil
}

// follow brings the files of a run up to date, as far as there is time; more says
// that there was not enough.
func (m *Mirror) follow(ctx context.Context, r *copied, opened bool, until time.Time) (more bool, err error) {
	if r.done == r.given && (r.opened || !opened) {
		return false, nil
	}
	given := r.given
	asking, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	l, err := m.c.Listing(asking, r.name, opened, r.placed)
	if err != nil {
		return false, err
	}
	var errs []error
	for _, f := range files {
		if f.opens && !opened {
			continue
		}
		stamp, there := l.Files[f.name]
		switch {
		case there && stamp == r.stamps[f.name]:
			continue
		case f.edits:
			err = m.edit(ctx, r, f.name, there)
		case !there:
			err = r.remove(f.name)
		case f.grows:
			var again bool
			if again, err = m.grow(ctx, r, f.name, until); again {
				more = true
				continue
			}
		default:
			err = m.whole(ctx, r, f.name, stamp)
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		r.stamps[f.name] = stamp
	}
	if opened {
		errs = append(errs, r.followAnalyses(ctx, l))
	}
	if opened && l.Samples != r.placed {
		err := r.placeSamples(l)
		if err == nil {
			r.placed = l.Samples
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil || more {
		return more, err
	}
	r.done, r.opened = given, opened
	return false, nil
}

// grow follows a growing file until a time; again says that it is not done with.
func (m *Mirror) grow(ctx context.Context, r *copied, name string, until time.Time) (again bool, err error) {
	for {
		asking, cancel := context.WithTimeout(ctx, requestTime)
		more, got, err := m.c.grow(asking, r.name, name, r.root)
		cancel()
		if full := m.receive(got); full != nil {
			return false, full
		}
		switch {
		case errors.Is(err, errReplaced):
			delete(r.stamps, name)
			return true, nil
		case err != nil || !more:
			return false, err
		case time.Now().After(until):
			return true, nil
		}
	}
}

// whole fetches a file that changes as a whole.
func (m *Mirror) whole(ctx context.Context, r *copied, name string, stamp Stamp) error {
	text, err := r.fetch(ctx, name)
	if err != nil {
		return err
	}
	return put(r.root, name, text, stamp)
}

// edit fetches a file that may be edited here, unless it was edited just now.
func (m *Mirror) edit(ctx context.Context, r *copied, name string, there bool) error {
	r.editing.Lock()
	defer r.editing.Unlock()
	known, before := r.edits[name], r.stampAt(name)
	if known.version != "" && before != known.copy {
		return nil // what was edited is handed over first
	}
	if !there {
		r.edits[name] = edited{version: noVersion}
		return r.remove(name)
	}
	text, err := r.fetch(ctx, name)
	if err != nil {
		return err
	}
	if r.stampAt(name) != before {
		return nil // edited meanwhile: its version is the one before
	}
	if err := put(r.root, name, text, Stamp{}); err != nil {
		return err
	}
	r.edits[name] = edited{versionOf(text), r.stampAt(name)}
	return nil
}

// keep keeps an edit that was not taken beside the copy.
func (r *copied) keep(name string, text []byte) (path string, err error) {
	kept := name + ".refused"
	if err := put(r.root, kept, text, Stamp{}); err != nil {
		return "", fmt.Errorf("mirror: %w", err)
	}
	return filepath.Join(r.dir, kept), nil
}

// handOverLast is handOver where there is no later: what cannot be sent is kept, too.
func (m *Mirror) handOverLast(ctx context.Context, r *copied) error {
	failed := m.handOver(ctx, r)
	if failed == nil {
		return nil
	}
	r.editing.Lock()
	defer r.editing.Unlock()
	for name, known := range r.edits {
		if r.stampAt(name) == known.copy {
			continue
		}
		text, err := r.root.ReadFile(name)
		if err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		path, err := r.keep(name, text)
		if err != nil {
			return err
		}
		failed = fmt.Errorf("%w; %s was not sent: your text is in %s", failed, name, path)
	}
	return failed
}

// handOver sends what was edited here to the run's machine. What it refuses, such
// as an edit of what was changed there meanwhile, is kept beside the copy.
func (m *Mirror) handOver(ctx context.Context, r *copied) error {
	r.editing.Lock()
	defer r.editing.Unlock()
	for name, known := range r.edits {
		now := r.stampAt(name)
		if now == known.copy || now == (Stamp{}) || now.Size > maxEdited {
			continue
		}
		text, err := r.root.ReadFile(name)
		if err != nil {
			return fmt.Errorf("mirror: %w", err)
		}
		if version := versionOf(text); version == known.version {
			r.edits[name] = edited{version, now}
			continue
		}
		err = m.c.replace(ctx, r.name, name, known.version, text)
		var no *refused
		switch {
		case err == nil:
			r.edits[name] = edited{versionOf(text), now}
		case errors.As(err, &no):
			path, err := r.keep(name, text)
			if err != nil {
				return err
			}
			m.refuse(fmt.Errorf("%s; your text is in %s", no.text, path))
			delete(r.edits, name)
			delete(r.stamps, name)
			r.done = "" // the server's comes at this look
		default:
			return err
		}
	}
	return nil
}

// placeSamples makes the copy's samples those of the server: empty ones, which
// Bring fills when they are shown, but for those that are here.
func (r *copied) placeSamples(l Listing) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for name, stamp := range l.Files {
		if !isSample(name) || r.samples[name] == stamp {
			continue
		}
		here := r.stampAt(name)
		if here.Size != stamp.Size || !here.Mod.Equal(stamp.Mod) {
			if err := put(r.root, name, nil, Stamp{}); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		r.samples[name] = stamp
	}
	entries, err := fs.ReadDir(r.root.FS(), run.SamplesDir)
	return errors.Join(append(errs, err, r.dropGone(run.SamplesDir, entries, r.samples, l))...)
}

// dropGone removes those entries of a folder that the server has no more, and forgets of
// which files they were copies.
func (r *copied) dropGone(dir string, entries []fs.DirEntry, copies map[string]Stamp, l Listing) error {
	var errs []error
	for _, e := range entries {
		name := dir + "/" + e.Name()
		if _, there := l.Files[name]; !there {
			delete(copies, name)
			errs = append(errs, r.remove(name))
		}
	}
	return errors.Join(errs...)
}

var controlRoute = regexp.MustCompile(`^/v1/([a-z]*)$`)

// ServeHTTP answers on the copy's control socket with what the trainer answers.
func (r *copied) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	route := controlRoute.FindStringSubmatch(req.URL.Path)
	if route == nil {
		fail(w, http.StatusNotFound, fmt.Sprintf("control: %.100q: no route of a trainer elsewhere", req.URL.Path))
		return
	}
	path := runPath(r.name, "/control/"+route[1])
	if req.URL.RawQuery != "" {
		path += "?" + req.URL.RawQuery
	}
	header := http.Header{} // no more of it: Connection, for one, is about another connection
	if patience := req.Header.Get(control.PatienceHeader); patience != "" {
		header.Set(control.PatienceHeader, patience)
	}
	resp, err := r.m.c.send(req.Context(), req.Method, path, header, req.Body)
	if err != nil {
		code := http.StatusBadGateway
		var no *refused
		if errors.As(err, &no) {
			code = no.code
		}
		fail(w, code, err.Error())
		return
	}
	defer resp.Body.Close()
	w.Header().Set("Content-Type", "application/json")
	switch route[1] {
	case "stream":
		control.CopyFlushing(w, resp.Body)
		return
	case control.KindSet, control.KindFreeze, control.KindBack: // which change config.toml
		if err := r.m.edit(req.Context(), r, run.ConfigFile, true); err != nil {
			slog.Debug("mirror", "error", err) // it comes at the next look
		}
	case "layers", "":
		if _, err := io.Copy(w, io.LimitReader(resp.Body, maxAnswer)); err != nil {
			panic(http.ErrAbortHandler) // a cut answer must not look whole
		}
		return
	}
	var st run.Status
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(b, &st)
	}
	if err == nil {
		cleanStatus(&st)
		if route[1] == control.KindSample && st.SampleFile != "" {
			err = r.bring(req.Context(), st.SampleFile) // whoever asked for it reads it next
		}
	}
	if err == nil {
		b, err = json.Marshal(st)
	}
	if err != nil {
		fail(w, http.StatusBadGateway, err.Error())
		return
	}
	_, _ = w.Write(b) // a client that left is no concern of ours
}

// bring fetches a sample. It waits for no look: a long history may be on its way.
func (r *copied) bring(ctx context.Context, file string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	text, err := r.m.c.whole(ctx, r.name, file)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return put(r.root, file, text, r.samples[file])
}
