package control_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
)

// fakeRunner stands for the training loop.
type fakeRunner struct {
	mu     sync.Mutex
	state  string
	done   []control.Command
	refuse error
	hold   chan struct{} // Do waits for it, if set, as for the end of a step
}

func (f *fakeRunner) Status() run.Status {
	f.mu.Lock()
	defer f.mu.Unlock()
	nan := math.NaN()
	return run.Status{Version: run.Version, State: f.state, PID: os.Getpid(), Nimg: 25600,
		LastFID: &nan, EtaSec: math.Inf(1), StageMs: map[string]float64{"g": 1.5, "r1": nan},
		Live: map[string]any{"gen_lr": 5e-4, "bad": nan}}
}

func (f *fakeRunner) Layers() []run.Layer {
	return []run.Layer{{Name: "enc.28x28_conv.weight", Kind: "conv", Shape: []int{16, 1, 3, 3}, Count: 144}}
}

func (f *fakeRunner) Do(ctx context.Context, c control.Command) error {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil {
		return f.refuse
	}
	f.done = append(f.done, c)
	switch c.Kind {
	case control.KindPause:
		f.state = run.StatePaused
	case control.KindResume:
		f.state = run.StateRunning
	}
	return nil
}

func serve(t *testing.T, dir string, r control.Runner) *control.Server {
	t.Helper()
	s, err := control.Serve(dir, r, control.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// shortDir is a run directory whose path leaves room for a socket's name;
// t.TempDir is longer under some systems.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestCommands(t *testing.T) {
	dir, runner := shortDir(t), &fakeRunner{state: run.StateRunning}
	serve(t, dir, runner)
	c, ctx := control.NewClient(dir), within(t)

	st, err := c.Status(ctx)
	if err != nil || st.Nimg != 25600 || st.PID != os.Getpid() || st.LastFID != nil || st.EtaSec != 0 ||
		st.StageMs["g"] != 1.5 || len(st.StageMs) != 1 || st.Live["gen_lr"] != 5e-4 || len(st.Live) != 1 {
		t.Errorf("status: got %+v, %v", st, err)
	}
	layers, err := c.Layers(ctx)
	if err != nil || len(layers) != 1 || layers[0].Count != 144 || layers[0].Shape[0] != 16 {
		t.Errorf("layers: got %+v, %v", layers, err)
	}
	if st, err = c.Pause(ctx); err != nil || st.State != run.StatePaused {
		t.Errorf("pause: got %q, %v", st.State, err)
	}
	if st, err = c.Resume(ctx); err != nil || st.State != run.StateRunning {
		t.Errorf("resume: got %q, %v", st.State, err)
	}
	preset := "none"
	for _, call := range []func() (run.Status, error){
		func() (run.Status, error) { return c.Set(ctx, map[string]string{"live.gen_lr": "2e-4"}) },
		func() (run.Status, error) {
			return c.Freeze(ctx, control.FreezeRequest{Preset: &preset, Train: &[]string{}})
		},
		func() (run.Status, error) { return c.Freeze(ctx, control.FreezeRequest{Toggle: []string{"a"}}) },
		func() (run.Status, error) { return c.Stop(ctx) },
	} {
		if _, err := call(); err != nil {
			t.Error(err)
		}
	}
	var kinds []string
	for _, c := range runner.done {
		kinds = append(kinds, c.Kind)
	}
	if got := strings.Join(kinds, " "); got != "pause resume set freeze freeze stop" {
		t.Errorf("got %s", got)
	}
	if f := runner.done[3].Freeze; *f.Preset != "none" || f.Freeze != nil || f.Train == nil || len(*f.Train) != 0 {
		t.Errorf("freeze: got %+v, want an empty train list and no freeze list", f)
	}
}

// TestRefusal passes the loop's own line on.
func TestRefusal(t *testing.T) {
	dir := shortDir(t)
	const line = "configs: config.toml:12: live.gen_lr: got -1.0, want in (0, 1]"
	serve(t, dir, &fakeRunner{refuse: errors.New(line)})
	_, err := control.NewClient(dir).Set(within(t), map[string]string{"live.gen_lr": "-1"})
	if err == nil || err.Error() != line {
		t.Errorf("got %v, want %s", err, line)
	}
}

// TestBadRequests speaks raw HTTP.
func TestBadRequests(t *testing.T) {
	dir, runner := shortDir(t), &fakeRunner{}
	s := serve(t, dir, runner)
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", s.Path())
	}}}
	for _, tt := range []struct {
		method, path, body string
		code               int
		want               string
	}{
		{"GET", "/v1/nothing", "", 404, "control: /v1/nothing: no such route, want one of /v1/ /v1/status"},
		{"GET", "/", "", 404, "no such route"},
		{"GET", "/v1/status/", "", 404, "no such route"},
		{"POST", "/v1/status", "", 405, "control: /v1/status: got POST, want GET"},
		{"DELETE", "/v1/pause", "", 405, "got DELETE, want POST"},
		{"GET", "/v1/stop", "", 405, "got GET, want POST"},
		{"POST", "/v1/set", "", 400, "control: /v1/set: body: EOF"},
		{"POST", "/v1/set", "{}", 400, "got no settings"},
		{"POST", "/v1/set", `{"set":{"a":"b"}} {}`, 400, "body:"},
		{"POST", "/v1/set", `{"sets":{}}`, 400, `unknown field "sets"`},
		{"POST", "/v1/set", `{"set":{"a":1}}`, 400, "body:"},
		{"POST", "/v1/set", `{"set":{"a":"` + strings.Repeat("x", 70<<10) + `"}}`, 413, "body over 65536 bytes"},
		{"POST", "/v1/freeze", `{}`, 400, "empty request"},
		{"POST", "/v1/freeze", `{"preset":"none","toggle":["a"]}`, 400, "one or the other"},
		{"POST", "/v1/freeze", `{"toggle":[" "]}`, 400, "empty name"},
	} {
		req, err := http.NewRequest(tt.method, "http://innate"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := hc.Do(req)
		if err != nil {
			t.Errorf("%s %s: %v", tt.method, tt.path, err)
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tt.code || !strings.Contains(strings.ReplaceAll(string(b), `\"`, `"`), tt.want) ||
			!strings.HasPrefix(string(b), `{"error":"`) || resp.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %.40s: got %d %s want %d %s", tt.method, tt.path, tt.body, resp.StatusCode, b, tt.code, tt.want)
		}
		if tt.code == 405 && resp.Header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow header", tt.method, tt.path)
		}
	}
	if len(runner.done) != 0 {
		t.Errorf("bad requests reached the loop: %+v", runner.done)
	}
}

func TestSocketIsPrivate(t *testing.T) {
	dir := shortDir(t)
	s := serve(t, dir, &fakeRunner{})
	info, err := os.Lstat(filepath.Join(dir, run.SocketFile))
	if err != nil || info.Mode().Type() != os.ModeSocket || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want a socket with mode 0600", info.Mode(), err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 1 {
		t.Errorf("got %v, want the socket alone", entries)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(s.Path()); !os.IsNotExist(err) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestServeTwice(t *testing.T) {
	dir := shortDir(t)
	first := serve(t, dir, &fakeRunner{})
	_, err := control.Serve(dir, &fakeRunner{}, control.Options{})
	want := fmt.Sprintf("control: listen %s: already served by pid %d", first.Path(), os.Getpid())
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := control.NewClient(dir).Status(within(t)); err != nil {
		t.Errorf("the first server was harmed: %v", err)
	}
}

// TestStaleSocket replaces what a killed trainer leaves: a socket that nobody
// listens on, and the folder of a start that was cut short.
func TestStaleSocket(t *testing.T) {
	dir := shortDir(t)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, run.SocketFile), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := os.MkdirAll(filepath.Join(dir, ".ctl", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := control.NewClient(dir).Status(within(t)); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("stale socket: got %v, want ErrNotRunning", err)
	}
	serve(t, dir, &fakeRunner{})
	if _, err := control.NewClient(dir).Status(within(t)); err != nil {
		t.Error(err)
	}
}

// TestCloseLeavesSuccessor closes a server whose socket another has replaced.
func TestCloseLeavesSuccessor(t *testing.T) {
	dir := shortDir(t)
	old := serve(t, dir, &fakeRunner{})
	if err := os.Remove(old.Path()); err != nil {
		t.Fatal(err)
	}
	serve(t, dir, &fakeRunner{})
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := control.NewClient(dir).Status(within(t)); err != nil {
		t.Errorf("closing the old server ended the new one: %v", err)
	}
}

func TestNotRunning(t *testing.T) {
	dir := shortDir(t)
	c := control.NewClient(dir)
	if _, err := c.Status(within(t)); !errors.Is(err, control.ErrNotRunning) || !strings.Contains(err.Error(), filepath.Base(dir)) {
		t.Errorf("got %v, want ErrNotRunning and the run's name", err)
	}
	s := serve(t, dir, &fakeRunner{})
	if _, err := c.Pause(within(t)); err != nil {
		t.Errorf("the client did not find a trainer that came later: %v", err)
	}
	s.Close()
	if _, err := c.Pause(within(t)); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("closed: got %v, want ErrNotRunning", err)
	}
}

// TestClientsWhileStepping has one client wait for the end of a step, another
// read the status meanwhile, and a third give up.
func TestClientsWhileStepping(t *testing.T) {
	dir, runner := shortDir(t), &fakeRunner{state: run.StateRunning, hold: make(chan struct{})}
	serve(t, dir, runner)
	paused := make(chan error, 1)
	go func() {
		_, err := control.NewClient(dir).Pause(within(t))
		paused <- err
	}()
	other := control.NewClient(dir)
	if st, err := other.Status(within(t)); err != nil || st.State != run.StateRunning {
		t.Errorf("status during a step: got %q, %v", st.State, err)
	}
	short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := other.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("stop: got %v, want the deadline", err)
	}
	time.Sleep(50 * time.Millisecond) // the server sees the third client leave
	close(runner.hold)
	if err := <-paused; err != nil {
		t.Error(err)
	}
	if runner.mu.Lock(); len(runner.done) != 1 || runner.done[0].Kind != control.KindPause {
		t.Errorf("got %+v, want the pause alone", runner.done)
	}
	runner.mu.Unlock()
}

// TestLongPath uses a run directory whose path no socket could have.
func TestLongPath(t *testing.T) {
	runtime := shortDir(t)
	t.Setenv("TMPDIR", runtime)
	dir := filepath.Join(shortDir(t), strings.Repeat("long", 30))
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir, &fakeRunner{})
	if !strings.HasPrefix(s.Path(), runtime) || len(s.Path()) > 103 {
		t.Errorf("got socket %s, want it under %s", s.Path(), runtime)
	}
	t.Setenv("TMPDIR", "/nonexistent") // a client with another one finds it by the pointer
	if _, err := control.NewClient(dir).Status(within(t)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Dir(filepath.Dir(s.Path()))); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got %v, %v, want mode 0700", info.Mode(), err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, d := range []string{dir, filepath.Dir(filepath.Dir(s.Path()))} {
		if entries, err := os.ReadDir(d); err != nil || len(entries) != 0 {
			t.Errorf("%s: got %v, %v, want nothing left behind", d, entries, err)
		}
	}
}

// TestLongPathRefusesForeignDirectory finds the private directory open to
// others.
func TestLongPathRefusesForeignDirectory(t *testing.T) {
	runtime := shortDir(t)
	t.Setenv("TMPDIR", runtime)
	open := filepath.Join(runtime, fmt.Sprintf("innate-%d", os.Getuid()))
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("/tmp", filepath.Base(shortDirIn(t, "/tmp")), strings.Repeat("long", 30))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir, &fakeRunner{}) // goes on to /tmp
	if strings.HasPrefix(s.Path(), runtime) {
		t.Errorf("got socket %s in a directory that anyone may write", s.Path())
	}
}

func shortDirIn(t *testing.T, base string) string {
	t.Helper()
	dir, err := os.MkdirTemp(base, "run")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestServeMissingDirectory(t *testing.T) {
	if _, err := control.Serve(filepath.Join(shortDir(t), "none"), &fakeRunner{}, control.Options{}); err == nil || !strings.HasPrefix(err.Error(), "control: listen ") {
		t.Errorf("got %v", err)
	}
}

// patient is a runner that notes how long the server gives it for each command.
type patient struct {
	*fakeRunner
	left map[string]time.Duration
}

func (r *patient) Do(ctx context.Context, c control.Command) error {
	until, _ := ctx.Deadline()
	r.left[c.Kind] = time.Until(until)
	return r.fakeRunner.Do(ctx, c)
}

// TestLasting: what is answered when a file is on disk, or a value there, has an hour for
// that, where its client has as long.
func TestLasting(t *testing.T) {
	dir := t.TempDir()
	r := &patient{&fakeRunner{state: run.StateRunning}, map[string]time.Duration{}}
	serve(t, dir, r)
	c, forever := control.NewClient(dir), context.Background()
	for kind, ask := range map[string]func() (run.Status, error){
		control.KindPause:      func() (run.Status, error) { return c.Pause(forever) },
		control.KindStop:       func() (run.Status, error) { return c.Stop(forever) },
		control.KindCheckpoint: func() (run.Status, error) { return c.Checkpoint(forever) },
		control.KindEvaluate:   func() (run.Status, error) { return c.Evaluate(forever) },
		control.KindBack:       func() (run.Status, error) { return c.Back(forever, control.BackRequest{}) },
	} {
		if _, err := ask(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if long := r.left[kind] > 10*time.Minute; long != (kind != control.KindPause) {
			t.Errorf("%s: %v to be done", kind, r.left[kind])
		}
	}
}
