package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// The end-to-end tests run the real program. They take minutes on two cores and
// run only where INNATE_E2E is set, as continuous integration does.
func e2e(t *testing.T) (binary string) {
	t.Helper()
	if os.Getenv("INNATE_E2E") == "" {
		t.Skip("set INNATE_E2E=1 to run")
	}
	binary = filepath.Join(t.TempDir(), "innate")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// innate runs one command line and returns its standard output, of one that fails with
// its messages. Notes of one that does not, such as of another run on the machine, are no
// part of it.
func innate(t *testing.T, binary, runs string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), "INNATE_RUNS="+runs)
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	err := cmd.Run()
	if err != nil {
		out.Write(messages.Bytes())
	}
	return out.String(), err
}

func must(t *testing.T, binary, runs string, args ...string) string {
	t.Helper()
	out, err := innate(t, binary, runs, args...)
	if err != nil {
		t.Fatalf("innate %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// small makes a distillation that is over quickly.
var small = []string{
	"--set", "run.batch=16", "--set", "live.total_kimg=0.32", "--set", "live.tick_kimg=0.032",
	"--set", "live.fid_kimg=0", "--set", "live.sample_kimg=0.16", "--set", "live.sample_count=4",
	"--set", "live.checkpoint_kimg=0.064", "--set", "live.r1_interval=4",
}

// waitFor polls until ok, and fails after a minute.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited a minute for %s", what)
}

// TestE2EKillAndResume kills a distillation with SIGKILL, resumes it, and
// compares its last checkpoint with that of a run left alone, byte for byte.
func TestE2EKillAndResume(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	alone := strings.Fields(must(t, binary, runs, append([]string{"train", "mnist-gdd-i"}, small...)...))[0]

	dir := strings.TrimSpace(must(t, binary, runs, append([]string{"start", "mnist-gdd-i"}, small...)...))
	waitFor(t, "a checkpoint", func() bool {
		s := status(t, binary, runs, dir)
		return s.CheckpointNimg >= 128 && s.Nimg > s.CheckpointNimg
	})
	pid := status(t, binary, runs, dir).PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the run to be seen dead", func() bool { return status(t, binary, runs, dir).State == run.StateDead })
	must(t, binary, runs, "resume", dir)
	waitFor(t, "the resumed run to finish", func() bool { return status(t, binary, runs, dir).State == run.StateDone })

	want, got := last(t, alone), last(t, dir)
	if !bytes.Equal(want, got) {
		t.Errorf("the last checkpoint of a killed and resumed run differs from that of an undisturbed one (%d and %d bytes)", len(got), len(want))
	}
	history, err := runlog.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(history.Rows); i++ {
		if history.Rows[i].Nimg <= history.Rows[i-1].Nimg {
			t.Errorf("ticks at %d and then %d images: the lost ones must not stay in the log", history.Rows[i-1].Nimg, history.Rows[i].Nimg)
		}
	}
}

func status(t *testing.T, binary, runs, dir string) run.Status {
	t.Helper()
	var s run.Status
	if err := json.Unmarshal([]byte(must(t, binary, runs, "status", dir, "--json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// last reads the checkpoint that both runs write when they are done.
func last(t *testing.T, dir string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, run.CheckpointsDir, "000000320.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestE2EControl steers a running distillation from the command line.
func TestE2EControl(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	dir := strings.TrimSpace(must(t, binary, runs, append([]string{"start", "mnist-gdd"}, append(small, "--kimg", "100")...)...))
	t.Cleanup(func() { _, _ = innate(t, binary, runs, "stop", dir) })

	if _, err := innate(t, binary, runs, "train", "--run", dir); err == nil {
		t.Error("a second trainer in the same directory was not refused")
	}
	before := status(t, binary, runs, dir)
	if before.FrozenParams != 0 {
		t.Errorf("mnist-gdd begins with %d frozen parameters, want 0", before.FrozenParams)
	}
	must(t, binary, runs, "freeze", dir, "--freeze", "enc.*conv?.weight")
	if s := status(t, binary, runs, dir); s.FrozenParams == 0 {
		t.Error("nothing is frozen after innate freeze")
	}
	must(t, binary, runs, "set", dir, "live.gen_lr=1e-5")
	if v := status(t, binary, runs, dir).Live["gen_lr"]; v != 1e-5 {
		t.Errorf("live.gen_lr is %v after innate set, want 1e-05", v)
	}
	if out, err := innate(t, binary, runs, "set", dir, "live.gen_lr=-1"); err == nil || !strings.Contains(out, "gen_lr") || !strings.Contains(out, "-1") {
		t.Errorf("innate set live.gen_lr=-1: %v, %q; want a refusal that names the key and the value", err, out)
	}
	must(t, binary, runs, "pause", dir)
	if s := status(t, binary, runs, dir); s.State != run.StatePaused {
		t.Errorf("state %q after innate pause, want paused", s.State)
	}
	must(t, binary, runs, "resume", dir)

	// An edit with an error is refused with its line while training continues.
	path := filepath.Join(dir, run.ConfigFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(text, "\nrubbish\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the bad config to be reported", func() bool { return status(t, binary, runs, dir).ConfigError != "" })
	s := status(t, binary, runs, dir)
	if s.State != run.StateRunning || !strings.Contains(s.ConfigError, "config.toml:") {
		t.Errorf("after a bad edit: state %q, error %q; want running, and file:line", s.State, s.ConfigError)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the error to clear", func() bool { return status(t, binary, runs, dir).ConfigError == "" })

	info, err := os.Stat(filepath.Join(dir, run.SocketFile))
	if err == nil && info.Mode().Perm() != 0o600 {
		t.Errorf("socket mode %v, want 0600", info.Mode().Perm())
	}
	must(t, binary, runs, "stop", dir)
	if s := status(t, binary, runs, dir); s.State != run.StateStopped {
		t.Errorf("state %q after innate stop, want stopped", s.State)
	}
}

// TestE2EDemo runs the demo without a terminal and reads its summary.
func TestE2EDemo(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	out := must(t, binary, runs, "demo", "--kimg", "0.064", "--set", "run.batch=16", "--set", "fid.samples=100",
		"--set", "live.fid_kimg=0.032", "--set", "live.tick_kimg=0.016", "--set", "live.sample_kimg=0.032")
	for _, want := range []string{
		"0.0 kimg", "img/s", "done at 0.1 kimg", "after 0.1 kimg",
		"teacher in one step, before   FID(mnist-cnn)", "student in one step, after    FID(mnist-cnn)",
		"teacher in 18 steps, 35 NFE   FID(mnist-cnn)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the demo's output lacks %q:\n%s", want, out)
		}
	}
	lines := strings.Fields(out)
	if png := lines[len(lines)-1]; !strings.HasSuffix(png, ".png") {
		t.Errorf("the summary ends with %q, want the sample's path", png)
	} else if _, err := os.Stat(png); err != nil {
		t.Error(err)
	}
}
