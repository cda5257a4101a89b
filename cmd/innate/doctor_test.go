package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/device/devices"
	"innate/models/standin"
)

// doctorSays runs a command line and returns its status and all that it prints.
func doctorSays(args ...string) (int, string) {
	var out bytes.Buffer
	c := &cli{out: &out, err: &out, getenv: func(string) string { return "" }}
	status := c.main(context.Background(), args)
	return status, out.String()
}

// TestDoctor: every line says what is here, or what to do where it is not.
func TestDoctor(t *testing.T) {
	t.Setenv("INNATE_TORCH", "/nowhere")
	status, out := doctorSays("doctor")
	if status != 0 {
		t.Fatal(out)
	}
	for _, want := range []string{
		"innate     ", "terminal   none", "processor  ", "scheduler  ", "runs       ", " MiB of room\n",
		"torch:cpu  no: INNATE_TORCH: /nowhere: no libtorch_cpu.so in there, want the folder of an installed PyTorch\n",
		"cuda       no: INNATE_TORCH: /nowhere: ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	for line, want := range map[string]string{
		"doctor --device cuda":            "doctor: --device, --threads and --reference are for --check",
		"doctor --check --device cuda:9x": `torch: device "cuda:9x", want torch:cpu, cuda or cuda:N`,
		"doctor --check --device cuda":    "torch: INNATE_TORCH: /nowhere: no libtorch_cpu.so",
	} {
		if status, out := doctorSays(strings.Fields(line)...); status == 0 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %q, want %q", line, status, out, want)
		}
	}
}

// TestDoctorNCCL: where there is a GPU, here a stand-in, a line says by what several
// processes add up; where there is none nothing is said.
func TestDoctorNCCL(t *testing.T) {
	if status, out := doctorSays("doctor"); status != 0 || strings.Contains(out, "\nnccl ") != strings.Contains(out, "\ncuda       yes") {
		t.Errorf("status %d\n%s", status, out)
	}
	found, err := filepath.Glob(filepath.Join(os.Getenv("INNATE_TORCH"), "lib/python3*/site-packages/torch/lib"))
	if err != nil || len(found) != 1 {
		t.Skip("INNATE_TORCH is no environment")
	}
	t.Setenv("INNATE_TORCH", standin.CUDA(t, found[0]))
	if _, here := describeDevice("cuda"); !here {
		t.Skip("the stand-in is for PyTorch 2.13 and newer")
	}
	library := standin.NCCL(t)
	for at, want := range map[string]string{
		library:          "nccl       yes: NCCL 2.30.7 in " + library + "; several processes add up on their GPUs\n",
		"off":            "nccl       no: INNATE_NCCL=off; several processes add up in the host's memory\n",
		"/no/libnccl.so": "nccl       no: /no/libnccl.so: cannot open shared object file: No such file or directory; several processes add up in the host's memory\n",
	} {
		t.Setenv("INNATE_NCCL", at)
		if status, out := doctorSays("doctor"); status != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, %q is missing in\n%s", at, status, want, out)
		}
	}
}

// TestDoctorCheck holds the PyTorch that is here against the own kernels.
func TestDoctorCheck(t *testing.T) {
	if err := devices.Check("torch:cpu"); err != nil {
		t.Skip(err)
	}
	status, out := doctorSays("doctor", "--check", "--device", "torch:cpu")
	if status != 0 || !strings.Contains(out, "\n0 of ") || !strings.Contains(out, "iteration 4 ") ||
		!strings.Contains(out, "schemas have them: ok") || !strings.Contains(out, "leaks, 20 steps  ") {
		t.Errorf("status %d\n%s", status, out)
	}
}
