package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// streaming serves a fake run whose state is looked at every 10 ms, and its
// messages every millisecond.
func streaming(t testing.TB, r control.Runner, limits control.Limits) (*control.Hub, *control.Server, *control.Client) {
	t.Helper()
	if limits.StatusEvery == 0 {
		limits.StatusEvery = 10 * time.Millisecond
	}
	if limits.DeliverEvery == 0 {
		limits.DeliverEvery = time.Millisecond
	}
	dir, hub := shortDir(t), control.NewHub(r)
	s, err := control.Serve(dir, r, control.Options{Hub: hub}.WithLimits(limits))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return hub, s, control.NewClient(dir)
}

func openStream(t testing.TB, c *control.Client, types ...string) *control.Stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	s, err := c.Stream(ctx, types...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// nextMessage returns the next message, which must be of that type.
func nextMessage(t testing.TB, s *control.Stream, kind string) control.Message {
	t.Helper()
	m, err := s.Next()
	if err != nil {
		t.Fatalf("got %v, want a %s", err, kind)
	}
	if m.Type != kind {
		t.Fatalf("got %s %s, want a %s", m.Type, m.Data, kind)
	}
	return m
}

// next returns the data of the next message, which must be of that type.
func next[T any](t testing.TB, s *control.Stream, kind string) (v T) {
	t.Helper()
	if err := json.Unmarshal(nextMessage(t, s, kind).Data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (f *fakeRunner) setState(state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = state
}

// await polls until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func TestStream(t *testing.T) {
	runner := &fakeRunner{state: run.StateRunning}
	hub, server, client := streaming(t, runner, control.Limits{})
	s := openStream(t, client)
	if st := next[run.Status](t, s, "status"); st.State != run.StateRunning {
		t.Errorf("got state %q", st.State)
	}
	if l := next[[]run.Layer](t, s, "layers"); len(l) != 1 || l[0].Count != 144 {
		t.Errorf("got layers %+v", l)
	}
	at := time.Unix(1763854000, 120e6)
	tick := runlog.Tick{Nimg: 640, Time: at, Scalars: map[string]float64{"loss/gen": 0.5, "loss/r1": math.Inf(1)}}
	hub.Send(lineOf(t, tick))
	if r := nextMessage(t, s, "tick").Row; r.Nimg != 640 || !r.Time.Equal(at) || fmt.Sprint(r.Names, r.Values) != "[loss/gen loss/r1] [0.5 NaN]" {
		t.Errorf("got tick %+v", r)
	}
	tick = runlog.Tick{Type: runlog.TypeFID, Nimg: 640, Time: at, Scalars: map[string]float64{"fid": 12.5}}
	hub.Send(lineOf(t, tick))
	if r := nextMessage(t, s, "fid").Row; r.Type != runlog.TypeFID || fmt.Sprint(r.Names, r.Values) != "[fid] [12.5]" {
		t.Errorf("got evaluation %+v", r)
	}
	hub.Send(runlog.ResumeLine(320, at))
	if r := nextMessage(t, s, "resume").Row; r.Type != runlog.TypeResume || r.Nimg != 320 {
		t.Errorf("got resume %+v", r)
	}
	hub.Send(lineOf(t, runlog.Event{Time: at, Nimg: 640, Kind: "fid", Text: "FID <none>", Data: map[string]any{"fid": math.NaN(), "best": true}}))
	e := nextMessage(t, s, "event").Event
	if got := fmt.Sprint(e.Kind, e.Text, e.Data, e.Time.Equal(at)); got != "fidFID <none>map[best:true fid:<nil>] true" {
		t.Errorf("got event %s", got)
	}

	runner.setState(run.StatePaused)
	if st := next[run.Status](t, s, "status"); st.State != run.StatePaused {
		t.Errorf("got state %q", st.State)
	}
	// What was published and what changed last still arrives when the run ends.
	hub.Send(lineOf(t, runlog.Event{Kind: "done"}))
	runner.setState(run.StateDone)
	start := time.Now()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if e := nextMessage(t, s, "event").Event; e.Kind != "done" {
		t.Errorf("got %q", e.Kind)
	}
	if st := next[run.Status](t, s, "status"); st.State != run.StateDone {
		t.Errorf("got state %q", st.State)
	}
	if _, err := s.Next(); err != io.EOF {
		t.Errorf("got %v, want EOF", err)
	}
	if took := time.Since(start); took > 500*time.Millisecond {
		t.Errorf("closing took %v", took)
	}
	hub.Send(lineOf(t, runlog.Event{Kind: "late"})) // to nobody
}

// TestStreamSilent finds that a state that stays is sent once, and that silence
// has a heartbeat, which the client keeps to itself.
func TestStreamSilent(t *testing.T) {
	_, server, client := streaming(t, &fakeRunner{}, control.Limits{StatusEvery: time.Millisecond, Heartbeat: 20 * time.Millisecond})
	conn, err := net.Dial("unix", server.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/stream?types=status HTTP/1.0\r\n\r\n")
	conn.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
	b, _ := io.ReadAll(conn)
	_, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(strings.TrimSpace(body), "\n")
	if len(lines) < 3 || len(lines) > 8 || !strings.HasPrefix(lines[0], `{"type":"status",`) {
		t.Errorf("got %d lines: %.200q", len(lines), lines)
	}
	for _, l := range lines[1:] {
		if l != `{"type":"heartbeat"}` {
			t.Errorf("got %s, want a heartbeat", l)
		}
	}
	s := openStream(t, client, "event")
	time.AfterFunc(60*time.Millisecond, func() { s.Close() })
	if m, err := s.Next(); err == nil || m.Type != "" {
		t.Errorf("got %s, want nothing before the end", m.Type)
	}
}

func TestStreamTypes(t *testing.T) {
	hub, server, client := streaming(t, &fakeRunner{}, control.Limits{})
	s := openStream(t, client, control.MessageEvent, control.MessageTick)
	hub.Send(lineOf(t, runlog.Tick{Nimg: 1}))
	hub.Send(lineOf(t, runlog.Event{Kind: "a"}))
	nextMessage(t, s, "tick")
	nextMessage(t, s, "event")
	only := openStream(t, client, control.MessageEvent)
	hub.Send(lineOf(t, runlog.Tick{Nimg: 2}))
	hub.Send(lineOf(t, runlog.Event{Kind: "b"}))
	if e := nextMessage(t, only, "event").Event; e.Kind != "b" {
		t.Errorf("got %q", e.Kind)
	}
	if _, err := client.Stream(within(t), "ticks"); err == nil ||
		err.Error() != `control: stream: types: got "ticks", want some of status,layers,tick,event` {
		t.Errorf("got %v", err)
	}
	hc := overSocket(server.Path())
	resp, err := hc.Get("http://innate/v1/stream?typ=tick")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 || !strings.Contains(string(b), `got \"typ\", want types`) {
		t.Errorf("got %d %s", resp.StatusCode, b)
	}
}

func overSocket(path string) *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(context.Context, string, string) (net.Conn, error) {
		return net.Dial("unix", path)
	}}}
}

// TestStreamLimit opens one stream too many, and another after one has left.
func TestStreamLimit(t *testing.T) {
	hub, _, client := streaming(t, &fakeRunner{}, control.Limits{Streams: 2})
	first := openStream(t, client)
	openStream(t, client)
	if _, err := client.Stream(within(t)); err == nil || err.Error() != "control: stream: 3 clients, want at most 2" {
		t.Errorf("got %v", err)
	}
	first.Close()
	await(t, "the first has left", func() bool { return hub.Clients() == 1 })
	openStream(t, client)
}

// deaf opens a stream and never reads.
func deaf(t testing.TB, path, types string) net.Conn {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "GET /v1/stream?types=%s HTTP/1.0\r\n\r\n", types)
	return conn
}

// TestDeafClient checks that a client that never reads hears what it missed,
// as long as only ticks are lost, and costs the others nothing.
func TestDeafClient(t *testing.T) {
	hub, server, client := streaming(t, &fakeRunner{}, control.Limits{Write: time.Minute})
	conn := deaf(t, server.Path(), "tick")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	good := openStream(t, client, control.MessageTick)
	scalars := map[string]float64{}
	for i := range 100 {
		scalars[strings.Repeat("s", 50)+fmt.Sprint(i)] = float64(i)
	}
	const n = 400 // some 2.5 MB, more than the socket and the buffer hold
	for i := range int64(n) {
		hub.Send(lineOf(t, runlog.Tick{Nimg: i, Scalars: scalars}))
		if tick := nextMessage(t, good, "tick").Row; tick.Nimg != i {
			t.Fatalf("got tick %d, want %d", tick.Nimg, i)
		}
	}
	if hub.Dropped() == 0 {
		t.Fatal("nothing was dropped")
	}
	// It reads after all: every tick is there or counted.
	conn.SetReadDeadline(time.Now().Add(time.Second))
	b, _ := io.ReadAll(conn)
	_, body, _ := strings.Cut(string(b), "\r\n\r\n")
	seen, missed := int64(0), int64(0)
	for line := range strings.Lines(body) {
		var m struct {
			Type string
			Data json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %.80s", err, line)
		}
		switch m.Type {
		case control.MessageTick:
			seen++
		case control.MessageDropped:
			var d control.Dropped
			json.Unmarshal(m.Data, &d)
			missed += d.Count
		}
	}
	if seen+missed != n || missed != hub.Dropped() {
		t.Errorf("got %d ticks and %d dropped, want %d together", seen, missed, n)
	}
}

// TestMissedEventCutsOff fills a client's buffer with events: it must not continue
// as if it had seen all.
func TestMissedEventCutsOff(t *testing.T) {
	hub, server, client := streaming(t, &fakeRunner{}, control.Limits{Write: time.Minute})
	conn := deaf(t, server.Path(), "event")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	good := openStream(t, client, control.MessageEvent)
	text := strings.Repeat("e", 8<<10)
	for range 400 {
		hub.Send(lineOf(t, runlog.Event{Kind: "a", Text: text}))
		nextMessage(t, good, "event")
	}
	if hub.Clients() != 1 {
		t.Errorf("got %d clients, want the good one alone", hub.Clients())
	}
	conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	b, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(b), `{"type":"dropped","data":{"count":1}}`+"\n") || !strings.HasSuffix(string(b), "}\n") {
		t.Errorf("got %v and %d bytes, want the count and a whole last line", err, len(b))
	}
}

// TestWriteDeadline gives up on a client that takes no line in time.
func TestWriteDeadline(t *testing.T) {
	hub, server, _ := streaming(t, &fakeRunner{}, control.Limits{Write: 50 * time.Millisecond})
	deaf(t, server.Path(), "tick")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	name := strings.Repeat("s", 64<<10)
	await(t, "it is dropped", func() bool {
		hub.Send(lineOf(t, runlog.Tick{Scalars: map[string]float64{name: 1}}))
		return hub.Clients() == 0
	})
}

// TestVanishedClient notices a connection that breaks in the middle.
func TestVanishedClient(t *testing.T) {
	hub, server, _ := streaming(t, &fakeRunner{}, control.Limits{})
	conn := deaf(t, server.Path(), "tick")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	conn.Close()
	await(t, "it is gone", func() bool { return hub.Clients() == 0 })
}

// TestStreamOutlivesReadTimeout checks that neither a stream nor a command that
// waits for a long step falls to the deadline for reading requests.
func TestStreamOutlivesReadTimeout(t *testing.T) {
	runner := &fakeRunner{hold: make(chan struct{})}
	hub, _, client := streaming(t, runner, control.Limits{Read: 50 * time.Millisecond})
	s := openStream(t, client, control.MessageEvent)
	time.AfterFunc(200*time.Millisecond, func() { close(runner.hold) })
	if _, err := client.Pause(within(t)); err != nil {
		t.Errorf("a command in a step of four deadlines: %v", err)
	}
	hub.Send(lineOf(t, runlog.Event{Kind: "a"}))
	nextMessage(t, s, "event")
}

// answering is a directory whose socket gives one answer, whatever it is asked,
// and closes.
func answering(t *testing.T, answer string) (dir string) {
	t.Helper()
	dir = shortDir(t)
	l, err := net.Listen("unix", dir+"/"+run.SocketFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		conn.Read(make([]byte, 4096))
		fmt.Fprint(conn, answer)
	}()
	return dir
}

// TestStreamTrainerGone ends a stream in the middle of a line, as a killed
// trainer does.
func TestStreamTrainerGone(t *testing.T) {
	dir := answering(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n{\"type\":\"ti")
	s := openStream(t, control.NewClient(dir))
	_, err := s.Next()
	if err == nil || err == io.EOF || !strings.Contains(err.Error(), "stream: ") {
		t.Errorf("got %v, want an error of the stream", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := control.NewClient(dir).Stream(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want canceled", err)
	}
}

// TestStreamOfOldTrainer reads what a trainer of the build before streams: a
// workbench may be newer than the run that it watches.
func TestStreamOfOldTrainer(t *testing.T) {
	dir := answering(t, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"+
		`{"type":"tick","data":{"nimg":640,"time":"2025-11-22T23:26:40.12Z","scalars":{"loss/r1":null,"loss/gen":0.5}}}`+"\n"+
		`{"type":"tick","data":{"nimg":640,"time":"2025-11-22T23:26:40.12Z","scalars":{"fid":12.5}}}`+"\n"+
		`{"type":"event","data":{"time":"2025-11-22T23:26:40.12Z","nimg":640,"kind":"fid","text":"x","data":{"fid":12.5}}}`+"\n")
	s := openStream(t, control.NewClient(dir))
	at := time.Date(2025, 11, 22, 23, 26, 40, 120e6, time.UTC)
	if r := nextMessage(t, s, "tick").Row; r.Nimg != 640 || !r.Time.Equal(at) || fmt.Sprint(r.Names, r.Values) != "[loss/gen loss/r1] [0.5 NaN]" {
		t.Errorf("got tick %+v", r)
	}
	if r := nextMessage(t, s, "fid").Row; fmt.Sprint(r.Names, r.Values) != "[fid] [12.5]" {
		t.Errorf("got evaluation %+v", r)
	}
	if e := nextMessage(t, s, "event").Event; e.Nimg != 640 || !e.Time.Equal(at) || fmt.Sprint(e.Kind, e.Text, e.Data) != "fidxmap[fid:12.5]" {
		t.Errorf("got event %+v", e)
	}
}

// TestStreamIsTheLog compares the bytes of both.
func TestStreamIsTheLog(t *testing.T) {
	hub, server, _ := streaming(t, &fakeRunner{}, control.Limits{})
	conn := deaf(t, server.Path(), "tick,event")
	await(t, "it is there", func() bool { return hub.Clients() == 1 })
	dir := t.TempDir()
	w, err := runlog.OpenWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, line := range []runlog.Line{lineOf(t, lastTick()), runlog.ResumeLine(7, time.Unix(1, 0)), lineOf(t, lastTick())} {
		if err := w.Write(line); err != nil {
			t.Fatal(err)
		}
		hub.Send(line)
	}
	server.Close()
	b, _ := io.ReadAll(conn)
	_, body, _ := strings.Cut(string(b), "\r\n\r\n")
	log, err := os.ReadFile(filepath.Join(dir, runlog.MetricsFile))
	if err != nil || body != string(log) {
		t.Errorf("streamed\n%s\nlogged (%v)\n%s", body, err, log)
	}
}
