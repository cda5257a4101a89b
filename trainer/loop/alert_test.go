package loop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/trainer/alerts"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// inbox is a webhook, and the file of the user that names it.
type inbox struct {
	path string
	mu   sync.Mutex
	got  []alerts.Alert
}

func newInbox(t *testing.T, code int) *inbox {
	t.Helper()
	b := &inbox{path: filepath.Join(t.TempDir(), alerts.FileName)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		var a alerts.Alert
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			t.Error(err)
		}
		b.got = append(b.got, a)
		w.WriteHeader(code)
	}))
	t.Cleanup(server.Close)
	check(t, os.WriteFile(b.path, []byte("webhook = '"+server.URL+"'\n"), 0o600))
	return b
}

// kinds are the alerts so far.
func (b *inbox) kinds() (kinds []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.got {
		kinds = append(kinds, a.Kind)
	}
	return kinds
}

// alerting trains a run whose alerts go somewhere, and returns how often somebody was
// asked to watch it, and was told that it ended by itself.
func alerting(t *testing.T, dir, path string) (watched, ended int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err = loop.Run(ctx, loop.Options{Dir: dir, Patient: true, Alerts: path, Watch: func() (func(), error) {
		watched++
		return func() { ended++ }, nil
	}})
	return watched, ended, err
}

// TestAlerts trains with and without somebody who is told: the weights are the same,
// and a webhook that refuses everything is an event and no more.
func TestAlerts(t *testing.T) {
	t.Parallel()
	text := config("edm", networks(t))
	quiet := newRun(t, text)
	train(t, quiet)
	for _, code := range []int{200, 404} {
		b, dir := newInbox(t, code), newRun(t, text)
		watched, ended, err := alerting(t, dir, b.path)
		check(t, err)
		if watched != 1 || ended != 1 {
			t.Errorf("watched %d times, %d ends, want one of each", watched, ended)
		}
		if !bytes.Equal(lastCheckpoint(t, dir), lastCheckpoint(t, quiet)) {
			t.Errorf("%d: other weights than without alerts", code)
		}
		kinds := b.kinds()
		if n := len(kinds); n == 0 || kinds[n-1] != alerts.Done || slices.Contains(kinds, alerts.Died) {
			t.Errorf("got %v, want done at last", kinds)
		}
		if a := b.got[len(b.got)-1]; a.Dir != dir || a.Nimg != 64 || a.State != run.StateDone && a.State != run.StateStopping || a.BestValue == nil || !strings.Contains(a.Text, "done at 0.1 kimg, best "+"FID("+cnnLabel) {
			t.Errorf("got %+v", a)
		}
		refused := 0
		for _, e := range events(t, dir, runlog.Error) {
			if strings.HasPrefix(e.Text, "alerts: webhook of 127.0.0.1") && strings.HasSuffix(e.Text, "404 Not Found") {
				refused++
			}
		}
		if (refused == 1) != (code == 404) {
			t.Errorf("%d: %d events of a refusal", code, refused)
		}
	}
}

// TestAlertsAreChosen has a run that is to be silent.
func TestAlertsAreChosen(t *testing.T) {
	t.Parallel()
	b, dir := newInbox(t, 200), newRun(t, config("edm", networks(t))+"[alerts]\nmute = [\"best\", \"diverged\", \"died\", \"done\"]\n")
	watched, _, err := alerting(t, dir, b.path)
	check(t, err)
	if got := b.kinds(); len(got) > 0 || watched > 0 {
		t.Errorf("got %v, watched %d times, want silence", got, watched)
	}
}

// TestAlertsOfEnds has a run that fails, and one whose trainer died before.
func TestAlertsOfEnds(t *testing.T) {
	t.Parallel()
	b := newInbox(t, 200)
	dir := newRun(t, config("classifier", ""))
	s := run.Status{State: run.StateRunning, PID: 1, Nimg: 5000}
	check(t, run.WriteStatus(dir, s))
	_, _, err := alerting(t, dir, b.path)
	check(t, err)
	if got := b.kinds(); len(got) != 2 || got[0] != alerts.Died || got[1] != alerts.Done || !strings.Contains(b.got[0].Text, "died at 5.0 kimg; there is no checkpoint") {
		t.Errorf("got %v, want a death and then done", got)
	}

	// A directory that somebody else has taken ends the run.
	b = newInbox(t, 200)
	dir = newRun(t, strings.Replace(config("classifier", ""), "total_kimg = 0.064", "total_kimg = 1000", 1))
	ended := make(chan error, 1)
	go func() {
		_, _, err := alerting(t, dir, b.path)
		ended <- err
	}()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, nimg, _ := run.ReadStatus(dir); nimg && len(events(t, dir, runlog.Start)) > 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the run does not begin")
		}
	}
	check(t, os.Rename(dir, dir+"-gone"))
	if err := <-ended; err == nil {
		t.Fatal("a run without a directory ended well")
	}
	if got := b.kinds(); !slices.Contains(got, alerts.Died) {
		t.Errorf("got %v, want that it failed", got)
	}
}
