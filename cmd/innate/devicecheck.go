package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/procfs"

	"innate/configs"
	"innate/models/device"
	"innate/models/device/devices"
	"innate/models/nvml"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/loop"
	"innate/trainer/method"
)

// What doctor --check tries beyond single operations: that a network learns, how
// fast steps are and what memory they take, as they are and as CUDA graphs, and that
// none is lost.

// trial is training steps over networks of random weights.
type trial struct {
	name, method, preset string
	net                  unet.Config
	batch, steps         int
	reference            string // the network's name at a reference
}

// trials are how much is tried: a GPU is fast, and a processor is tried for the code
// that they share.
type trials struct {
	demo  int // steps of the demo's teacher
	leak  int // steps between two looks at memory
	steps []trial
}

// benchNet is the network that the PyTorch reference is timed on, 1.75 M parameters,
// and cifarNet the one of CIFAR-10 in EDM and GDD, 55.7 M.
var (
	benchNet = unet.Config{Arch: "ddpmpp", Sizes: precond.Sizes{Resolution: 28, Channels: 1, ModelChannels: 32, ChannelMult: []int{1, 2, 2}, ChannelMultEmb: 4, NumBlocks: 2, AttnResolutions: []int{7}}}
	cifarNet = unet.Config{Arch: "ncsnpp", Sizes: precond.Sizes{Resolution: 32, Channels: 3, ModelChannels: 128, ChannelMult: []int{2, 2, 2}, ChannelMultEmb: 4, NumBlocks: 4, AttnResolutions: []int{16}}}
)

func trialsOf(name string) trials {
	if strings.HasPrefix(name, "cuda") {
		return trials{demo: 200, leak: 300, steps: []trial{
			{"EDM, 28x28, 1.75 M", configs.EDM, "none", benchNet, 64, 32, "mnist"},
			{"GDD-I, 28x28, 1.75 M", configs.GDD, "gdd-i", benchNet, 64, 32, "mnist"},
			{"EDM, CIFAR-10 NCSN++", configs.EDM, "none", cifarNet, 64, 16, "cifar"},
			{"GDD-I, CIFAR-10 NCSN++", configs.GDD, "gdd-i", cifarNet, 64, 16, "cifar"},
		}}
	}
	tiny := cifarNet
	tiny.ModelChannels, tiny.ChannelMult, tiny.NumBlocks = 32, []int{1, 2}, 1
	return trials{demo: 24, leak: 20, steps: []trial{
		{"EDM, 28x28, 1.75 M", configs.EDM, "none", benchNet, 8, 2, "mnist"},
		{"GDD-I, NCSN++ of 32 channels", configs.GDD, "gdd-i", tiny, 4, 2, ""},
	}}
}

// inspected is what a device over PyTorch says of itself to who tries it.
type inspected interface {
	RecordCalls()
	CheckCalls() (operations int, err error)
	InUse() int64
	Live() int
}

// findings count checks, and write a line for each.
type findings struct {
	out           io.Writer
	total, failed int
}

func (f *findings) row(ok bool, format string, args ...any) {
	f.total++
	verdict := "ok"
	if !ok {
		f.failed++
		verdict = "FAILED"
	}
	fmt.Fprintf(f.out, format+"\t%s\n", append(args, verdict)...)
}

// tryTraining is everything of a check that trains.
func tryTraining(ctx context.Context, c *cli, name string, threads int, reference string) (total, failed int, err error) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	f, sizes := &findings{out: w}, trialsOf(name)
	if err := tryLearning(ctx, f, name, threads, sizes.demo); err != nil {
		return 0, 0, err
	}
	ref := startEager(reference, name, threads)
	defer ref.end()
	fmt.Fprintf(w, "\ntraining steps\ta step\tas CUDA graphs\tPyTorch\tfirst step\tmemory\n")
	for _, t := range sizes.steps {
		if err := tryStep(ctx, f, t, name, threads, ref); err != nil {
			return 0, 0, err
		}
	}
	if err := tryLeak(ctx, f, name, threads, sizes.leak); err != nil {
		return 0, 0, err
	}
	return f.total, f.failed, nil
}

// tryLearning trains the demo's teacher: its loss must fall.
func tryLearning(ctx context.Context, f *findings, name string, threads, steps int) error {
	_, cfg, err := prepare("mnist-edm", edits{})
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		return err
	}
	dev, err := devices.Open(name, devices.Options{Threads: threads})
	if err != nil {
		return err
	}
	t, err := loop.TryDevice(ctx, dev, cfg, dir, steps)
	if err != nil {
		return err
	}
	mean := func(steps []map[string]float64) (m float64) {
		for _, s := range steps {
			m += s["loss/edm"] / float64(len(steps))
		}
		return m
	}
	n := max(1, steps/4)
	before, after := mean(t.Losses[:n]), mean(t.Losses[steps-n:])
	fmt.Fprintln(f.out)
	f.row(after < before, "mnist-edm, %d steps\tloss %.4f, then %.4f", steps, before, after)
	return nil
}

// timing is what steps on one device took.
type timing struct {
	first, step time.Duration
	memory      int64 // bytes
	losses      map[string]float64
	notes       []string
}

// run makes the trial's steps on a device, and closes it.
func (t trial) run(ctx context.Context, dev device.Device) (timing, error) {
	defer dev.Close()
	before, start := inUse(dev), time.Now()
	rig, err := method.NewRig(dev, t.method, t.preset, t.net, t.batch)
	if err != nil {
		return timing{}, err
	}
	var r timing
	if _, err := makeSteps(ctx, rig, 1); err != nil {
		return r, err
	}
	r.first = time.Since(start)
	if _, err := makeSteps(ctx, rig, 3); err != nil { // kernels are chosen, programs captured
		return r, err
	}
	start = time.Now()
	r.losses, err = makeSteps(ctx, rig, t.steps)
	r.step, r.memory = time.Since(start)/time.Duration(t.steps), inUse(dev)-before
	if d, ok := dev.(interface{ Notes() []string }); ok {
		r.notes = d.Notes()
	}
	return r, err
}

// makeSteps trains for n steps, unless ctx ends before, and waits for their losses.
func makeSteps(ctx context.Context, rig *method.Rig, n int) (losses map[string]float64, err error) {
	for range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := rig.Step(); err != nil {
			return nil, err
		}
	}
	return rig.Losses(), nil
}

// tryStep times a step, on a GPU also as CUDA graphs, which must give the same
// losses.
func tryStep(ctx context.Context, f *findings, t trial, name string, threads int, ref *eager) error {
	dev, err := devices.Open(name, devices.Options{Threads: threads})
	if err != nil {
		return err
	}
	plain, err := t.run(ctx, dev)
	if err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	graphs, ok, notes := "-", finite(plain.losses), plain.notes
	if strings.HasPrefix(name, "cuda") {
		if dev, err = devices.Open(name, devices.Options{Threads: threads, CUDAGraphs: true}); err != nil {
			return err
		}
		captured, err := t.run(ctx, dev)
		if err != nil {
			return fmt.Errorf("%s: as CUDA graphs: %w", t.name, err)
		}
		apart := worstLoss(captured.losses, plain.losses)
		graphs = fmt.Sprintf("%s, losses %.1e apart", milliseconds(captured.step), apart)
		notes = append(notes, captured.notes...)
		ok = ok && apart <= checkLoss && len(captured.notes) == 0
	}
	f.row(ok, "%s, batch %d\t%s\t%s\t%s\t%.1f s\t%s", t.name, t.batch, milliseconds(plain.step), graphs, ref.step(t), plain.first.Seconds(), mebibytes(plain.memory))
	for _, n := range slices.Compact(notes) {
		fmt.Fprintf(f.out, "  %s\n", n)
	}
	return nil
}

// firstPenalty is how many steps lead to the first with a gradient penalty, which
// takes memory of its own.
const firstPenalty = 17

// tryLeak trains on and on: neither tensors nor memory may grow.
func tryLeak(ctx context.Context, f *findings, name string, threads, more int) error {
	net := benchNet
	net.ModelChannels, net.NumBlocks = 8, 1
	dev, err := devices.Open(name, devices.Options{Threads: threads})
	if err != nil {
		return err
	}
	defer dev.Close()
	rig, err := method.NewRig(dev, configs.GDD, "gdd-i", net, 4)
	if err != nil {
		return err
	}
	var tensors [2]int
	var memory [2]int64
	for i, steps := range []int{firstPenalty, more} {
		if _, err := makeSteps(ctx, rig, steps); err != nil {
			return err
		}
		if d, ok := dev.(inspected); ok {
			tensors[i] = d.Live()
		}
		memory[i] = inUse(dev)
	}
	const room = 8 << 20 // of an allocator
	fmt.Fprintln(f.out)
	f.row(tensors[0] == tensors[1] && memory[1]-memory[0] <= room, "leaks, %d steps\t%d tensors, then %d\t%+.1f MiB", more, tensors[0], tensors[1], float64(memory[1]-memory[0])/(1<<20))
	return nil
}

// inUse is the memory in use: of a GPU, by all processes, or of this process.
func inUse(dev device.Device) int64 {
	if d, ok := dev.(inspected); ok {
		if n := d.InUse(); n > 0 {
			return n
		}
	}
	self, err := procfs.NewProc(os.Getpid())
	if err != nil {
		return 0
	}
	stat, err := self.Stat()
	if err != nil {
		return 0
	}
	return int64(stat.ResidentMemory())
}

// describeGPU is what the driver says of the GPU at an address.
func describeGPU(bus string) string {
	lib, err := nvml.Open(nvml.Library)
	if err != nil {
		return err.Error()
	}
	g, err := lib.At(bus)
	if err != nil {
		return err.Error()
	}
	return g.Name + ": " + gpuFacts(&g)
}

// finite reports whether there are losses, and all are numbers.
func finite(losses map[string]float64) bool {
	for _, v := range losses {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return len(losses) > 0
}

// worstLoss is how far losses are apart, relative to themselves.
func worstLoss(got, want map[string]float64) (worst float64) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if strings.HasPrefix(key, "loss/") {
			worst = max(worst, math.Abs(got[key]-want[key])/max(1e-6, math.Abs(want[key])))
		}
	}
	return worst
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }
