package machine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// GPU is the state of one NVIDIA GPU. What it does not report is NaN.
type GPU struct {
	Index    int
	Name     string
	Use      float64 // share of the time that something ran, in [0, 1]
	MemUsed  float64 // bytes
	MemTotal float64 // bytes
	Celsius  float64
	Watts    float64
}

// ErrNoGPU means that there is no nvidia-smi to ask.
var ErrNoGPU = errors.New("no GPU")

const (
	gpuTool   = "nvidia-smi"
	gpuFields = "index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw"
	maxGPUs   = 64
)

// gpuQuery is true while nvidia-smi runs. One that hangs in the driver cannot
// even be killed: it is left behind, and no second one is started.
type gpuQuery struct{ running atomic.Bool }

// GPUs asks nvidia-smi for the state of every GPU, and waits no longer than ctx.
func (m *Machine) GPUs(ctx context.Context) ([]GPU, error) {
	path, err := exec.LookPath(gpuTool)
	if err != nil {
		return nil, ErrNoGPU
	}
	if m.gpus.running.Swap(true) {
		return nil, fmt.Errorf("%s: the last one hangs", gpuTool)
	}
	type answer struct {
		out []byte
		err error
	}
	done := make(chan answer, 1)
	go func() {
		defer m.gpus.running.Store(false)
		cmd := exec.CommandContext(ctx, path, "--query-gpu="+gpuFields, "--format=csv,noheader,nounits")
		cmd.WaitDelay = 100 * time.Millisecond // for children that keep its output open
		out, err := cmd.Output()
		done <- answer{out, err}
	}()
	select {
	case a := <-done:
		if ctx.Err() == nil && a.err == nil {
			return parseGPUs(a.out)
		}
		if ctx.Err() == nil {
			return nil, fmt.Errorf("%s: %w", gpuTool, a.err)
		}
	case <-ctx.Done():
	}
	return nil, fmt.Errorf("%s: no answer in time", gpuTool)
}

// parseGPUs reads nvidia-smi's lines of comma-separated values.
func parseGPUs(out []byte) ([]GPU, error) {
	var list []GPU
	for line := range bytes.Lines(out) {
		text := strings.TrimSpace(string(line))
		if text == "" {
			continue
		}
		f := strings.Split(text, ",")
		if want := strings.Count(gpuFields, ",") + 1; len(f) != want {
			return nil, fmt.Errorf("%s: %q: got %d fields, want %d", gpuTool, clip(text), len(f), want)
		}
		index, err := strconv.Atoi(strings.TrimSpace(f[0]))
		if err != nil {
			return nil, fmt.Errorf("%s: index: got %q, want a number", gpuTool, clip(f[0]))
		}
		const mebi = 1 << 20
		list = append(list, GPU{
			Index: index, Name: strings.TrimSpace(f[1]),
			Use: number(f[2]) / 100, MemUsed: number(f[3]) * mebi, MemTotal: number(f[4]) * mebi,
			Celsius: number(f[5]), Watts: number(f[6]),
		})
		if len(list) == maxGPUs {
			break
		}
	}
	if len(list) == 0 {
		return nil, ErrNoGPU
	}
	return list, nil
}

// number reads a value; "[N/A]" and the like are NaN.
func number(s string) float64 {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v < 0 || math.IsInf(v, 0) {
		return math.NaN()
	}
	return v
}

// clip shortens what a message repeats.
func clip(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
