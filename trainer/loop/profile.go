package loop

import (
	"cmp"
	"context"
	"slices"
	"time"

	"innate/configs"
	"innate/models/device"
	"innate/models/device/devices"
	"innate/trainer/method"
)

// Profile says where the time of a configuration's training steps goes. Times
// and counts are means over the steps measured.
type Profile struct {
	Method  string  `json:"method"`
	Batch   int     `json:"batch"`   // images a step
	Threads int     `json:"threads"` // that computed
	Kernels string  `json:"kernels"`
	Frozen  float64 `json:"frozen_fraction"`

	Steps  int           `json:"steps"`       // measured
	Step   time.Duration `json:"step_ns"`     // one step, all included
	Peak   float64       `json:"peak_flop_s"` // of the device
	Stages []StageCost   `json:"stages"`      // in the order of their execution
	Ops    []Cost        `json:"ops"`         // by kind of operation, dearest first
	Layers []Cost        `json:"layers"`      // by layer, dearest first

	Workspace int `json:"workspace_bytes"`          // activations and scratch, which the stages share
	Predicted int `json:"predicted_bytes,omitzero"` // the most memory that the steps should take; 0 but on cpu
}

// StageCost is the cost of one stage of a step. Rest is what a step spends
// outside of graphs: data, optimizers, averages.
type StageCost struct {
	Stage string        `json:"stage"`
	Time  time.Duration `json:"ns"`
	FLOP  int64         `json:"flop"`
	Arena int           `json:"arena_bytes"` // activations and scratch, where the stages lie over each other
}

// Cost is the cost of the operations of one kind, or of one layer, in one stage.
type Cost struct {
	Stage string        `json:"stage"`
	Name  string        `json:"name"`
	Count int           `json:"count"` // operations in one run of the stage
	Time  time.Duration `json:"ns"`
	FLOP  int64         `json:"flop"`
}

// MeasureProfile trains for some steps as a configuration says, in memory alone,
// and measures them; dir is what its paths count from, a run's directory. A first
// step, which touches all memory for the first time, is not counted. R1 is among
// them as often as its interval lets it. It ends early, with the error of ctx, when
// ctx does.
func MeasureProfile(ctx context.Context, cfg *configs.Config, dir string, steps int) (*Profile, error) {
	dev, err := openDevice(cfg, nil)
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	l, err := inMemory(dev, cfg, dir)
	if err != nil {
		return nil, err
	}
	defer l.loader.Close()
	programs, memory := l.method.Programs(), l.memory()
	memory.finish(l.dev)
	const peakTime = 200 * time.Millisecond
	info := l.dev.Info()
	p := &Profile{
		Method: cfg.Method, Batch: cfg.Run.Batch, Threads: info.Threads, Kernels: info.Kernels,
		Frozen: l.freezing.Fraction(), Steps: steps, Peak: l.dev.MeasurePeak(peakTime),
		Workspace: memory.Workspace,
	}
	if info.Name == devices.CPU {
		p.Predicted = memory.Peak
	}
	var start time.Time
	for i := range steps + 1 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if i == 1 {
			for _, r := range programs {
				r.Profile(true)
			}
			start = time.Now()
		}
		if err := l.trainStep(); err != nil {
			return nil, err
		}
	}
	p.Step = time.Since(start) / time.Duration(steps)
	p.collect(programs)
	return p, nil
}

// collect adds up what the machines have measured.
func (p *Profile) collect(programs []method.Program) {
	ops, layers := map[[2]string]*Cost{}, map[[2]string]*Cost{}
	add := func(to map[[2]string]*Cost, stage, name string, c device.OpCost) {
		k := [2]string{stage, name}
		if to[k] == nil {
			to[k] = &Cost{Stage: stage, Name: name}
		}
		to[k].Count++
		to[k].Time += c.Time
		to[k].FLOP += c.FLOP
	}
	rest := p.Step
	for _, r := range programs {
		need := r.Memory()
		s := StageCost{Stage: r.Stage, Arena: need.Activations + need.Scratch}
		runs, costs := r.Costs()
		for _, c := range costs {
			c.FLOP = c.FLOP * int64(runs) / int64(p.Steps)
			c.Time /= time.Duration(p.Steps)
			s.Time, s.FLOP = s.Time+c.Time, s.FLOP+c.FLOP
			add(ops, r.Stage, c.Op, c)
			if c.Layer == "" {
				c.Layer = "(no layer)"
			}
			add(layers, r.Stage, c.Layer, c)
		}
		rest -= s.Time
		p.Stages = append(p.Stages, s)
	}
	p.Stages = append(p.Stages, StageCost{Stage: "rest", Time: max(0, rest)})
	p.Ops, p.Layers = dearest(ops), dearest(layers)
}

// dearest lists costs by time, the largest first.
func dearest(costs map[[2]string]*Cost) []Cost {
	var list []Cost
	for _, c := range costs {
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Cost) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Stage, b.Stage), cmp.Compare(a.Name, b.Name))
	})
	return list
}
