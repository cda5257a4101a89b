package remote_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/remote"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// mirrored returns a mirror of a server's runs, and what looks once at them.
func mirrored(t testing.TB, c *remote.Client, only string) (m *remote.Mirror, look func()) {
	t.Helper()
	m, err := remote.NewMirror(within(t), c, shortDir(t), "ssh://there", only)
	must(t, err)
	t.Cleanup(func() { m.Close() })
	return m, func() {
		t.Helper()
		for more := true; more; {
			more, err = m.Look(within(t))
			must(t, err)
		}
	}
}

func names(t testing.TB, dir string) (list []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(dir, path)
		if !e.IsDir() {
			list = append(list, rel)
		}
		return err
	}))
	return list
}

// TestMirror follows the files of a run that has no trainer.
func TestMirror(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	c, _ := piped(t, &remote.Server{Runs: runs})
	m, look := mirrored(t, c, name)
	here := m.Dir(name)
	want := []string{run.ConfigFile, runlog.MetricsFile, "samples/000001000.png", run.StatusFile}
	if got := names(t, here); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("files: got %q, want %q", got, want)
	}
	info, err := run.ReadInfo(here)
	if err != nil || info.Alive || info.Status.State != run.StateStopped || info.Status.Nimg != 1000 {
		t.Errorf("got %+v, %v", info, err)
	}

	grid := filepath.Join(here, "samples/000001000.png")
	if got := read(t, grid); got != "" {
		t.Errorf("a sample that nobody looked at: got %q", got)
	}
	must(t, m.Bring(within(t), here, "samples/000001000.png"))
	if got := read(t, grid); got != "a picture" {
		t.Errorf("sample: got %q", got)
	}
	look()
	if got := read(t, grid); got != "a picture" {
		t.Errorf("sample after another look: got %q", got)
	}
	for _, other := range []string{"../config.toml", "samples/../config.toml", "config.toml"} {
		if err := m.Bring(within(t), here, other); err != nil {
			t.Errorf("%s: got %v, want nothing done", other, err)
		}
	}

	metrics, there := filepath.Join(here, runlog.MetricsFile), filepath.Join(dir, runlog.MetricsFile)
	node := func() uint64 { return remote.StampAt(metrics).Node }
	before := node()
	write(t, there, "one\ntwo\nthree\n")
	look()
	if got := read(t, metrics); got != "one\ntwo\nthree\n" || node() != before {
		t.Errorf("grown: got %q, another file: %v", got, node() != before)
	}
	write(t, there, "ONE\n")
	if more, err := m.Look(within(t)); err != nil || !more {
		t.Errorf("shrunk: got %v, %v", more, err)
	}
	if _, err := os.Stat(metrics); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("shrunk: got %v, want no file for a moment", err)
	}
	look()
	if got := read(t, metrics); got != "ONE\n" {
		t.Errorf("shrunk: got %q", got)
	}
	must(t, os.Remove(there))
	write(t, there, "other, and longer\n")
	must(t, os.RemoveAll(filepath.Join(dir, run.SamplesDir, "000001000.png")))
	look()
	look()
	if got := read(t, metrics); got != "other, and longer\n" {
		t.Errorf("replaced: got %q", got)
	}
	if _, err := os.Stat(grid); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a sample that was taken back: got %v", err)
	}
	must(t, os.RemoveAll(dir))
	look()
	if got := names(t, m.Runs()); len(got) > 0 {
		t.Errorf("a run that was deleted: got %q", got)
	}
}

// TestMirrorList follows more of the run that is looked at than of others.
func TestMirrorList(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	write(t, filepath.Join(dir, runlog.LayersFile), "{}\n")
	for i := range 20 {
		other := filepath.Join(runs, fmt.Sprintf("%05d-other", 10+i))
		write(t, filepath.Join(other, run.ConfigFile), "name = \"other\"\n")
		write(t, filepath.Join(other, runlog.MetricsFile), "one\n")
	}
	c, _ := piped(t, &remote.Server{Runs: runs})
	m, look := mirrored(t, c, "")
	look()
	if list, err := run.List(m.Runs()); err != nil || len(list) != 21 || list[0].Name != name || list[20].Status.State != run.StateNew {
		t.Errorf("got %d runs, %v", len(list), err)
	}
	if got := read(t, filepath.Join(m.Dir("00029-other"), runlog.MetricsFile)); got != "one\n" {
		t.Errorf("history of a run in the list: got %q", got)
	}
	layers := filepath.Join(m.Dir(name), runlog.LayersFile)
	if _, err := os.Stat(layers); err == nil {
		t.Error("layers of a run that nobody looks at came")
	}
	m.Focus(m.Dir(name))
	look()
	if got := read(t, layers); got != "{}\n" {
		t.Errorf("layers of a run that is looked at: got %q", got)
	}
}

// TestMirrorControl has a copy answer as its run's trainer does.
func TestMirrorControl(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	l := train(t, dir)
	c, cut := piped(t, &remote.Server{Runs: runs})
	m, look := mirrored(t, c, name)
	here := m.Dir(name)
	if info, err := run.ReadInfo(here); err != nil || !info.Alive || info.Status.State != run.StateRunning || info.Status.PID != os.Getpid() {
		t.Errorf("got %+v, %v", info, err)
	}
	trainer, ctx := control.NewClient(here), within(t)
	if st, err := trainer.Status(ctx); err != nil || st.Nimg != 2000 {
		t.Errorf("status: got %+v, %v", st, err)
	}
	if layers, err := trainer.Layers(ctx); err != nil || len(layers) != 1 {
		t.Errorf("layers: got %+v, %v", layers, err)
	}
	preset := "none"
	if _, err := trainer.Freeze(ctx, control.FreezeRequest{Preset: &preset}); err != nil || *l.done[0].Freeze.Preset != preset {
		t.Errorf("freeze: got %+v, %v", l.done, err)
	}
	if _, err := trainer.Freeze(ctx, control.FreezeRequest{}); err == nil || !strings.Contains(err.Error(), "empty request") {
		t.Errorf("a freeze that says nothing: got %v", err)
	}
	write(t, filepath.Join(dir, "samples/000002000-seed7.png"), "of seed 7")
	if st, err := trainer.Sample(ctx, control.SampleRequest{}); err != nil || read(t, filepath.Join(here, st.SampleFile)) != "of seed 7" {
		t.Errorf("sample: got %q, %v", st.SampleFile, err)
	}
	stream, err := trainer.Stream(ctx, control.MessageStatus)
	must(t, err)
	if msg, err := stream.Next(); err != nil || msg.Type != control.MessageStatus {
		t.Errorf("stream: got %+v, %v", msg, err)
	}
	if st, err := trainer.Pause(ctx); err != nil || st.State != run.StatePaused {
		t.Errorf("pause: got %q, %v", st.State, err)
	}

	l.mu.Lock()
	l.hold = make(chan struct{}) // a step without an end
	l.mu.Unlock()
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	if _, err := trainer.Resume(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a trainer that is busy: got %v", err)
	}
	look() // which waits for no command

	cut()
	if _, err := stream.Next(); err == nil {
		if _, err = stream.Next(); err == nil {
			t.Error("stream of a lost connection: got no end")
		}
	}
	stream.Close()
	for c.Lost() == nil {
		time.Sleep(time.Millisecond)
	}
	if _, err := trainer.Status(ctx); err == nil || !strings.Contains(err.Error(), "connection to there lost") {
		t.Errorf("status over a lost connection: got %v", err)
	}
	if where, err := m.State(); where != "there" || err == nil || !strings.HasPrefix(err.Error(), "connection lost, ") {
		t.Errorf("got %q, %v", where, err)
	}
	if info, err := run.ReadInfo(here); err != nil || !info.Alive { // nobody knows that it is not
		t.Errorf("lost: got %+v, %v", info, err)
	}
}

// TestMirrorTrainerEnds follows a trainer that ends, and another one.
func TestMirrorTrainerEnds(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	lock, err := run.Acquire(dir)
	must(t, err)
	must(t, run.WriteStatus(dir, run.Status{Version: run.Version, State: run.StateRunning, PID: os.Getpid()}))
	c, _ := piped(t, &remote.Server{Runs: runs})
	m, look := mirrored(t, c, name)
	state := func() string {
		info, err := run.ReadInfo(m.Dir(name))
		must(t, err)
		if info.Alive != run.Active(info.Status.State) {
			t.Errorf("%s: alive is %v", info.Status.State, info.Alive)
		}
		return info.Status.State
	}
	if got := state(); got != run.StateRunning {
		t.Errorf("got %q, want running", got)
	}
	must(t, lock.Release())
	look()
	if got := state(); got != run.StateDead {
		t.Errorf("killed: got %q", got)
	}
	if _, err := control.NewClient(m.Dir(name)).Status(within(t)); !errors.Is(err, control.ErrNotRunning) {
		t.Errorf("status of a dead run: got %v", err)
	}
	must(t, os.Remove(filepath.Join(dir, run.StatusFile)))
	look()
	if got := state(); got != run.StateNew {
		t.Errorf("without a heartbeat: got %q", got)
	}
	if lock, err = run.Acquire(dir); err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	look()
	if got := state(); got != run.StateStarting {
		t.Errorf("started: got %q", got)
	}
}

// TestMirrorEdits hands edits of the copy over.
func TestMirrorEdits(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	c, _ := piped(t, &remote.Server{Runs: runs})
	m, look := mirrored(t, c, name)
	here, there := filepath.Join(m.Dir(name), run.ConfigFile), filepath.Join(dir, run.ConfigFile)
	write(t, here, "name = \"mine\"\n")
	look()
	if got := read(t, there); got != "name = \"mine\"\n" {
		t.Errorf("edited here: got %q there", got)
	}
	write(t, there, "name = \"theirs\"\n")
	look()
	if got := read(t, here); got != "name = \"theirs\"\n" {
		t.Errorf("edited there: got %q here", got)
	}
	write(t, there, "name = \"theirs, later\"\n")
	write(t, here, "name = \"mine, too late\"\n")
	look()
	if got, is := read(t, here), read(t, there); got != is || is != "name = \"theirs, later\"\n" {
		t.Errorf("edited in both: got %q here, %q there", got, is)
	}
	if got := read(t, here+".refused"); got != "name = \"mine, too late\"\n" {
		t.Errorf("what was refused: got %q", got)
	}
	if _, err := m.State(); err == nil || !strings.Contains(err.Error(), "changed meanwhile; your text is in "+here+".refused") {
		t.Errorf("got %v", err)
	}
	note := "from afar"
	must(t, run.Note(m.Dir(name), []string{"good"}, &note))
	look()
	if a, err := run.ReadAbout(dir); err != nil || a.Note != note || a.Tags[0] != "good" {
		t.Errorf("note: got %+v, %v", a, err)
	}
	write(t, here, "name = \"at the end\"\n")
	must(t, m.Close())
	if got := read(t, there); got != "name = \"at the end\"\n" {
		t.Errorf("edited before the end: got %q", got)
	}
}

// TestMirrorEditUnsent loses an edit with its connection, but not its text.
func TestMirrorEditUnsent(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	c, cut := piped(t, &remote.Server{Runs: runs})
	m, _ := mirrored(t, c, name)
	here := filepath.Join(m.Dir(name), run.ConfigFile)
	write(t, here, "name = \"mine\"\n")
	cut()
	for c.Lost() == nil {
		time.Sleep(time.Millisecond)
	}
	if err := m.Close(); err == nil || !strings.Contains(err.Error(), "config.toml was not sent: your text is in "+here+".refused") {
		t.Errorf("got %v", err)
	}
	if got := read(t, here+".refused"); got != "name = \"mine\"\n" {
		t.Errorf("kept: got %q", got)
	}
	if got := read(t, filepath.Join(dir, run.ConfigFile)); got != "name = \"tiny\"\n" {
		t.Errorf("there: got %q", got)
	}
}

// counting counts what a connection reads, and breaks it off after some.
type counting struct {
	net.Conn
	read  *atomic.Int64
	allow *atomic.Int64
}

func (c *counting) Read(b []byte) (int, error) {
	if c.read.Load() >= c.allow.Load() {
		c.Conn.Close()
		return 0, errors.New("cut")
	}
	n, err := c.Conn.Read(b[:min(len(b), 16<<10)])
	c.read.Add(int64(n))
	return n, err
}

// TestTorn breaks a connection off in the middle of a file, which is continued.
func TestTorn(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	var text bytes.Buffer
	for i := 0; text.Len() < 6<<20; i++ {
		fmt.Fprintf(&text, "line %d\n", i)
	}
	write(t, filepath.Join(dir, runlog.MetricsFile), text.String())
	ctx := within(t)
	var got, allow atomic.Int64
	allow.Store(2 << 20)
	s := &remote.Server{Runs: runs}
	c := remote.NewClient("there", "", func(context.Context, bool) (net.Conn, error) {
		here, there := net.Pipe()
		go s.ServeConn(ctx, there) // ends with its connection
		return &counting{here, &got, &allow}, nil
	})
	must(t, c.Connect(ctx, true))
	cache := shortDir(t)
	if m, err := remote.NewMirror(ctx, c, cache, "ssh://there", name); err == nil {
		m.Close()
		t.Fatal("got all of it, want an end in the middle")
	}
	var metrics string
	for _, n := range names(t, cache) {
		if filepath.Base(n) == runlog.MetricsFile {
			metrics = filepath.Join(cache, n)
		}
	}
	part := read(t, metrics)
	if len(part) < 1<<20 || len(part) >= text.Len() || !strings.HasPrefix(text.String(), part) {
		t.Fatalf("got %d bytes, want a part of %d", len(part), text.Len())
	}
	allow.Store(1 << 40)
	before := got.Load()
	must(t, c.Connect(ctx, false))
	m, err := remote.NewMirror(ctx, c, cache, "ssh://there", name)
	must(t, err)
	defer m.Close()
	if read(t, metrics) != text.String() {
		t.Error("got another text")
	}
	if came, want := got.Load()-before, int64(text.Len()-len(part)); came > want+want/10+(64<<10) {
		t.Errorf("got %d bytes for the %d that were missing", came, want)
	}
}

// TestMirrorReconnects loses a connection and comes back by itself.
func TestMirrorReconnects(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	c, cut := piped(t, &remote.Server{Runs: runs})
	m, _ := mirrored(t, c, name)
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	cut()
	write(t, filepath.Join(dir, runlog.MetricsFile), "one\ntwo\nafter\n")
	metrics := filepath.Join(m.Dir(name), runlog.MetricsFile)
	for read(t, metrics) != "one\ntwo\nafter\n" {
		if t.Context().Err() != nil {
			t.Fatal("never came back")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if _, err := m.State(); err != nil {
		t.Errorf("got %v", err)
	}
	end()
	running.Wait()
}

// TestTwoMirrors gives each a folder of its own.
func TestTwoMirrors(t *testing.T) {
	t.Parallel()
	runs, _ := makeRun(t)
	s, cache := &remote.Server{Runs: runs}, shortDir(t)
	var dirs []string
	for range 2 {
		c, _ := piped(t, s)
		m, err := remote.NewMirror(within(t), c, cache, "ssh://there", "")
		must(t, err)
		defer m.Close()
		dirs = append(dirs, m.Runs())
	}
	if dirs[0] == dirs[1] {
		t.Errorf("got %q twice", dirs[0])
	}
}

// TestHostile mirrors a server that lies about everything.
func TestHostile(t *testing.T) {
	t.Parallel()
	cache := shortDir(t)
	evil := []string{"..", ".", "../../evil", "/etc/evil", "a/b", ".hidden", "", `a\b`, "a\x00b", "a\nb", "\x1b[2J", strings.Repeat("a", 300), name, name}
	stamps := map[string]remote.Stamp{}
	for i, n := range []string{"../evil", "../../evil", "/tmp/evil", "samples/../../evil", "samples/../evil.png", "samples/a/b.png", "samples/..png", "lock", "control.sock", "status.json", "checkpoints/x.ckpt", "samples/000001000.png", run.LayersFile, run.ConfigFile} {
		stamps[n] = remote.Stamp{Size: int64(i), Mod: time.Now()}
	}
	stamps[runlog.MetricsFile] = remote.Stamp{Size: 1 << 60}
	stamps[runlog.EventsFile] = remote.Stamp{Size: -5}
	stamps[runlog.LayersFile] = remote.Stamp{Size: 10}
	mux := http.NewServeMux()
	say := func(w http.ResponseWriter, v any) {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		w.Write(b)
	}
	mux.HandleFunc("GET /v1/{$}", func(w http.ResponseWriter, _ *http.Request) { say(w, remote.Hello{Protocol: remote.Protocol}) })
	mux.HandleFunc("GET /v1/runs", func(w http.ResponseWriter, _ *http.Request) {
		var list []remote.Entry
		for _, n := range evil {
			list = append(list, remote.Entry{Name: n, Alive: true, Version: "1", About: run.About{Tags: []string{"\x1b[2J"}},
				Status: run.Status{State: "odd\x1b[2J", PID: 1, Dir: "/etc", Run: "../x", SampleFile: "../../../etc/passwd"}})
		}
		say(w, list)
	})
	mux.HandleFunc("GET /v1/runs/{run}", func(w http.ResponseWriter, _ *http.Request) { say(w, remote.Listing{Files: stamps, Samples: "1"}) })
	mux.HandleFunc("/v1/runs/{run}/control/{route}", func(w http.ResponseWriter, _ *http.Request) {
		say(w, run.Status{State: "running", SampleFile: "../../evil"})
	})
	mux.HandleFunc("GET /v1/runs/{run}/files/{name...}", func(w http.ResponseWriter, r *http.Request) {
		switch r.PathValue("name") {
		case runlog.LayersFile: // more than it said, and no end
			w.Header().Set("Innate-Offset", "0")
			w.Header().Set("Innate-Size", "10")
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					return
				}
			}
		case run.LayersFile:
			for range 17 << 4 {
				w.Write(make([]byte, 64<<10))
			}
		default:
			w.Header().Set("Innate-Offset", "-7")
			w.Write([]byte("x"))
		}
	})
	ctx := within(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: mux, Protocols: &protocols}
	go server.Serve(l) // ends with Close
	defer server.Close()
	c := remote.NewClient("evil", "", func(ctx context.Context, _ bool) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	})
	must(t, c.Connect(ctx, true))
	m, err := remote.NewMirror(ctx, c, cache, "ssh://evil/../..", name)
	must(t, err)
	if _, err := m.State(); err == nil || !strings.Contains(err.Error(), "more than 16777216 bytes") {
		t.Errorf("what is too large: got %v", err)
	}
	m.Close()
	c = remote.NewClient("evil", "", func(ctx context.Context, _ bool) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	})
	must(t, c.Connect(ctx, true))
	delete(stamps, run.LayersFile)
	delete(stamps, runlog.LayersFile)
	if m, err = remote.NewMirror(ctx, c, cache, "ssh://evil/../..", ""); err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if list, err := c.Runs(ctx, ""); err != nil || len(list) != 1 || list[0].Status.State != "odd?[2J" || list[0].About.Tags != nil {
		t.Errorf("list: got %+v, %v", list, err)
	}
	if st, err := control.NewClient(m.Dir(name)).Sample(ctx, control.SampleRequest{}); err != nil || st.SampleFile != "" {
		t.Errorf("sample: got %q, %v", st.SampleFile, err)
	}
	if info, err := run.ReadInfo(m.Dir(name)); err != nil || info.Status.SampleFile != "" || info.Status.Run != name {
		t.Errorf("got %+v, %v", info, err)
	}
	for _, n := range names(t, cache) {
		base := filepath.Base(n)
		info, err := os.Lstat(filepath.Join(cache, n))
		must(t, err)
		if !strings.HasPrefix(n, "remote/") || strings.Contains(base, "evil") || strings.Contains(base, "passwd") || info.Size() > 16<<20 ||
			strings.Contains(n, "runs/") && !strings.Contains(n, "runs/"+name+"/") {
			t.Errorf("got %q of %d bytes", n, info.Size())
		}
	}
	for _, n := range []string{filepath.Join(filepath.Dir(cache), "evil"), "/tmp/evil", "/etc/evil"} {
		if _, err := os.Lstat(n); err == nil {
			t.Errorf("got %s", n)
		}
	}
}

// TestGreeting skips what a login shell says, up to a bound.
func TestGreeting(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		said string
		bad  bool
	}{
		{remote.Greeting, false},
		{"Welcome\nto this machine\n" + remote.Greeting, false},
		{"no newline: " + remote.Greeting, false},
		{strings.Repeat("x", 9000) + "\n" + remote.Greeting, false},
		{"innate serve 2\n", true},
		{"", true},
		{strings.Repeat("x\n", 40<<10) + remote.Greeting, true},
	} {
		if rest, err := remote.AwaitGreeting(io.MultiReader(strings.NewReader(c.said), strings.NewReader("rest"))); (err != nil) != c.bad || !c.bad && rest != "rest" {
			t.Errorf("%.30q: got %q, %v", c.said, rest, err)
		}
	}
}

// TestPutTogether puts two files of a copy at once: neither gets the other's text.
func TestPutTogether(t *testing.T) {
	t.Parallel()
	root, err := os.OpenRoot(shortDir(t))
	must(t, err)
	defer root.Close()
	var both sync.WaitGroup
	for _, name := range []string{run.ConfigFile, run.LayersFile} {
		both.Go(func() {
			for range 300 {
				if err := remote.Put(root, name, []byte(name)); err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				if text, err := root.ReadFile(name); err != nil || string(text) != name {
					t.Errorf("%s holds %q, %v", name, text, err)
					return
				}
			}
		})
	}
	both.Wait()
}
