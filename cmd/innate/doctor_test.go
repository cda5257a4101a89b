package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"innate/models/device/devices"
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
