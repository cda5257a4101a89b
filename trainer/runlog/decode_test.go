package runlog_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"innate/trainer/runlog"
)

// scanned are lines of our own, which the scanner must read by itself.
var scanned = []string{
	`{"type":"tick","nimg":64,"time":1.500}`,
	`{"type":"tick","nimg":64,"time":1763631000.123,"fid":null,"loss/gen":0.5}`,
	`{"type":"fid","nimg":64,"time":1763631000.123,"fid":null}`,
	`{"type":"test","nimg":64,"time":1763631000.123,"accuracy/test":0.98,"loss/test":2}`,
	`{"type":"resume","nimg":-1,"time":0.000}`,
	`{"nimg":64,"time":1,"accuracy/test":0.5,"fid":null}`,
	`{"nimg":64,"time":1,"fid":null}`,
	`{"nimg":64,"time":1,"a":12345678901234567890123,"b":0.1234567890123456789,"c":9007199254740993e-3,"d":123e22,"e":-0.0,"f":0e9999999999}`,
	`{"nimg":64,"time":1.500}`,
	`{"nimg":64,"time":1763631000.123,"fid":null,"loss/gen":0.5}`,
	`{"nimg":-1,"time":0.000,"resume":1}`,
	`{"nimg":9007199254740993,"time":-1.000,"a b":-0,"c":1e-300,"d":1.7976931348623157e+308}`,
	`{"nimg":1,"time":2,"":5}`,
	`{"nimg":1,"time":2,"resume":null,"x":1}`,
}

// left are lines that the scanner must leave to encoding/json, valid or not.
var left = []string{
	`{"type":"tock","nimg":1,"time":2}`, `{"type":"event","nimg":1,"time":2}`, `{"type":"tick","nimg":1,"time":2,"resume":1}`,
	`{"type":"tick","time":2,"nimg":1}`, `{"nimg":1,"time":2,"type":"fid","fid":1}`, `{"nimg":1,"time":2,"type":3}`, `{"type":null,"nimg":1,"time":2}`,
	`{"nimg":1,"time":2,"a":1,"a":null,"a":3}`, `{"type":"tick","nimg":1,"time":2,"type":"fid"}`, `{"nimg":1,"time":2,"a":-}`, `{"nimg":1,"time":2,"a":00}`,
	``, `{}`, `null`, `[1]`, `{"nimg":1}`, `{"time":1,"nimg":1}`, `{ "nimg":1,"time":2}`, `{"nimg":1,"time":2} `,
	`{"nimg":1,"time":2}}`, `{"nimg":1,"time":2,}`, `{"nimg":1,"time":2,"a":01}`, `{"nimg":1,"time":2,"a":+1}`,
	`{"nimg":1,"time":2,"a":.5}`, `{"nimg":1,"time":2,"a":5.}`, `{"nimg":1,"time":2,"a":1e}`, `{"nimg":1,"time":2,"a":1e999}`,
	`{"nimg":1,"time":2,"a":0x10}`, `{"nimg":1,"time":2,"a":Inf}`, `{"nimg":1,"time":2,"a":nul}`, `{"nimg":1,"time":2,"a":"b"}`,
	`{"nimg":1,"time":2,"a":true}`, `{"nimg":1,"time":2,"a\u0041":1}`, `{"nimg":1,"time":2,"σ":1}`, "{\"nimg\":1,\"time\":2,\"\xff\":1}",
	`{"nimg":1,"time":2,"a":[1]}`, `{"nimg":1,"time":2,"nimg":3}`, `{"nimg":1,"time":2,"time":null}`, `{"nimg":null,"time":2}`,
	`{"nimg":1,"time":2,"a"}`, `{"nimg":1,"time":2,"a":}`, `{"nimg":1,"time":2,"a`, `{"nimg":1,"time":2,"a":1_0}`, `{"nimg":"1","time":2}`,
}

// show words a row, its scalars in order of their names, NaN being equal to
// itself.
func show(r runlog.Row) string {
	return fmt.Sprint(r.Type, r.Nimg, r.Time, len(r.Names), len(r.Values), r.Scalars())
}

func TestScan(t *testing.T) {
	var d runlog.Decoder
	for i, line := range slices.Concat(scanned, left) {
		got, ok := d.Scan([]byte(line))
		if want := i < len(scanned); ok != want {
			t.Errorf("%s: scanned %t, want %t", line, ok, want)
		}
		want, err := runlog.DecodeRow([]byte(line))
		if ok && (err != nil || show(got) != show(want)) {
			t.Errorf("%s: %s, want %s (%v)", line, show(got), show(want), err)
		}
	}
}

// TestOldLines reads what builds before lines had types wrote.
func TestOldLines(t *testing.T) {
	var d runlog.Decoder
	for _, c := range []struct {
		line string
		want runlog.Type
		rest string
	}{
		{`{"nimg":64,"time":1.5,"grad/gen":null,"loss/gen":0.5}`, runlog.TypeTick, "[grad/gen loss/gen] [NaN 0.5]"},
		{`{"nimg":64,"time":1.5,"fid":null,"loss/gen":0.5}`, runlog.TypeTick, "[loss/gen] [0.5]"},
		{`{"nimg":64,"time":1.5,"fid":12.5,"loss/gen":0.5}`, runlog.TypeTick, "[fid loss/gen] [12.5 0.5]"},
		{`{"nimg":64,"time":1.5,"fid":12.5}`, runlog.TypeFID, "[fid] [12.5]"},
		{`{"nimg":64,"time":1.5,"fid":null}`, runlog.TypeFID, "[] []"},
		{`{"nimg":64,"time":1.5,"accuracy/test":0.5}`, runlog.TypeTest, "[accuracy/test] [0.5]"},
		{`{"nimg":64,"time":1.5,"resume":1}`, runlog.TypeResume, "[] []"},
		{`{"nimg":64, "time":1.5, "resume":1}`, runlog.TypeResume, "[] []"},
		{`{"nimg":64, "time":1.5, "fid":null, "x":1}`, runlog.TypeTick, "[x] [1]"},
	} {
		row, err := d.Row([]byte(c.line))
		if got := fmt.Sprint(row.Names, row.Values); err != nil || row.Type != c.want || row.Nimg != 64 || got != c.rest {
			t.Errorf("%s: a %s with %s (%v), want a %s with %s", c.line, row.Type, got, err, c.want, c.rest)
		}
	}
}

// TestScanOwn scans what the writer writes: nothing of it may need the slow way.
func TestScanOwn(t *testing.T) {
	var d runlog.Decoder
	for i := range 200 {
		tick := runlog.Tick{Type: runlog.Type(i % 3), Nimg: int64(i) * 1000, Time: time.UnixMilli(1763631000123 + int64(i)*777), Scalars: map[string]float64{
			"loss/gen": math.Sin(float64(i)) * math.Pow(10, float64(i%40-20)), "fid": math.NaN(), "lr": math.Copysign(0, -1), "grad/nonfinite": math.Inf(1),
		}}
		if i%7 == 0 {
			tick.Scalars["now and then"] = float64(i)
		}
		line, err := tick.Line()
		if err != nil {
			t.Fatal(err)
		}
		tick.Scalars["grad/nonfinite"] = math.NaN() // JSON has no infinity
		if tick.Type != runlog.TypeTick {
			maps.DeleteFunc(tick.Scalars, func(_ string, v float64) bool { return math.IsNaN(v) })
		}
		n := len(tick.Scalars)
		want := fmt.Sprint(tick.Type, tick.Nimg, tick.Time, n, n, tick.Scalars)
		if got, ok := d.Scan(line.Text[:len(line.Text)-1]); !ok || show(got) != want {
			t.Errorf("%s: %s, scanned %t, want %s", line.Text, show(got), ok, want)
		}
	}
}

// TestScanNames reads lines with more lists of names than are kept.
func TestScanNames(t *testing.T) {
	var d runlog.Decoder
	for i := range 600 {
		row, ok := d.Scan(fmt.Appendf(nil, `{"nimg":1,"time":2,"n%d":%d}`, i, i))
		if v, known := row.Value(fmt.Sprintf("n%d", i)); !ok || !known || len(row.Names) != 1 || v != float64(i) {
			t.Fatalf("n%d: %s, scanned %t", i, show(row), ok)
		}
	}
}

// TestRowsShare finds that rows with the same names share them and that none
// shares its values.
func TestRowsShare(t *testing.T) {
	var d runlog.Decoder
	line := []byte(`{"type":"tick","nimg":1,"time":2,"a":1,"b":2}`)
	first, _ := d.Row(line)
	d.Row([]byte(`{"type":"tick","nimg":1,"time":2,"a":1}`))
	second, _ := d.Row(line)
	if &first.Names[0] != &second.Names[0] {
		t.Error("two rows with the same names have two lists of them")
	}
	if first.Values[0] = 7; second.Values[0] != 1 || cap(first.Values) != 2 {
		t.Errorf("values %v with capacity %d beside %v", first.Values, cap(first.Values), second.Values)
	}
	if n := testing.AllocsPerRun(1000, func() { d.Row(line) }); n > 0 {
		t.Errorf("got %v allocations a line, want next to none", n)
	}
}

// FuzzScan holds the scanner against encoding/json: what it reads is the same.
func FuzzScan(f *testing.F) {
	for _, line := range slices.Concat(scanned, left) {
		f.Add([]byte(line), []byte(line))
	}
	f.Fuzz(func(t *testing.T, before, line []byte) {
		var d runlog.Decoder
		d.Scan(before) // which leaves its names behind
		got, ok := d.Scan(line)
		if !ok {
			return
		}
		if want, err := runlog.DecodeRow(line); err != nil || show(got) != show(want) {
			t.Errorf("%q: %s, encoding/json reads %s (%v)", line, show(got), show(want), err)
		}
	})
}

// BenchmarkDecodeRow reads a line of a GDD run, with and without the scanner.
func BenchmarkDecodeRow(b *testing.B) {
	tick := runlog.Tick{Nimg: 64_000, Time: time.UnixMilli(1763631000123), Scalars: map[string]float64{}}
	for _, k := range []string{
		"loss/gen", "loss/disc", "loss/r1", "logits/real", "logits/fake", "probs/real", "probs/fake", "grad/gen", "grad/disc", "grad/nonfinite",
		"lr/gen", "lr/disc", "freeze/fraction", "speed/images_per_sec", "time/gen_ms", "time/disc_ms", "time/step_ms", "time/data_ms",
	} {
		tick.Scalars[k] = 1 / float64(len(k))
	}
	encoded, err := tick.Line()
	if err != nil {
		b.Fatal(err)
	}
	line := encoded.Text[:len(encoded.Text)-1]
	var d runlog.Decoder
	for _, c := range []struct {
		name   string
		decode func([]byte) (runlog.Row, error)
	}{{"scan", d.Row}, {"json", runlog.DecodeRow}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if _, err := c.decode(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
