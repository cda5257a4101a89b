package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
)

// eager is a program in Python that times the same steps in PyTorch. It is
// started as SCRIPT eager THREADS, with the device in INNATE_DEVICE, says ready, and
// answers lines "NETWORK BATCH OPERATION TIMES" by a line of JSON with a list ms.
// Operations are edm, a step, and of GDD-I g1, d1, r1 and e1: generator,
// discriminator, R1 and average.
type eager struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	err error
}

// onGPU runs a script on the GPU that INNATE_DEVICE names, one that knows the processor
// alone, too: what it makes of floating point lies on the GPU, and its clock waits for
// that. The default type does so without a hook in every call, which
// torch.set_default_device is. Precision and the choice of kernels are innate's.
const onGPU = `import os, runpy, sys, time, warnings
import torch
warnings.filterwarnings("ignore", "torch.set_default_tensor_type")
torch.cuda.set_device(torch.device(os.environ["INNATE_DEVICE"]))
torch.set_default_tensor_type(torch.cuda.FloatTensor)
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
torch.backends.cudnn.benchmark = True
def waits(clock):
    def now():
        torch.cuda.synchronize()
        return clock()
    return now
time.perf_counter, time.process_time = waits(time.perf_counter), waits(time.process_time)
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
runpy.run_path(sys.argv[0], run_name="__main__")
`

// startEager starts a script; none for an empty path.
func startEager(script, device string, threads int) *eager {
	if script == "" {
		return &eager{}
	}
	python := "python3"
	if at := os.Getenv("INNATE_TORCH"); at != "" {
		if p := filepath.Join(at, "bin", "python"); exec.Command(p, "-V").Run() == nil {
			python = p
		}
	}
	args := []string{script, "eager", fmt.Sprint(max(threads, 1))}
	if strings.HasPrefix(device, "cuda") {
		args = append([]string{"-c", onGPU}, args...)
	} else {
		device = "cpu"
	}
	r := &eager{cmd: exec.Command(python, args...)}
	r.cmd.Env = append(os.Environ(), "INNATE_DEVICE="+device)
	var out io.ReadCloser
	if r.in, r.err = r.cmd.StdinPipe(); r.err != nil {
		return r
	}
	if out, r.err = r.cmd.StdoutPipe(); r.err != nil {
		return r
	}
	r.out = bufio.NewScanner(out)
	if r.err = r.cmd.Start(); r.err == nil && !r.out.Scan() {
		r.err = fmt.Errorf("it ended without a word")
	}
	return r
}

// ask returns the median time of an operation in milliseconds.
func (r *eager) ask(network string, batch int, op string) float64 {
	const times = 7
	if r.err != nil {
		return 0
	}
	if _, r.err = fmt.Fprintf(r.in, "%s %d %s %d\n", network, batch, op, times); r.err != nil {
		return 0
	}
	if !r.out.Scan() {
		r.err = fmt.Errorf("it ended at %s %s", network, op)
		return 0
	}
	var answer struct {
		Ms    []float64
		Error string
	}
	if r.err = json.Unmarshal(r.out.Bytes(), &answer); r.err == nil && (answer.Error != "" || len(answer.Ms) == 0) {
		r.err = fmt.Errorf("%s %s: %s", network, op, answer.Error)
	}
	if r.err != nil {
		return 0
	}
	slices.Sort(answer.Ms)
	return answer.Ms[len(answer.Ms)/2]
}

// step is the time of a trial's step, R1's every 16 steps included.
func (r *eager) step(t trial) string {
	if r.cmd == nil || t.reference == "" {
		return "-"
	}
	ms := 0.0
	if t.method == configs.EDM {
		ms = r.ask(t.reference, t.batch, "edm")
	} else {
		for op, share := range map[string]float64{"g1": 1, "d1": 1, "r1": 1. / 16, "e1": 1} {
			ms += share * r.ask(t.reference, t.batch, op)
		}
	}
	if r.err != nil {
		return strings.ReplaceAll(r.err.Error(), "\n", " ")
	}
	return fmt.Sprintf("%.1f ms", ms)
}

// end ends the script, which ends when nobody asks any more.
func (r *eager) end() {
	if r.cmd != nil && r.cmd.Process != nil {
		_ = r.in.Close()
		_ = r.cmd.Process.Kill()
		_ = r.cmd.Wait()
	}
}
