package loop_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestJudgesOfOneNetwork: judges whose features are the same, though each has files of
// its own, are asked for them once.
func TestJudgesOfOneNetwork(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	for _, name := range []string{"cnn.safetensors", "ref.npz"} {
		check(t, os.WriteFile(filepath.Join(dir, "copy-"+name), read(t, filepath.Join(dir, name)), 0o644))
	}
	second := fmt.Sprintf("[fid1]\nstatistic = \"is\"\nfeatures = %q\nreference = %q\n[live]\n", dir+"/copy-cnn.safetensors", dir+"/copy-ref.npz")
	run := newRun(t, strings.Replace(measuring("gdd", dir), "[live]\n", second, 1))
	l := open(t, run)
	steps(t, l, 2)
	save(t, l)
	l.Close()
	f, err := checkpoint.Read(checkpointPath(run, 8))
	check(t, err)
	if !f.Has("eval_sum") || !f.Has("eval_logits") || f.Has("eval1_") {
		t.Error("the checkpoint has not all sums of the first judge alone")
	}
}

// TestSeveralJudges: several judges see the same images, say what each says alone, and
// resume in the middle with the same checkpoint; the one that the settings name
// decides which network is the best.
func TestSeveralJudges(t *testing.T) {
	t.Parallel()
	const key = "fid/mnist-random-cnn"
	one := strings.Replace(measuring("gdd", networks(t)), "[live]\n", "[live]\nfid_share = 1\n", 1)
	text := strings.Replace(one, "[live]\n", "best = \"fid1\"\n[fid1]\nfeatures = \"builtin:mnist-random-cnn\"\nreference = \"builtin:mnist-random-ref\"\n[live]\n", 1)
	single, alone, parts := newRun(t, one), newRun(t, text), newRun(t, text)
	train(t, single)
	train(t, alone)
	l := open(t, parts)
	steps(t, l, 2)
	save(t, l)
	l.Close()
	f, err := checkpoint.Read(checkpointPath(parts, 8))
	check(t, err)
	if !f.Has("eval1_sum") {
		t.Fatal("the checkpoint has no sums of the second judge")
	}
	train(t, parts)
	if !bytes.Equal(lastCheckpoint(t, alone), lastCheckpoint(t, parts)) {
		t.Error("the last checkpoint differs from that of a run that never stopped")
	}
	if got, want := fids(t, alone), fids(t, single); !maps.Equal(got, want) || len(want) != 3 {
		t.Errorf("values of the first judge %v, want those that it has alone, %v", got, want)
	}
	history, err := runlog.ReadAll(alone)
	check(t, err)
	best, last := 0.0, 0.0
	for _, row := range history.Rows {
		if v, ok := row.Value(key); ok {
			if last = v; best == 0 || v < best {
				best = v
			}
		}
	}
	info, err := run.ReadInfo(alone)
	check(t, err)
	s := info.Status
	if s.Quality() != key || s.FIDName != "FID(mnist-random-cnn)" || last == 0 || *s.LastFID != last || *s.BestFID != best {
		t.Errorf("%s, %s: last %v, best %v, want %v and %v", s.Quality(), s.FIDName, *s.LastFID, *s.BestFID, last, best)
	}
	if m := s.Also; len(m) != 1 || m[0].Key != "fid" || m[0].Name != "FID("+cnnLabel+")" || *m[0].Last != fids(t, single)[64] {
		t.Errorf("the other judge: %+v", m)
	}
	if f, err = checkpoint.Read(alone + "/checkpoints/" + run.BestFile); err != nil || f.Metadata[key] == "" {
		t.Errorf("best.safetensors states %v, %v, want %s", f.Metadata, err, key)
	}
}
