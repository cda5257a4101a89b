package main

import (
	"os/exec"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultE2EPausedWriter rewrites the config of a run as a shell does that
// pauses for three seconds before [freeze]: at no time is a layer frozen or an
// interval another than the file says before and after.
func TestFaultE2EPausedWriter(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	said := strings.Fields(must(t, binary, runs, "start", "mnist-gdd-i", "--set", "run.threads=1", "--set", "run.batch=4",
		"--set", "live.fid_kimg=0", "--set", "live.sample_kimg=0", "--set", "live.layers_kimg=0", "--set", "freeze.preset=none"))
	dir := said[len(said)-1] // behind a warning where the machine is busy
	defer func() { _, _ = innate(t, binary, runs, "stop", dir) }()
	waitFor(t, "training", func() bool { return status(t, binary, runs, dir).Nimg > 0 })
	writer := exec.Command("sh", "-c", `cp config.toml c; n=$(grep -n '^\[freeze\]' c | cut -d: -f1)
		(head -n $((n-1)) c; sleep 3; tail -n +$n c) > config.toml`)
	writer.Dir = dir
	if err := writer.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the refusal of half a config", func() bool {
		return strings.Contains(status(t, binary, runs, dir).ConfigError, "freeze.preset: got nothing")
	})
	if out, err := innate(t, binary, runs, "set", dir, "live.gen_lr=1e-4"); err == nil || !strings.Contains(out, "freeze.preset: got nothing") {
		t.Errorf("a command over half a config: %v, %s", err, out)
	}
	if err := writer.Wait(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the whole config", func() bool { return status(t, binary, runs, dir).ConfigError == "" })
	must(t, binary, runs, "set", dir, "live.gen_lr=1e-4")
	if s := status(t, binary, runs, dir); s.FrozenParams != 0 || s.Live["fid_kimg"] != 0.0 || s.State != run.StateRunning {
		t.Errorf("%d parameters are frozen, live.fid_kimg is %v, the run is %s", s.FrozenParams, s.Live["fid_kimg"], s.State)
	}
	history, err := runlog.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range history.Events {
		if e.Kind == runlog.Freeze || e.Kind == runlog.Config && !strings.HasPrefix(e.Text, "gen_lr ") {
			t.Errorf("%s: %s", e.Kind, e.Text)
		}
	}
}
