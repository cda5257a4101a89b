//go:build (amd64 || arm64) && !static

package loop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/device/devices"
	"innate/models/standin"
	"innate/trainer/runlog"
)

// TestTorchGraphs trains on a stand-in for a GPU: as CUDA graphs a run has the bits
// that it has without, and where graphs fail one event says so.
func TestTorchGraphs(t *testing.T) {
	if err := devices.Check("torch:cpu"); err != nil {
		t.Skip(err)
	}
	found, err := filepath.Glob(filepath.Join(os.Getenv("INNATE_TORCH"), "lib/python3*/site-packages/torch/lib"))
	if err != nil || len(found) != 1 {
		t.Skip("INNATE_TORCH is no environment")
	}
	if text, err := os.ReadFile(filepath.Join(found[0], "../version.py")); err != nil || strings.Contains(string(text), "__version__ = '2.10.") {
		t.Skip("the stand-in is for PyTorch 2.13 and newer")
	}
	t.Setenv("INNATE_TORCH", standin.CUDA(t, found[0]))
	log := standin.Log(t)
	text := strings.Replace(onTorch(config("gdd", networks(t))), `"torch:cpu"`, `"cuda:0"`, 1)
	graphs := strings.Replace(text, `"cuda:0"`, "\"cuda:0\"\ncuda_graphs = true", 1)
	plain, captured, failing := newRun(t, text), newRun(t, graphs), newRun(t, graphs)
	train(t, plain)
	if lines := strings.Join(log(), "\n"); strings.Contains(lines, "launch stream") {
		t.Error("graphs, though nobody asked for them")
	}
	train(t, captured)
	if lines := strings.Join(log(), "\n"); !strings.Contains(lines, "launch stream") {
		t.Error("no graph was launched")
	}
	t.Setenv("STANDIN_FAIL", "cudaStreamBeginCapture=900")
	train(t, failing)
	for name, dir := range map[string]string{"as graphs": captured, "where graphs fail": failing} {
		if c := meanChange(t, dir, plain); c != 0 { // of the weights: a checkpoint names its settings
			t.Errorf("%s: weights are %v apart", name, c)
		}
	}
	said := 0
	for _, e := range events(t, failing, runlog.Machine) {
		if strings.HasSuffix(e.Text, "no CUDA graph, every operation is launched by itself") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("%d events, want one", said)
	}
}
