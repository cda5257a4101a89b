package machine

import (
	"context"
	"os"
	"path/filepath"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/models/nvml"
	"innate/trainer/run"
	"innate/tui/machine"
	"innate/tui/session"
)

// Reader looks at the computer; machine.Machine does.
type Reader interface {
	Load(pids []int) machine.Load
	Disk(ctx context.Context, dir string) machine.Disk
	GPUs(ctx context.Context) ([]nvml.GPU, error)
}

// NewReader makes the reader of a view; tests replace it.
var NewReader = func() Reader { return machine.New() }

// Three chains of commands look at the machine while its view shows, so that a
// file system or a driver that hangs holds up its own numbers only. Each message
// carries the visit that it belongs to: what comes for an earlier one ends its
// chain.
type (
	loadMsg struct {
		view  *View
		visit int
		load  machine.Load
	}
	diskMsg struct {
		view  *View
		visit int
		disk  machine.Disk
		runs  []run.Info // with a trainer, this one's left out
	}
	gpuMsg struct {
		view  *View
		visit int
		gpus  []nvml.GPU
		err   error
	}
)

// Intervals of the looks, and how long they may take.
const (
	loadEvery   = time.Second
	gpuEvery    = 2 * time.Second
	diskEvery   = 5 * time.Second
	gpuTimeout  = 2 * time.Second
	diskTimeout = 2 * time.Second
)

// LookAtLoad looks at processor and memory after a delay.
func (v *View) LookAtLoad(after time.Duration) tea.Cmd {
	visit, pids, reader := v.visit, v.pids, v.reader
	return session.Tick(after, func(time.Time) tea.Msg { return loadMsg{v, visit, reader.Load(pids)} })
}

func (v *View) lookAtGPU(after time.Duration) tea.Cmd {
	visit, reader := v.visit, v.reader
	return session.Tick(after, func(time.Time) tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), gpuTimeout)
		defer cancel()
		gpus, err := reader.GPUs(ctx)
		return gpuMsg{v, visit, gpus, err}
	})
}

// lookAtDisk measures the run and finds the others with a trainer beside it.
func (v *View) lookAtDisk(runsDir, dir string, after time.Duration) tea.Cmd {
	visit, reader := v.visit, v.reader
	return session.Tick(after, func(time.Time) tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), diskTimeout)
		defer cancel()
		m := diskMsg{view: v, visit: visit, disk: reader.Disk(ctx, dir)}
		if runsDir == "" {
			runsDir = filepath.Dir(filepath.Clean(dir))
		}
		for _, info := range activeRuns(runsDir) {
			if !session.SameDir(info.Dir, dir) {
				m.runs = append(m.runs, info)
			}
		}
		return m
	})
}

// activeRuns lists the runs of a directory that a trainer holds. A run that
// cannot be read is left out; the list of runs tells about it.
func activeRuns(dir string) []run.Info {
	entries, _ := os.ReadDir(dir)
	var list []run.Info
	for _, e := range entries {
		if path := filepath.Join(dir, e.Name()); run.IsRun(path) {
			if info, err := run.ReadInfo(path); err == nil && info.Alive {
				list = append(list, info)
			}
		}
	}
	return list
}
