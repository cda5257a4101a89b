package runlog_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"innate/trainer/runlog"
)

// scanned are lines of our own, which the scanner must read by itself.
var scanned = []string{
	`{"nimg":64,"time":1.500}`,
	`{"nimg":64,"time":1763631000.123,"fid":null,"loss/gen":0.5}`,
	`{"nimg":-1,"time":0.000,"resume":1}`,
	`{"nimg":9007199254740993,"time":-1.000,"a b":-0,"c":1e-300,"d":1.7976931348623157e+308}`,
	`{"nimg":1,"time":2,"a":1,"a":null,"a":3}`,
	`{"nimg":1,"time":2,"":5}`,
	`{"nimg":1,"time":2,"resume":null,"x":1}`,
}

// left are lines that the scanner must leave to encoding/json, valid or not.
var left = []string{
	``, `{}`, `null`, `[1]`, `{"nimg":1}`, `{"time":1,"nimg":1}`, `{ "nimg":1,"time":2}`, `{"nimg":1,"time":2} `,
	`{"nimg":1,"time":2}}`, `{"nimg":1,"time":2,}`, `{"nimg":1,"time":2,"a":01}`, `{"nimg":1,"time":2,"a":+1}`,
	`{"nimg":1,"time":2,"a":.5}`, `{"nimg":1,"time":2,"a":5.}`, `{"nimg":1,"time":2,"a":1e}`, `{"nimg":1,"time":2,"a":1e999}`,
	`{"nimg":1,"time":2,"a":0x10}`, `{"nimg":1,"time":2,"a":Inf}`, `{"nimg":1,"time":2,"a":nul}`, `{"nimg":1,"time":2,"a":"b"}`,
	`{"nimg":1,"time":2,"a":true}`, `{"nimg":1,"time":2,"a\u0041":1}`, `{"nimg":1,"time":2,"σ":1}`, "{\"nimg\":1,\"time\":2,\"\xff\":1}",
	`{"nimg":1,"time":2,"a":[1]}`, `{"nimg":1,"time":2,"nimg":3}`, `{"nimg":1,"time":2,"time":null}`, `{"nimg":null,"time":2}`,
	`{"nimg":1,"time":2,"a"}`, `{"nimg":1,"time":2,"a":}`, `{"nimg":1,"time":2,"a`, `{"nimg":1,"time":2,"a":1_0}`, `{"nimg":"1","time":2}`,
}

// sameTick compares what two decoders made of a line, NaN being equal to itself.
func sameTick(a, b runlog.Tick) bool {
	return fmt.Sprint(a.Nimg, a.Time, a.Scalars) == fmt.Sprint(b.Nimg, b.Time, b.Scalars)
}

func TestScan(t *testing.T) {
	s := runlog.NewScanner()
	for i, line := range slices.Concat(scanned, left) {
		got, resume, ok := s.Scan([]byte(line))
		if want := i < len(scanned); ok != want {
			t.Errorf("%s: scanned %t, want %t", line, ok, want)
		}
		want, wantResume, err := runlog.DecodeTick([]byte(line))
		if ok && (err != nil || resume != wantResume || !sameTick(got, want)) {
			t.Errorf("%s: %v resume %t, want %v resume %t (%v)", line, got, resume, want, wantResume, err)
		}
	}
}

// TestScanOwn scans what the writer writes: nothing of it may need the slow way.
func TestScanOwn(t *testing.T) {
	s := runlog.NewScanner()
	for i := range 200 {
		tick := runlog.Tick{Nimg: int64(i) * 1000, Time: time.UnixMilli(1763631000123 + int64(i)*777), Scalars: map[string]float64{
			"loss/gen": math.Sin(float64(i)) * math.Pow(10, float64(i%40-20)), "fid": math.NaN(), "lr": math.Copysign(0, -1), "grad/nonfinite": math.Inf(1),
		}}
		if i%7 == 0 {
			tick.Scalars["now and then"] = float64(i)
		}
		line, err := runlog.EncodeTick(tick)
		if err != nil {
			t.Fatal(err)
		}
		tick.Scalars["grad/nonfinite"] = math.NaN() // JSON has no infinity
		got, resume, ok := s.Scan(line[:len(line)-1])
		if !ok || resume || !sameTick(got, tick) {
			t.Errorf("%s: %v, resume %t, scanned %t, want %v", line, got, resume, ok, tick)
		}
	}
}

// TestScanNames reads more names than are kept.
func TestScanNames(t *testing.T) {
	s := runlog.NewScanner()
	for i := range 6000 {
		got, _, ok := s.Scan(fmt.Appendf(nil, `{"nimg":1,"time":2,"n%d":%d}`, i, i))
		if name := fmt.Sprintf("n%d", i); !ok || len(got.Scalars) != 1 || got.Scalars[name] != float64(i) {
			t.Fatalf("%s: %v, scanned %t", name, got, ok)
		}
	}
}

// FuzzScan holds the scanner against encoding/json: what it reads is the same.
func FuzzScan(f *testing.F) {
	for _, line := range slices.Concat(scanned, left) {
		f.Add([]byte(line), []byte(line))
	}
	f.Fuzz(func(t *testing.T, before, line []byte) {
		s := runlog.NewScanner()
		s.Scan(before) // which leaves its names behind
		got, resume, ok := s.Scan(line)
		if !ok {
			return
		}
		want, wantResume, err := runlog.DecodeTick(line)
		if err != nil || resume != wantResume || !sameTick(got, want) {
			t.Errorf("%q: %v resume %t, encoding/json reads %v resume %t (%v)", line, got, resume, want, wantResume, err)
		}
	})
}

// BenchmarkDecodeTick reads a line of a GDD run, with and without the scanner.
func BenchmarkDecodeTick(b *testing.B) {
	tick := runlog.Tick{Nimg: 64_000, Time: time.UnixMilli(1763631000123), Scalars: map[string]float64{}}
	for _, k := range []string{
		"loss/gen", "loss/disc", "loss/r1", "logits/real", "logits/fake", "probs/real", "probs/fake", "grad/gen", "grad/disc", "grad/nonfinite",
		"lr/gen", "lr/disc", "freeze/fraction", "speed/images_per_sec", "time/gen_ms", "time/disc_ms", "time/step_ms", "time/data_ms",
	} {
		tick.Scalars[k] = 1 / float64(len(k))
	}
	line, err := runlog.EncodeTick(tick)
	if err != nil {
		b.Fatal(err)
	}
	line = line[:len(line)-1]
	s := runlog.NewScanner()
	for _, c := range []struct {
		name   string
		decode func([]byte) (runlog.Tick, bool, error)
	}{{"scan", s.Decode}, {"json", runlog.DecodeTick}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if _, _, err := c.decode(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
