package runlog_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/trainer/runlog"
)

var at = time.UnixMilli(1763854000120)

func open(t *testing.T, dir string) *runlog.Writer {
	t.Helper()
	w, err := runlog.OpenWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func poll(t *testing.T, r *runlog.Reader) runlog.Update {
	t.Helper()
	u, err := r.Poll()
	must(t, err)
	return u
}

func nimgs(rows []runlog.Row) string {
	var b strings.Builder
	for _, t := range rows {
		fmt.Fprintf(&b, "%d ", t.Nimg)
	}
	return strings.TrimSpace(b.String())
}

func file(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return string(b)
}

func add(t *testing.T, dir, name, text string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	must(t, f.Close())
}

// TestFormat fixes the bytes, which jq and others read.
func TestFormat(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	must(t, w.Tick(runlog.Tick{Nimg: 25600, Time: at, Scalars: map[string]float64{
		"loss/gen": 0.71, "fid": 12.3, "nan": math.NaN(), "inf": math.Inf(-1), "tiny": 1e-20}}))
	want := `{"type":"tick","nimg":25600,"time":1763854000.120,"fid":12.3,"inf":null,"loss/gen":0.71,"nan":null,"tiny":1e-20}` + "\n"
	if got := file(t, dir, runlog.MetricsFile); got != want {
		t.Errorf("\n got %swant %s", got, want)
	}
	must(t, w.Event(runlog.Event{Time: at, Nimg: 7, Kind: runlog.FID, Text: "a \"b\"\nc",
		Data: map[string]any{"fid": math.NaN(), "list": []float64{1, math.Inf(1)}, "deep": map[string]any{"x": float32(math.NaN())}}}))
	want = `{"type":"event","time":1763854000.120,"nimg":7,"kind":"fid","text":"a \"b\"\nc","data":{"deep":{"x":null},"fid":null,"list":[1,null]}}` + "\n"
	if got := file(t, dir, runlog.EventsFile); got != want {
		t.Errorf("\n got %swant %s", got, want)
	}
	if err := w.Tick(runlog.Tick{Scalars: map[string]float64{"nimg": 1}}); err == nil {
		t.Error("a scalar called nimg was written")
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	r := runlog.NewReader(dir)
	if u := poll(t, r); len(u.Rows)+len(u.Events) > 0 || u.Reset || u.More {
		t.Errorf("no files: got %+v", u)
	}
	w := open(t, dir)
	must(t, w.Tick(runlog.Tick{Nimg: 1, Time: at, Scalars: map[string]float64{"a/b": 0.1, "c/d": math.NaN()}}))
	must(t, w.Event(runlog.Event{Nimg: 1, Kind: runlog.Start, Text: "started", Data: map[string]any{"pid": 7}}))
	u := poll(t, r)
	if len(u.Rows) != 1 || len(u.Events) != 1 {
		t.Fatalf("got %+v", u)
	}
	tick, event := u.Rows[0], u.Events[0]
	if !tick.Time.Equal(at) || tick.Type != runlog.TypeTick || fmt.Sprint(tick.Names, tick.Values) != "[a/b c/d] [0.1 NaN]" {
		t.Errorf("got %+v", tick)
	}
	if event.Kind != runlog.Start || event.Text != "started" || event.Data["pid"] != 7.0 || time.Since(event.Time) > time.Minute {
		t.Errorf("got %+v", event)
	}
	if u := poll(t, r); len(u.Rows)+len(u.Events) > 0 {
		t.Errorf("second poll: got %+v", u)
	}
}

// TestTornLine follows a line that arrives in pieces, and one that never ends
// because the trainer was killed.
func TestTornLine(t *testing.T) {
	dir := t.TempDir()
	r := runlog.NewReader(dir)
	add(t, dir, runlog.MetricsFile, `{"nimg":1,"time":1}`+"\n"+`{"nimg":2,"ti`)
	if got := nimgs(poll(t, r).Rows); got != "1" {
		t.Errorf("got %q, want the whole line only", got)
	}
	add(t, dir, runlog.MetricsFile, `me":2}`+"\n"+`{"nimg":3,"time":3,"loss/gen":0.`)
	if got := nimgs(poll(t, r).Rows); got != "2" {
		t.Errorf("got %q, want the completed line", got)
	}
	w := open(t, dir) // the next trainer
	must(t, w.Tick(runlog.Tick{Nimg: 4}))
	if got := nimgs(poll(t, r).Rows); got != "4" || r.Skipped() != 1 {
		t.Errorf("got %q and %d skipped, want 4 and the torn line skipped", got, r.Skipped())
	}
	h, err := runlog.ReadAll(dir)
	if must(t, err); nimgs(h.Rows) != "1 2 4" {
		t.Errorf("got %q", nimgs(h.Rows))
	}
}

func TestForeignLines(t *testing.T) {
	dir := t.TempDir()
	add(t, dir, runlog.MetricsFile, "\n[]\n{}\nnull\n{\"nimg\":\"x\"}\n{\"nimg\":5,\"time\":1,\"note\":\"text\",\"a/b\":2}\n")
	add(t, dir, runlog.EventsFile, "{}\nnonsense\n{\"kind\":\"x\"}\n")
	r := runlog.NewReader(dir)
	u := poll(t, r)
	if nimgs(u.Rows) != "5" || len(u.Rows[0].Names) != 1 || len(u.Events) != 1 || r.Skipped() != 6 {
		t.Errorf("got %+v and %d skipped", u, r.Skipped())
	}
}

// TestResume kills a run at 50, resumes it from the checkpoint at 30, kills it
// at 60 and resumes it at 20, before a reader that follows and one that comes
// late.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	r := runlog.NewReader(dir)
	var h runlog.History
	ticks := func(from, to int64) {
		w := open(t, dir)
		for n := from; n <= to; n += 10 {
			must(t, w.Tick(runlog.Tick{Nimg: n}))
		}
		must(t, w.Close())
	}
	resume := func(nimg int64) {
		w := open(t, dir)
		must(t, w.Resume(nimg, time.Now(), "resumed"))
		must(t, w.Close())
	}
	ticks(10, 50)
	h.Apply(poll(t, r))
	snapshot := h.Rows
	resume(30)
	u := poll(t, r)
	if len(u.Rows) != 1 || u.Rows[0].Type != runlog.TypeResume || u.Rows[0].Nimg != 30 {
		t.Fatalf("got %+v", u)
	}
	h.Apply(u)
	if nimgs(h.Rows) != "10 20 30" || nimgs(snapshot) != "10 20 30 40 50" {
		t.Errorf("got %q, and the snapshot of before became %q", nimgs(h.Rows), nimgs(snapshot))
	}
	ticks(35, 65)
	resume(20)
	ticks(25, 45)
	h.Apply(poll(t, r))
	if got := nimgs(h.Rows); got != "10 20 25 35 45" {
		t.Errorf("following: got %q", got)
	}
	late, err := runlog.ReadAll(dir)
	must(t, err)
	if got := nimgs(late.Rows); got != "10 20 25 35 45" {
		t.Errorf("late: got %q", got)
	}
	if len(late.Events) != 2 || late.Events[1].Kind != runlog.Resume || late.Events[1].Data["nimg"] != 20.0 {
		t.Errorf("got events %+v", late.Events)
	}
}

// TestReset replaces the log by a shorter one.
func TestReset(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	for n := range int64(10) {
		must(t, w.Tick(runlog.Tick{Nimg: n}))
	}
	must(t, w.Event(runlog.Event{Kind: runlog.Start}))
	r := runlog.NewReader(dir)
	var h runlog.History
	h.Apply(poll(t, r))
	must(t, os.Remove(filepath.Join(dir, runlog.MetricsFile)))
	add(t, dir, runlog.MetricsFile, `{"nimg":3,"time":1}`+"\n")
	u := poll(t, r)
	if h.Apply(u); !u.Reset || nimgs(h.Rows) != "3" || len(h.Events) != 1 {
		t.Errorf("got %+v and %q, %d events", u, nimgs(h.Rows), len(h.Events))
	}
	must(t, os.Remove(filepath.Join(dir, runlog.MetricsFile)))
	u = poll(t, r)
	if h.Apply(u); !u.Reset || len(h.Rows) != 0 {
		t.Errorf("got %+v and %q", u, nimgs(h.Rows))
	}
}

// TestResetByALonger replaces the log by a longer one between two polls, as a run
// does that is deleted and made again under its name while nobody looks.
func TestResetByALonger(t *testing.T) {
	dir, next := t.TempDir(), t.TempDir()
	for name, nimgs := range map[string][]int64{dir: {10, 20}, next: {11, 22, 33, 44}} {
		w := open(t, name)
		for _, n := range nimgs {
			must(t, w.Tick(runlog.Tick{Nimg: n}))
			must(t, w.LayerStats(layer(n)))
		}

	}
	r, layers := runlog.NewReader(dir), runlog.NewLayerReader(dir)
	var h runlog.History
	h.Apply(poll(t, r))
	pollLayers(t, layers)
	for _, name := range []string{runlog.MetricsFile, runlog.LayersFile} {
		must(t, os.Rename(filepath.Join(next, name), filepath.Join(dir, name)))
	}
	u := poll(t, r)
	if h.Apply(u); !u.Reset || nimgs(h.Rows) != "11 22 33 44" {
		t.Errorf("reset %v, rows at %q; want those of the new log", u.Reset, nimgs(h.Rows))
	}
	if stats, reset := pollLayers(t, layers); !reset || layerNimgs(stats) != "11 22 33 44" {
		t.Errorf("reset %v, layers at %q; want those of the new log", reset, layerNimgs(stats))
	}
}

// TestLargeLog reads more than one Poll takes, and a line that is too long.
func TestLargeLog(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	const lines = 30_000
	for n := range lines {
		fmt.Fprintf(&b, `{"nimg":%d,"time":1,"pad":"%s"}`+"\n", n, strings.Repeat("x", 200))
	}
	add(t, dir, runlog.MetricsFile, b.String())
	add(t, dir, runlog.MetricsFile, strings.Repeat("y", 9<<20)+"\n"+`{"nimg":99999,"time":1}`+"\n")
	r := runlog.NewReader(dir)
	var h runlog.History
	polls := 0
	for {
		u := poll(t, r)
		h.Apply(u)
		if polls++; !u.More {
			break
		}
	}
	if polls < 2 || len(h.Rows) != lines+1 || h.Rows[lines].Nimg != 99999 || h.Rows[lines-1].Nimg != lines-1 {
		t.Errorf("got %d ticks in %d polls", len(h.Rows), polls)
	}
}

// TestConcurrent has many writers of one log and a reader at once: no line may
// be lost or mixed.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				if err := w.Tick(runlog.Tick{Nimg: int64(g*1000 + i), Scalars: map[string]float64{"x/y": float64(i)}}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	r := runlog.NewReader(dir)
	var h runlog.History
	for len(h.Rows) < 800 && !t.Failed() {
		u, err := r.Poll()
		must(t, err)
		h.Apply(u)
	}
	wg.Wait()
	if r.Skipped() != 0 {
		t.Errorf("%d lines were unreadable", r.Skipped())
	}
}

func TestOpenWriterFails(t *testing.T) {
	if _, err := runlog.OpenWriter(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("got no error for a missing directory")
	}
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, runlog.MetricsFile), 0o755))
	if _, err := runlog.NewReader(dir).Poll(); err == nil || !strings.HasPrefix(err.Error(), "runlog: ") {
		t.Errorf("got %v, want an error for a directory in place of the file", err)
	}
}
