package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestEagerOnGPU starts a script that was written for the processor on a GPU, with a
// torch that notes what is asked of it: the script's tensors lie on the GPU, and every
// look at the clock waits for that.
func TestEagerOnGPU(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	dir := t.TempDir()
	write := func(name, text string) { check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644)) }
	write("torch.py", `
asked = []
class Anything:
    FloatTensor = "FloatTensor"
    def __getattr__(self, name): setattr(self, name, Anything()); return getattr(self, name)
    def set_device(self, d): asked.append("device " + d)
    def synchronize(self): asked.append("wait")
cuda, backends = Anything(), Anything()
def device(name): return name
def set_default_tensor_type(t): asked.append("type " + t)
`)
	write("beside.py", "here = 1\n")
	write("script.py", `
import json, sys, time, torch, beside
print("ready", flush=True)
for line in sys.stdin:
    a = time.perf_counter(); b = time.perf_counter()
    cut = torch.backends.cuda.matmul.allow_tf32 is False and torch.backends.cudnn.benchmark is True
    error = "" if cut and sys.argv[1:] == ["eager", "3"] and torch.asked == ["device cuda:1", "type FloatTensor", "wait", "wait"] else str((sys.argv, torch.asked))
    print(json.dumps(dict(ms=[7, 5, 6], error=error)), flush=True)
`)
	t.Setenv("PYTHONPATH", dir)
	t.Setenv("INNATE_TORCH", "")
	r := startEager(filepath.Join(dir, "script.py"), "cuda:1", 3)
	defer r.end()
	if ms := r.ask("cifar", 64, "g1"); ms != 6 || r.err != nil {
		t.Errorf("%v ms, %v; want the median of 6 ms", ms, r.err)
	}
}
