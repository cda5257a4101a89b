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
	if device == "torch:cpu" {
		device = "cpu"
	}
	r := &eager{cmd: exec.Command(python, script, "eager", fmt.Sprint(max(threads, 1)))}
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
