package runlog_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"innate/trainer/runlog"
)

// pollLimit is what one Poll may allocate in all, most of it garbage at once,
// whatever the files hold: 128 times the 4 MiB that it reads of each.
const pollLimit = 512 << 20

// poller reads all three files the way a screen does, and keeps what counts.
type poller struct {
	log     *runlog.Reader
	layers  *runlog.LayerReader
	history runlog.History
	stats   []runlog.LayerStats
}

func newPoller(dir string) *poller {
	return &poller{log: runlog.NewReader(dir), layers: runlog.NewLayerReader(dir)}
}

func (p *poller) poll(t testing.TB) {
	t.Helper()
	for more := true; more; {
		u, err := p.log.Poll()
		if err != nil {
			t.Fatal(err)
		}
		p.history.Apply(u)
		more = u.More
	}
	stats, reset, err := p.layers.Poll()
	if err != nil {
		t.Fatal(err)
	}
	if reset {
		p.stats = nil
	}
	p.stats = append(p.stats, stats...)
}

// FuzzReader writes arbitrary bytes to the three files of a log, all at once
// and in pieces, and polls in between: both readers must end with the same, and
// with no more than one entry a line.
func FuzzReader(f *testing.F) {
	const tick, layer = `{"nimg":64,"time":1.5,"loss/gen":0.5,"fid":null}` + "\n", `{"nimg":64,"time":1.5,"grad":[1,null],"update":[1,2],"distance":[0,0]}` + "\n"
	const event = `{"time":1.5,"nimg":64,"kind":"config","text":"gen_lr 1 → 2","data":{"a":{"old":"1"}}}` + "\n"
	const resume = `{"nimg":32,"time":2,"resume":1}` + "\n"
	f.Add([]byte(tick+tick+resume+tick), []byte(event+event), []byte(layer+resume+layer), uint8(3))
	f.Add([]byte(tick+`{"nimg":9`), []byte("\n\n{}\n"), []byte(`{"nimg":1,"grad":[1]}`+"\n"+layer), uint8(7))
	f.Add([]byte(`{"type":"tick","nimg":64,"time":1.5,"loss/gen":0.5}`+"\n"+tick+`{"type":"resume","nimg":32,"time":2}`+"\n"+`{"type":"fid","nimg":32,"time":2,"fid":null}`+"\n"),
		[]byte(`{"type":"event","time":1.5,"nimg":64,"kind":"config","text":"x"}`+"\n"), []byte(`{"type":"layers","nimg":64,"grad":[],"update":[],"distance":[]}`+"\n"+`{"type":"resume","nimg":3}`+"\n"), uint8(2))
	f.Add([]byte("\x00\xff[1,2]\n{\"nimg\":1e999}\n{\"nimg\":-1e300,\"time\":1e300}\n"), []byte(`{"kind":"x","nimg":1.5}`+"\n"), []byte("null\n[]\n"), uint8(1))
	f.Add([]byte(`{"nimg":1,"nimg":2,"loss":"x","deep":[[[[{}]]]]}`+"\r\n"), []byte(`{"kind":"`+"\xff"+`"}`+"\n"), []byte(nil), uint8(0))
	whole, parts := f.TempDir(), f.TempDir() // for all inputs, one after the other
	f.Fuzz(func(t *testing.T, metrics, events, layers []byte, pieces uint8) {
		files := map[string][]byte{runlog.MetricsFile: metrics, runlog.EventsFile: events, runlog.LayersFile: layers}
		for name, b := range files {
			for dir, content := range map[string][]byte{whole: b, parts: nil} {
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
		atOnce := newPoller(whole)
		atOnce.poll(t)

		inPieces := newPoller(parts)
		n := int(pieces%8) + 1
		for i := range n {
			for name, b := range files {
				appendFile(t, filepath.Join(parts, name), b[len(b)*i/n:len(b)*(i+1)/n])
			}
			inPieces.poll(t)
		}
		if a, b := fmt.Sprint(atOnce.history, atOnce.stats), fmt.Sprint(inPieces.history, inPieces.stats); a != b {
			t.Errorf("read at once\n%s\nin %d pieces\n%s", a, n, b)
		}
		for _, c := range []struct {
			what    string
			entries int
			file    []byte
		}{
			{"ticks", len(atOnce.history.Rows), metrics}, {"events", len(atOnce.history.Events), events}, {"layer statistics", len(atOnce.stats), layers},
		} {
			if lines := bytes.Count(c.file, []byte{'\n'}); c.entries > lines {
				t.Errorf("%d %s in %d lines", c.entries, c.what, lines)
			}
		}
		for _, row := range atOnce.history.Rows {
			if row.Type == runlog.TypeResume || len(row.Names) != len(row.Values) {
				t.Errorf("row at %d of type %s: %d names and %d values", row.Nimg, row.Type, len(row.Names), len(row.Values))
			}
		}
	})
}

func appendFile(t testing.TB, path string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		t.Fatal(err)
	}
}

// TestReaderMemory polls files that are not ours: no Poll may take more than
// its limit, and a line behind the junk is still found.
func TestReaderMemory(t *testing.T) {
	const size = 16 << 20
	good := `{"nimg":64,"time":1.5,"loss":0.5}` + "\n"
	for _, tt := range []struct {
		name string
		junk []byte
	}{
		{"one line", bytes.Repeat([]byte{'x'}, size)},
		{"no bytes but zero", make([]byte, size)},
		{"empty lines", bytes.Repeat([]byte{'\n'}, size/4)},
		{"short lines", bytes.Repeat([]byte("{}\n"), size/16)},
		{"an open list", bytes.Repeat([]byte{'['}, size/8)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			appendFile(t, filepath.Join(dir, runlog.MetricsFile), append(append(tt.junk, '\n'), good...))
			r, ticks := runlog.NewReader(dir), 0
			for more := true; more; {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				u, err := r.Poll()
				runtime.ReadMemStats(&after)
				if err != nil {
					t.Fatal(err)
				}
				if took := after.TotalAlloc - before.TotalAlloc; took > pollLimit {
					t.Errorf("a poll allocated %d MB, want at most %d", took>>20, pollLimit>>20)
				}
				ticks, more = ticks+len(u.Rows), u.More
			}
			if ticks != 1 {
				t.Errorf("got %d ticks, want the one behind the junk", ticks)
			}
		})
	}
}
