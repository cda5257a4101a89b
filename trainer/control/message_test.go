package control_test

import (
	"fmt"
	"testing"

	"innate/trainer/control"
	"innate/trainer/runlog"
)

// TestDecodeMessage reads lines of the stream, as today's trainer writes them,
// written otherwise, and of builds before.
func TestDecodeMessage(t *testing.T) {
	var rows runlog.Decoder
	for _, c := range []struct{ line, want string }{
		{`{"type":"tick","nimg":64,"time":1.5,"loss/gen":0.5}`, "tick 64 [loss/gen] [0.5]"},
		{`{"type":"fid","nimg":64,"time":1.5,"fid":12.5}`, "fid 64 [fid] [12.5]"},
		{`{"type":"resume","nimg":-1,"time":1.5}`, "resume -1 [] []"},
		{`{"type":"tick", "nimg":64, "time":1.5, "σ":0.5}`, "tick 64 [σ] [0.5]"},
		{`{"type":"tick","data":{"nimg":64,"scalars":{"loss/gen":0.5}}}`, "tick 64 [loss/gen] [0.5]"},
		{`{"nimg":64,"time":1.5,"loss/gen":0.5}`, " 0 [] []"}, // of a file, not of a stream
		{`{"type":"status","data":{"nimg":64}}`, `status 0 [] []{"nimg":64}`},
	} {
		m, err := control.DecodeMessage([]byte(c.line), &rows)
		if got := fmt.Sprintf("%s %d %v %v%s", m.Type, m.Row.Nimg, m.Row.Names, m.Row.Values, m.Data); err != nil || got != c.want {
			t.Errorf("%s: got %q (%v), want %q", c.line, got, err, c.want)
		}
	}
	line := []byte(`{"type":"tick","nimg":64,"time":1.5,"loss/gen":0.5,"loss/disc":1}`)
	if n := testing.AllocsPerRun(1000, func() { control.DecodeMessage(line, &rows) }); n > 1 {
		t.Errorf("got %v allocations a tick, want one at most, for the values", n)
	}
}
