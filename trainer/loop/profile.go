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

	Evaluation *EvaluationCost `json:"evaluation,omitempty"` // nil where none is due

	Workspace int `json:"workspace_bytes"`          // activations and scratch, which the stages share
	Predicted int `json:"predicted_bytes,omitzero"` // the most memory that the steps should take; 0 but on cpu
}

// EvaluationCost is what the evaluations between steps take of a run. The statistic at
// their ends is not counted.
type EvaluationCost struct {
	Samples  int           `json:"samples"` // images of an evaluation
	Kimg     float64       `json:"kimg"`    // thousands of training images between two
	Image    time.Duration `json:"image_ns"`
	Share    float64       `json:"share"`         // of the time by the clock
	CPUShare float64       `json:"cpu_share"`     // of processor time; 0 where the system does not tell
	Allowed  float64       `json:"allowed_share"` // live.fid_share
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
	for _, r := range programs {
		r.Profile(false)
	}
	p.Evaluation, err = l.measureEvaluation(ctx, steps)
	return p, err
}

// measureEvaluation takes a step and a slice of an evaluation in turns, at most as many
// of each as an evaluation has; the first, which touches memory for the first time, is
// not counted where there is a second.
func (l *Loop) measureEvaluation(ctx context.Context, rounds int) (*EvaluationCost, error) {
	if err := l.prepareEvaluation(); err != nil || l.eval.panel == nil {
		return nil, err
	}
	e, live := &l.eval, l.cfg.Live
	if err := e.den.Net.Params().CopyFrom(l.method.Images().Den.Net.Params()); err != nil {
		return nil, err
	}
	if err := l.dev.Upload(e.den.Net.Params().All()...); err != nil {
		return nil, err
	}
	e.panel.Reset()
	slice, samples := l.evaluationSlice(), l.cfg.FID.Samples
	warm := 1
	if rounds = min(rounds, samples/slice-1); rounds < 1 {
		warm, rounds = 0, 1
	}
	var steps, slices spent
	for i := range warm + rounds {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		watch := startWatch()
		if err := l.trainStep(); err != nil {
			return nil, err
		}
		step := watch.spent()
		watch = startWatch()
		if _, err := e.panel.Step(); err != nil {
			return nil, err
		}
		if i >= warm {
			steps.plus(step)
			slices.plus(watch.spent())
		}
	}
	share := func(steps, slices time.Duration) float64 {
		evaluation := slices.Seconds() / float64(slice) * float64(samples)
		training := steps.Seconds() / float64(l.cfg.Run.Batch) * 1000 * live.FIDKimg
		if evaluation+training == 0 {
			return 0
		}
		return evaluation / (evaluation + training)
	}
	return &EvaluationCost{
		Samples: samples, Kimg: live.FIDKimg, Image: slices.wall / time.Duration(rounds*slice),
		Share: share(steps.wall, slices.wall), CPUShare: share(steps.cpu, slices.cpu), Allowed: live.FIDShare,
	}, nil
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
