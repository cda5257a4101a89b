package tuitest

import (
	"context"
	"math"

	"innate/models/nvml"
	"innate/tui/machine"
	machineview "innate/tui/views/machine"
)

// FakeMachine is what every machine view of a test looks at: its numbers depend
// on how often the view has asked alone.
type FakeMachine struct {
	Blind  bool // nothing can be read
	GPUErr error
	gpus   []nvml.GPU
	looks  int
}

// Machine is what the readers of views made from now on are copies of.
var Machine = &FakeMachine{}

// ResetMachine makes Machine afresh, with so many GPUs.
func ResetMachine(gpus int) {
	Machine = &FakeMachine{GPUErr: machine.ErrNoGPU}
	for i := range gpus {
		Machine.gpus = append(Machine.gpus, nvml.GPU{
			Index: i, Name: "NVIDIA H100 80GB HBM3", Use: 0.87, MemUsed: 41.2e9, MemTotal: 85.5e9, Celsius: 63, Watts: nvml.Number(math.NaN()), MHz: nvml.Number(math.NaN()), MaxMHz: nvml.Number(math.NaN()),
		})
		Machine.GPUErr = nil
	}
}

func init() {
	ResetMachine(0)
	machineview.NewReader = func() machineview.Reader { m := *Machine; return &m }
}

func (m *FakeMachine) Load(pids []int) machine.Load {
	if m.Blind {
		return machine.Load{Average: [3]float64{math.NaN(), math.NaN(), math.NaN()}}
	}
	wave := 0.5 + 0.4*math.Sin(float64(m.looks)/5)
	m.looks++
	l := machine.Load{Cores: []float64{wave, 1}, Average: [3]float64{2.1, 1.94, 1.72}, MemUsed: 3.12e9, MemTotal: 8.2e9, Procs: map[int]machine.Process{}}
	for _, pid := range pids {
		l.Procs[pid] = machine.Process{Cores: 2 * wave, RSS: 412e6, Threads: 9, Written: 2e6 * (1 - wave)}
	}
	return l
}

func (m *FakeMachine) Disk(context.Context, string) machine.Disk {
	if m.Blind {
		return machine.Disk{}
	}
	return machine.Disk{Bytes: 48.2e6, Free: 12.3e9, Total: 64e9}
}

func (m *FakeMachine) GPUs(context.Context) ([]nvml.GPU, error) { return m.gpus, m.GPUErr }
