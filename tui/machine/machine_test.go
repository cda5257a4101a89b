package machine_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/tui/machine"
)

// TestLoad looks at this machine and this process twice.
func TestLoad(t *testing.T) {
	m := machine.New()
	pids := []int{os.Getpid(), 0, -1, math.MaxInt32}
	first := m.Load(pids)
	if p := first.Procs[os.Getpid()]; !math.IsNaN(p.Cores) || p.RSS == 0 || p.Threads == 0 {
		t.Errorf("at the first look got %+v, want memory and threads, and no rate yet", p)
	}
	if len(first.Procs) != 1 {
		t.Errorf("found %d processes, want this one alone", len(first.Procs))
	}
	x := 1.0
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; {
		x = math.Sqrt(x + 1)
	}
	l := m.Load(pids)
	if p := l.Procs[os.Getpid()]; !(p.Cores >= 0 && p.Cores < 1024) {
		t.Errorf("busy cores: got %v, want a number", p.Cores)
	}
	if c := l.CPU(); !(c >= 0 && c <= 1) {
		t.Errorf("share of the processor: got %v, want one in [0, 1]", c)
	}
	if l.MemTotal == 0 || l.MemUsed > l.MemTotal || !(l.Average[0] >= 0) {
		t.Errorf("got %+v", l)
	}
}

// TestNoProc looks at machines without /proc, and with one that makes no sense.
func TestNoProc(t *testing.T) {
	odd := t.TempDir()
	for _, name := range []string{"stat", "meminfo", "loadavg"} {
		write(t, filepath.Join(odd, name), "cpu0 one two\xff\nMemTotal: many kB\n", 0o644)
	}
	for _, proc := range []string{t.TempDir(), filepath.Join(odd, "none"), odd} {
		m := machine.At(proc)
		for range 2 {
			l := m.Load([]int{os.Getpid()})
			if len(l.Cores) != 0 || !math.IsNaN(l.CPU()) || !math.IsNaN(l.Average[0]) || l.MemTotal != 0 || len(l.Procs) != 0 {
				t.Errorf("%s: got %+v, want nothing known", proc, l)
			}
		}
	}
}

func TestDisk(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), strings.Repeat("x", 1000), 0o644)
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "sub", "b"), "12345", 0o644)
	if err := os.Symlink("/", filepath.Join(dir, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	d := machine.New().Disk(t.Context(), dir)
	if d.Bytes != 1005 || d.More || d.Total == 0 || d.Free > d.Total {
		t.Errorf("got %+v, want 1005 bytes", d)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if d := machine.New().Disk(ended, dir); !d.More {
		t.Error("a walk without time claims to have counted all")
	}
	if d := machine.New().Disk(t.Context(), filepath.Join(dir, "none")); d.Bytes != 0 || d.Total != 0 {
		t.Errorf("of a directory that isn't: got %+v, want nothing", d)
	}
}

// tool puts an nvidia-smi of our own first in PATH.
func tool(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "nvidia-smi"), "#!/bin/sh\n"+script, 0o755)
	t.Setenv("PATH", dir+":/usr/bin:/bin")
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// none is a path without an NVML.
const none = "/nowhere/libnvidia-ml.so.1"

// TestGPUs asks nvidia-smi, where there is no NVML.
func TestGPUs(t *testing.T) {
	tool(t, "echo '0, NVIDIA H100 80GB HBM3, 87, 41000, 81559, 63, 320.51, 1755, 1980'\necho '1, Old, [N/A], 10, 20, 30, [Not Supported], [N/A], [N/A]'\n")
	got, err := machine.WithNVML(none).GPUs(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v, want two GPUs", got, err)
	}
	if g := got[0]; g.Name != "NVIDIA H100 80GB HBM3" || g.Use != 0.87 || g.MemUsed != 41000<<20 || g.Celsius != 63 || g.Watts != 320.51 || g.MHz != 1755 || g.MaxMHz != 1980 {
		t.Errorf("got %+v", g)
	}
	if g := got[1]; g.Index != 1 || g.Use.Known() || g.Watts.Known() || g.MHz.Known() || g.MemTotal != 20<<20 {
		t.Errorf("got %+v", g)
	}
}

func TestGPUTrouble(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"nothing", "", "no GPU"},
		{"fails", "exit 9\n", "nvidia-smi: exit status 9"},
		{"talks", "echo 'No devices were found'\n", `nvidia-smi: "No devices were found": got 1 fields, want 9`},
		{"nonsense", "echo 'a,b,c,d,e,f,g,h,i'\n", `nvidia-smi: index: got "a", want a number`},
	} {
		t.Run(c.name, func(t *testing.T) {
			tool(t, c.script)
			if _, err := machine.WithNVML(none).GPUs(t.Context()); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := machine.WithNVML(none).GPUs(t.Context()); !errors.Is(err, machine.ErrNoGPU) {
		t.Errorf("without the tool: got %v, want %v", err, machine.ErrNoGPU)
	}
}

// TestGPUHangs checks that a hanging nvidia-smi holds nobody up.
func TestGPUHangs(t *testing.T) {
	tool(t, "sleep 60\n")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := machine.WithNVML(none).GPUs(ctx)
	if err == nil || !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("got %v, want no answer in time", err)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("waited %v", took)
	}
}
