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

	"innate/models/nvml"
)

// ErrNoGPU means that there is neither NVML nor nvidia-smi to ask.
var ErrNoGPU = errors.New("no GPU")

const (
	gpuTool   = "nvidia-smi"
	gpuFields = "index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,clocks.sm,clocks.max.sm"
	maxGPUs   = 64
)

// gpuQuery is what answers about GPUs. A question that hangs in the driver cannot
// even be given up: it is left behind, and no second one is asked.
type gpuQuery struct {
	library string // NVML
	opened  bool
	lib     *nvml.Lib // nil where there is none
	running atomic.Bool
}

// GPUs asks for the state of every GPU, and waits no longer than ctx: NVML, and
// nvidia-smi where NVML cannot be loaded.
func (m *Machine) GPUs(ctx context.Context) ([]nvml.GPU, error) {
	q := &m.gpus
	if q.running.Swap(true) {
		return nil, fmt.Errorf("gpu: the last question hangs in the driver")
	}
	type answer struct {
		list []nvml.GPU
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		list, err := q.ask(ctx)
		q.running.Store(false) // before the answer: the next question may follow at once
		done <- answer{list, err}
	}()
	select {
	case a := <-done:
		return a.list, a.err
	case <-ctx.Done():
	}
	return nil, fmt.Errorf("gpu: no answer in time")
}

// ask is GPUs without regard to time.
func (q *gpuQuery) ask(ctx context.Context) ([]nvml.GPU, error) {
	if !q.opened {
		q.lib, _ = nvml.Open(q.library) // without it, nvidia-smi has words for what is wrong
		q.opened = true
	}
	if q.lib == nil {
		return askTool(ctx)
	}
	list, err := q.lib.GPUs()
	if err == nil && len(list) == 0 {
		err = ErrNoGPU
	}
	return list[:min(len(list), maxGPUs)], err
}

// askTool asks nvidia-smi.
func askTool(ctx context.Context) ([]nvml.GPU, error) {
	path, err := exec.LookPath(gpuTool)
	if err != nil {
		return nil, ErrNoGPU
	}
	cmd := exec.CommandContext(ctx, path, "--query-gpu="+gpuFields, "--format=csv,noheader,nounits")
	cmd.WaitDelay = 100 * time.Millisecond // for children that keep its output open
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", gpuTool, err)
	}
	return parseGPUs(out)
}

// parseGPUs reads nvidia-smi's lines of comma-separated values.
func parseGPUs(out []byte) ([]nvml.GPU, error) {
	var list []nvml.GPU
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
		list = append(list, nvml.GPU{
			Index: index, Name: strings.TrimSpace(f[1]),
			Use: number(f[2]) / 100, MemUsed: number(f[3]) * mebi, MemTotal: number(f[4]) * mebi,
			Celsius: number(f[5]), Watts: number(f[6]), MHz: number(f[7]), MaxMHz: number(f[8]),
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
func number(s string) nvml.Number {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || v < 0 || math.IsInf(v, 0) {
		return nvml.Number(math.NaN())
	}
	return nvml.Number(v)
}

// clip shortens what a message repeats.
func clip(s string) string {
	if len(s) > 80 {
		s = strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
