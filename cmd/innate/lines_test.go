package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/golden"
	"innate/trainer/run"
)

// TestLines runs command lines as people type them, and compares what they print
// and their exit status with testdata/lines.txt: one dash or two, flags before and
// behind what they are about, =, --, numbers and names of runs, typos, completion.
func TestLines(t *testing.T) {

	path, err := filepath.Abs(filepath.Join("testdata", "lines.txt"))
	check(t, err)
	lines := transcript(t, path)
	base := t.TempDir()
	t.Setenv("HOME", base)
	t.Setenv("INNATE_RUNS", "runs")
	t.Chdir(base)
	ok(create("runs", "", "mnist-gdd-i", edits{}))(t)
	ok(create("runs", "", "mnist-edm", edits{}))(t)
	check(t, trainer.CreateAt(filepath.Join("runs", "-a"), "method = 'gdd'\n", ""))
	check(t, trainer.CreateAt(filepath.Join("runs", "00003-"+strings.Repeat("long-", 48)+"end"), "method = 'gdd'\n", ""))
	check(t, os.WriteFile("mine.toml", []byte("method = 'edm'\n"), 0o644))
	// Of freeze-mnist, as another machine has trained it; the others contradict it, and
	// have another judge.
	const record = `{"type":"run","point":"none","seed":1,"done":true,"kimg":40,"judges":[{"key":"fid","name":"FID(mnist-cnn)"}],` +
		`"evaluations":[{"kimg":10.048,"values":{"fid":9.5}}],"images_per_cpu_sec":42}` + "\n"
	check(t, os.WriteFile("records.jsonl", []byte(record), 0o644))
	check(t, os.WriteFile("again.jsonl", []byte("\n"+strings.Replace(record, "9.5", "8", 1)), 0o644))
	check(t, os.WriteFile("other.jsonl", []byte(strings.Replace(record, "mnist-cnn", "vgg16", 1)), 0o644))
	layers := []run.Layer{{Name: "enc.28x28_conv.weight"}, {Name: "enc.28x28_block0.conv0.weight"}, {Name: "dec.28x28_block0.conv0.weight"}}
	check(t, run.WriteLayers(filepath.Join("runs", "00000-mnist-gdd-i"), layers))
	for _, n := range []int64{1000, 2500} {
		check(t, os.MkdirAll(filepath.Join("runs", "00000-mnist-gdd-i", run.CheckpointsDir), 0o755))
		check(t, os.WriteFile(filepath.Join("runs", "00000-mnist-gdd-i", run.CheckpointsDir, run.CheckpointFile(n)), nil, 0o644))
	}
	shown := strings.NewReplacer(base, "~", " | thumbs", "") // the data set is of tests alone
	var said strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&said, "$ %s\n", l)
		status, stdout, stderr := line(t, words(l)[1:]...)
		shown.WriteString(&said, stdout+stderr)
		if status != 0 {
			fmt.Fprintf(&said, "[%d]\n", status)
		}
	}
	golden.Check(t, path, []byte(said.String()))
}

// transcript returns the command lines of a transcript, which begin with a $.
func transcript(t *testing.T, path string) (lines []string) {
	text, err := os.ReadFile(path)
	check(t, err)
	for l := range strings.Lines(string(text)) {
		if l, ok := strings.CutPrefix(l, "$ "); ok {
			lines = append(lines, strings.TrimSpace(l))
		}
	}
	return lines
}

// words splits a line at spaces; ” is an empty word.
func words(line string) []string {
	list := strings.Fields(line)
	for i, w := range list {
		list[i] = strings.ReplaceAll(w, "''", "")
	}
	return list
}
