package main

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestFaultE2ESlurm submits runs to a real Slurm of one node and ends their jobs: in
// every way that trainer/SCHEDULERS.md speaks of, by testdata/slurm.sh, and by innate
// submit, by testdata/slurm-submit.sh.
func TestFaultE2ESlurm(t *testing.T) {
	if os.Getenv("INNATE_SLURM") == "" {
		t.Skip("set INNATE_SLURM=1 to run, as root with Debian's slurmd, slurmctld, slurm-client and munge")
	}
	t.Setenv("INNATE_E2E", "1")
	binary := e2e(t)
	for _, script := range []string{"slurm.sh", "slurm-submit.sh"} {
		t.Run(script, func(t *testing.T) {
			out, err := exec.Command("testdata/"+script, binary).CombinedOutput()
			var exit *exec.ExitError
			if errors.As(err, &exit) && exit.ExitCode() == 77 {
				t.Skip(strings.TrimSpace(string(out)))
			}
			t.Logf("\n%s", out)
			if err != nil {
				t.Error(err)
			}
		})
	}
}
