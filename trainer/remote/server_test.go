package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/remote"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

// shortDir leaves room for a socket's name.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rem")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

const name = "00003-tiny"

// makeRun makes a runs directory with one run, whose trainer has gone.
func makeRun(t testing.TB) (runs, dir string) {
	t.Helper()
	runs = shortDir(t)
	dir = filepath.Join(runs, name)
	write(t, filepath.Join(dir, run.ConfigFile), "name = \"tiny\"\n")
	write(t, filepath.Join(dir, runlog.MetricsFile), "one\ntwo\n")
	write(t, filepath.Join(dir, run.SamplesDir, "000001000.png"), "a picture")
	write(t, filepath.Join(dir, run.TokenFile), "secret")
	must(t, run.WriteStatus(dir, run.Status{Version: run.Version, State: run.StateStopped, Nimg: 1000}))
	return runs, dir
}

// piped returns a connected client whose connections are pipes to a server; cut ends
// the present one.
func piped(t testing.TB, s *remote.Server) (c *remote.Client, cut func()) {
	t.Helper()
	var mu sync.Mutex
	var last net.Conn
	ctx := within(t)
	c = remote.NewClient("there", "", func(context.Context, bool) (net.Conn, error) {
		here, there := net.Pipe()
		mu.Lock()
		last = there
		mu.Unlock()
		go s.ServeConn(ctx, there) // ends with its connection
		return here, nil
	})
	must(t, c.Connect(ctx, true))
	t.Cleanup(func() { c.Close() })
	return c, func() {
		mu.Lock()
		defer mu.Unlock()
		last.Close()
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	must(t, run.WriteText(dir, run.AboutFile, `{"tags":["good"]}`))
	must(t, os.Mkdir(filepath.Join(runs, "no-run"), 0o755))
	c, _ := piped(t, &remote.Server{Runs: runs})
	list, err := c.Runs(within(t), "")
	must(t, err)
	if len(list) != 1 || list[0].Name != name || list[0].Status.State != run.StateStopped || list[0].Status.Nimg != 1000 || list[0].About.Tags[0] != "good" {
		t.Errorf("got %+v", list)
	}
	for _, ref := range []string{name, "3", "tiny"} {
		if e, err := remote.Find(list, ref); err != nil || e.Name != name {
			t.Errorf("find %q: got %q, %v", ref, e.Name, err)
		}
	}
	if _, err := remote.Find(list, "4"); err == nil {
		t.Error("find 4: got a run, want none")
	}
	for only, want := range map[string]int{name: 1, "00004-none": 0, "..": 0} {
		if list, err := c.Runs(within(t), only); err != nil || len(list) != want {
			t.Errorf("only %q: got %+v, %v", only, list, err)
		}
	}
	before := list[0].Version
	write(t, filepath.Join(dir, runlog.MetricsFile), "one\ntwo\nthree\n")
	if list, err = c.Runs(within(t), ""); err != nil || list[0].Version == before {
		t.Errorf("after a line more: got the version before, %v", err)
	}
}

// raw is an answer to one request over a handler.
func raw(t testing.TB, s *remote.Server, method, target, body string, header ...string) (code int, text string, h http.Header) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	server := &http.Server{Handler: s.Handler()}
	go server.Serve(l) // ends with Close
	defer server.Close()
	conn, err := net.Dial("tcp", l.Addr().String())
	must(t, err)
	defer conn.Close()
	lines := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n", method, target, len(body))
	for i := 0; i < len(header); i += 2 {
		lines += header[i] + ": " + header[i+1] + "\r\n"
	}
	_, err = io.WriteString(conn, lines+"\r\n"+body)
	must(t, err)
	b, err := io.ReadAll(conn)
	must(t, err)
	head, text, _ := strings.Cut(string(b), "\r\n\r\n")
	_, err = fmt.Sscanf(head, "HTTP/1.1 %d", &code)
	must(t, err)
	return code, text, nil
}

// TestEscapes asks for what is not served, in every spelling of it.
func TestEscapes(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	outside := shortDir(t)
	write(t, filepath.Join(outside, "00009-theirs", run.ConfigFile), "name = \"secret\"\n")
	write(t, filepath.Join(outside, "x.png"), "secret")
	must(t, os.Symlink(filepath.Join(outside, "00009-theirs"), filepath.Join(runs, "00009-theirs")))
	must(t, os.Symlink(filepath.Join(dir, run.TokenFile), filepath.Join(dir, runlog.EventsFile)))             // a link inside
	must(t, os.Symlink(filepath.Join(outside, "x.png"), filepath.Join(dir, run.SamplesDir, "000002000.png"))) // and one out
	must(t, syscall.Mkfifo(filepath.Join(dir, run.LayersFile), 0o644))
	must(t, os.Mkdir(filepath.Join(dir, run.LogFile), 0o755))
	s := &remote.Server{Runs: runs}
	for _, path := range []string{
		"files/" + run.TokenFile, "files/" + run.LockFile, "files/" + run.SocketFile, "files/", "files/samples", "files/samples/",
		"files/../" + name + "/config.toml", "files/..%2f..%2fetc%2fpasswd", "files/%2e%2e/%2e%2e/etc/passwd", "files//etc/passwd", "files/%2fetc%2fpasswd",
		"files/samples/../control.token", "files/samples/..%2fcontrol.token", "files/samples/000001000.png/..", "files/samples%5c000001000.png",
		"files/config.toml%00", "files/" + runlog.EventsFile, "files/samples/000002000.png", "files/" + run.LayersFile, "files/" + run.LogFile, "files/checkpoints/000001000.ckpt",
	} {
		if code, text, _ := raw(t, s, "GET", "/v1/runs/"+name+"/"+path, ""); code < 400 && code != http.StatusTemporaryRedirect && code != http.StatusMovedPermanently || strings.Contains(text, "secret") {
			t.Errorf("%s: got %d %q", path, code, text)
		}
	}
	for _, other := range []string{"00009-theirs", "..", "%2e%2e", ".", "..%2f" + filepath.Base(outside), "%2fetc", ".hidden", "no-such"} {
		for _, rest := range []string{"", "/files/config.toml", "/control/status"} {
			if code, text, _ := raw(t, s, "GET", "/v1/runs/"+other+rest, ""); code < 300 || strings.Contains(text, "secret") {
				t.Errorf("run %s%s: got %d %q", other, rest, code, text)
			}
		}
	}
	if code, text, _ := raw(t, s, "GET", "/v1/runs", ""); code != 200 || strings.Contains(text, "theirs") {
		t.Errorf("list: got %d %q", code, text)
	}
	if code, text, _ := raw(t, s, "GET", "/v1/runs/"+name+"?samples=", ""); code != 200 || strings.Contains(text, run.TokenFile) || strings.Contains(text, "events") || strings.Contains(text, "000002000") || !strings.Contains(text, "samples/000001000.png") {
		t.Errorf("files: got %d %q", code, text)
	}
	if code, text, _ := raw(t, &remote.Server{Runs: runs, Only: "00001-other"}, "GET", "/v1/runs/"+name, ""); code != 404 {
		t.Errorf("another run than the one that is served: got %d %q", code, text)
	}
}

// TestLinkedStatus puts a link where the state of a run is read.
func TestLinkedStatus(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	secret := filepath.Join(shortDir(t), "s")
	write(t, secret, `{"state":"running","error":"secret"}`)
	must(t, os.Remove(filepath.Join(dir, run.StatusFile)))
	must(t, os.Symlink(secret, filepath.Join(dir, run.StatusFile)))
	if code, text, _ := raw(t, &remote.Server{Runs: runs}, "GET", "/v1/runs", ""); code != 200 || strings.Contains(text, "secret") || !strings.Contains(text, "regular file") {
		t.Errorf("got %d %q", code, text)
	}
}

func TestContinues(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	s := &remote.Server{Runs: runs}
	path := "/v1/runs/" + name + "/files/" + runlog.MetricsFile
	tail := remote.HashOf([]byte("one\n"))
	for _, c := range []struct{ query, want string }{
		{"", "one\ntwo\n"},
		{"?offset=4&tail=" + tail, "two\n"},
		{"?offset=4&tail=" + remote.HashOf([]byte("ONE\n")), "one\ntwo\n"},
		{"?offset=4", "one\ntwo\n"},
		{"?offset=400&tail=" + tail, "one\ntwo\n"},
		{"?offset=8&tail=" + remote.HashOf([]byte("one\ntwo\n")), ""},
	} {
		if code, text, _ := raw(t, s, "GET", path+c.query, ""); code != 200 || text != c.want {
			t.Errorf("%s: got %d %q, want %q", c.query, code, text, c.want)
		}
	}
	if code, text, _ := raw(t, s, "GET", path+"?offset=-4", ""); code != 400 {
		t.Errorf("before the beginning: got %d %q", code, text)
	}
	must(t, os.Truncate(filepath.Join(dir, runlog.MetricsFile), 5<<30)) // a hole
	if code, text, _ := raw(t, s, "GET", path, ""); code != 413 {
		t.Errorf("more than may travel: got %d of %d bytes", code, len(text))
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	s := &remote.Server{Runs: runs}
	path, old := "/v1/runs/"+name+"/files/", read(t, filepath.Join(dir, run.ConfigFile))
	for _, c := range []struct {
		file, match, body string
		code              int
	}{
		{run.ConfigFile, "", "a", 412},
		{run.ConfigFile, remote.HashOf([]byte("of another")), "a", 412},
		{run.ConfigFile, remote.HashOf([]byte(old)), "a\x00", 422},
		{run.ConfigFile, remote.HashOf([]byte(old)), strings.Repeat("a", 2<<20), 413},
		{run.ConfigFile, remote.HashOf([]byte(old)), "name = \"new\"\n", 200},
		{run.ConfigFile, remote.HashOf([]byte(old)), "too late", 412},
		{run.AboutFile, "none", `{"tags":["\u001b[2J"]}`, 422},
		{run.AboutFile, "none", `{"tags":["good"]}`, 200},
		{run.AboutFile, "none", `{"tags":["bad"]}`, 412},
		{runlog.MetricsFile, remote.HashOf([]byte("one\ntwo\n")), "", 403},
		{run.TokenFile, "none", "", 403},
		{"samples/000001000.png", "none", "", 403},
		{"..%2fconfig.toml", "none", "", 403},
	} {
		if code, text, _ := raw(t, s, "PUT", path+c.file, c.body, "If-Match", `"`+c.match+`"`); code != c.code {
			t.Errorf("%s, %.20q: got %d %q, want %d", c.file, c.body, code, text, c.code)
		}
	}
	if got := read(t, filepath.Join(dir, run.ConfigFile)); got != "name = \"new\"\n" {
		t.Errorf("config: got %q", got)
	}
	must(t, os.Remove(filepath.Join(dir, run.AboutFile)))
	must(t, os.Symlink("nowhere", filepath.Join(dir, run.AboutFile)))
	if code, text, _ := raw(t, s, "PUT", path+run.AboutFile, "{}", "If-Match", "none"); code != 403 {
		t.Errorf("a link that leads nowhere: got %d %q", code, text)
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	runs, _ := makeRun(t)
	const token = "0123456789abcdef0123"
	ctx, end := context.WithCancel(within(t))
	l, err := remote.Listen("127.0.0.1:0", token)
	must(t, err)
	served := make(chan error, 1)
	go func() { served <- (&remote.Server{Runs: runs}).ServeListener(ctx, l, token) }()
	a, err := remote.ParseAddress("tcp://" + l.Addr().String())
	must(t, err)
	for _, wrong := range []string{token + "x", token[1:], strings.ToUpper(token)} {
		if _, err := remote.Dial(ctx, a, remote.DialOptions{Token: wrong}); err == nil || !strings.Contains(err.Error(), "want the header Authorization") {
			t.Errorf("token %q: got %v", wrong, err)
		}
	}
	if _, err := remote.Dial(ctx, a, remote.DialOptions{}); err == nil || !strings.Contains(err.Error(), "INNATE_TOKEN") {
		t.Errorf("no token: got %v", err)
	}
	c, err := remote.Dial(ctx, a, remote.DialOptions{Token: token})
	must(t, err)
	defer c.Close()
	if list, err := c.Runs(ctx, ""); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v", list, err)
	}
	for _, addr := range []string{"127.0.0.1:0", "0.0.0.0:0", ":0", "[::]:0"} {
		if l, err := remote.Listen(addr, ""); err == nil {
			l.Close()
			t.Errorf("%s without a token: got a listener", addr)
		}
	}
	end()
	must(t, <-served)
}

func TestTokenOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, open, short := filepath.Join(dir, "good"), filepath.Join(dir, "open"), filepath.Join(dir, "short")
	must(t, os.WriteFile(good, []byte("0123456789abcdef\n"), 0o600))
	must(t, os.WriteFile(open, []byte("0123456789abcdef\n"), 0o644))
	must(t, os.WriteFile(short, []byte("0123\n"), 0o600))
	for _, c := range []struct{ file, env, envFile, want, bad string }{
		{"", "", "", "", ""},
		{good, "", "", "0123456789abcdef", ""},
		{"", "fedcba9876543210", good, "fedcba9876543210", ""},
		{"", "", good, "0123456789abcdef", ""},
		{open, "", "", "", "chmod 600"},
		{short, "", "", "", "at least 16"},
		{"", "0123456789 abcdef", "", "", "without spaces"},
		{filepath.Join(dir, "none"), "", "", "", "no such file"},
	} {
		got, err := remote.Token(c.file, func(key string) string {
			return map[string]string{remote.TokenVariable: c.env, remote.TokenFileVariable: c.envFile}[key]
		})
		if got != c.want || (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%+v: got %q, %v", c, got, err)
		}
	}
}

// TestNoRunsDirectory says which directory is not there, and not that it has no runs.
func TestNoRunsDirectory(t *testing.T) {
	t.Parallel()
	runs, _ := makeRun(t)
	c, _ := piped(t, &remote.Server{Runs: runs})
	m, _ := mirrored(t, c, "")
	must(t, os.RemoveAll(runs))
	want := runs + ": no such directory"
	if _, err := c.Runs(within(t), ""); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("list: got %v, want %s", err, want)
	}
	if _, err := m.Look(within(t)); err == nil {
		t.Error("look: got none, want an error")
	}
	if _, err := m.State(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("what the screen says: got %v, want %s", err, want)
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	var started string
	s := &remote.Server{Runs: runs, Resume: func(_ context.Context, dir string) error {
		started = dir
		return errors.New("run: tiny: nothing left to train")
	}}
	c, _ := piped(t, s)
	if err := c.Start(within(t), name); err == nil || err.Error() != "run: tiny: nothing left to train" || started != dir {
		t.Errorf("got %v for %q", err, started)
	}
	s.Resume = nil
	if err := c.Start(within(t), name); err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("where it is not allowed: got %v", err)
	}
}

// loop stands for the training loop of a run.
type loop struct {
	mu   sync.Mutex
	st   run.Status
	done []control.Command
	hold chan struct{}
}

func (l *loop) Status() run.Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.st
}

func (l *loop) Layers() []run.Layer {
	return []run.Layer{{Name: "enc.conv.weight", Kind: "conv", Shape: []int{1}, Count: 1}}
}

func (l *loop) Do(ctx context.Context, c control.Command) error {
	if l.hold != nil {
		select {
		case <-l.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = append(l.done, c)
	if c.Kind == control.KindPause {
		l.st.State = run.StatePaused
	}
	return nil
}

// train makes the run in dir one with a trainer.
func train(t testing.TB, dir string) *loop {
	t.Helper()
	l := &loop{st: run.Status{Version: run.Version, State: run.StateRunning, PID: os.Getpid(), Nimg: 2000, SampleFile: "samples/000002000-seed7.png"}}
	must(t, run.WriteStatus(dir, l.st))
	lock, err := run.Acquire(dir)
	must(t, err)
	t.Cleanup(func() { lock.Release() })
	s, err := control.Serve(dir, l, control.Options{})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return l
}
