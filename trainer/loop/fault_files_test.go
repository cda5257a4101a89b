package loop_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"innate/trainer/runlog"
)

// TestFaultChangedCheckpoint resumes from a checkpoint that another program has
// saved again, without the space that only innate sets: it is used, and an event
// says what it is.
func TestFaultChangedCheckpoint(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("edm", networks(t)))
	train(t, dir)
	want := lastCheckpoint(t, dir)
	length := int(want[0]) | int(want[1])<<8 | int(want[2])<<16
	header, values := want[8:8+length], want[8+length:]
	resaved := bytes.Join([][]byte{want[:8], {'{'}, header[2:], {' '}, values}, nil)
	check(t, os.WriteFile(checkpointPath(dir, 64), resaved, 0o644))
	train(t, dir)
	if !bytes.Equal(lastCheckpoint(t, dir), want) {
		t.Error("the run did not arrive at the same checkpoint again")
	}
	reported := events(t, dir, runlog.Error)
	text := "000000064.safetensors: changed by another program since innate wrote it; the values are the same"
	if len(reported) != 1 || !strings.HasSuffix(reported[0].Text, text) {
		t.Errorf("events %v, want one that ends in %q", reported, text)
	}
}
