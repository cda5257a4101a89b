//go:build linux && (amd64 || arm64) && !static

package torch_test

import (
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/standin"
	"innate/models/torch"
)

// trainee is a net with all that a trainer has around it.
type trainee struct {
	t       *testing.T
	dev     *torch.Device
	net     *net
	slots   []device.AdamSlot
	average []*models.Param
	mean    device.Average
	program device.Program
	adam    device.Adam
	step    int64
	shift   int        // of its batches against another's
	sum     device.Sum // nil for a process alone
}

func newTrainee(t *testing.T, dev *torch.Device) *trainee {
	n := newNet(t, graph.Float32)
	tr := &trainee{t: t, dev: dev, net: n, slots: make([]device.AdamSlot, len(n.params)), average: make([]*models.Param, len(n.params))}
	for i, p := range n.params {
		tr.average[i] = p.Clone()
		tr.slots[i] = device.AdamSlot{Param: p, M: models.NewParam("m", p.Shape...), V: models.NewParam("v", p.Shape...), Grad: n.grads[i]}
	}
	return tr
}

// freeze plans a program that trains the first so many parameters.
func (tr *trainee) freeze(trained int) {
	tr.t.Helper()
	var err error
	tr.program, err = tr.dev.Compile(tr.net.g, device.Request{Outputs: tr.net.outputs()[:1+trained], Record: tr.net.outputs()[:1], Replaces: tr.program})
	must(tr.t, err)
	for i := range tr.slots {
		tr.slots[i].Program = tr.program
	}
	tr.adam, err = tr.dev.PlanAdam(tr.slots[:trained])
	must(tr.t, err)
}

// train makes steps, of another batch and by another learning rate each.
func (tr *trainee) train(steps int) {
	tr.t.Helper()
	for range steps {
		must(tr.t, tr.try())
	}
}

// try makes one step.
func (tr *trainee) try() error {
	tr.step++
	x := tr.net.g.Data(tr.net.x)
	for i := range x {
		x[i] = float32((i*7+(int(tr.step)+tr.shift)*13)%31)/31 - 0.5
	}
	if err := tr.program.Run(); err != nil {
		return err
	}
	n := len(tr.net.params)
	s := device.AdamStep{
		LR: 1e-3 / float64(tr.step), Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Sum: tr.sum,
		Steps: slices.Repeat([]int64{tr.step}, n), Corr1: slices.Repeat([]float32{1}, n), Corr2: slices.Repeat([]float32{1}, n),
	}
	if err := tr.adam.Step(s); err != nil || tr.mean == nil {
		return err
	}
	return tr.mean.Update(0.9)
}

// values are all that has been trained, and the losses.
func (tr *trainee) values() []float32 {
	tr.t.Helper()
	all := slices.Concat(tr.net.params, tr.average)
	must(tr.t, tr.dev.Download(all...))
	var v []float32
	for _, p := range all {
		v = append(v, p.Data...)
	}
	for _, r := range tr.program.Records() {
		v = append(v, float32(r))
	}
	return v
}

// count is how often a line begins with a text.
func count(lines []string, prefix string) (n int) {
	for _, l := range lines {
		if strings.HasPrefix(l, prefix) {
			n++
		}
	}
	return n
}

// schedule is a training with everything that a graph must live through: a new set
// of trained parameters, parameters that move to other memory, profiling.
func (tr *trainee) schedule() {
	n := len(tr.net.params)
	tr.freeze(n)
	tr.train(5)
	tr.freeze(n - 3)
	tr.train(4)
	var err error
	tr.mean, err = tr.dev.PlanAverage(tr.average, tr.net.params) // moves them into one piece
	must(tr.t, err)
	tr.train(5)
	tr.program.Profile(true)
	tr.train(2)
	tr.program.Profile(false)
	tr.train(2)
	tr.program.Value(tr.net.loss)
}

// TestGraphs: a program is captured once, after two runs, and launched from then
// on; once more for what else is trained, and where parameters have moved. What is
// trained is, bit for bit, what it is without graphs.
func TestGraphs(t *testing.T) {
	plain := newTrainee(t, openGPU(t, torch.Options{Threads: 1}))
	plain.schedule()

	log := standin.Log(t)
	tr := newTrainee(t, openGPU(t, torch.Options{Threads: 1, CUDAGraphs: true}))
	n := len(tr.net.params)
	tr.freeze(n)
	log()
	tr.train(5)
	lines := log()
	if i, j := slices.Index(lines, "capture stream 2"), slices.Index(lines, "captured stream 2"); i < 0 || j != i+1 || lines[i-1] != "use stream 2" || lines[i-2] != "wait for stream 0" || lines[j+1] != "instantiate" || lines[j+2] != "use stream 0" || lines[j+3] != "launch stream 0" {
		t.Errorf("calls\n%s", strings.Join(lines, "\n"))
	}
	if c, l, u := count(lines, "capture stream"), count(lines, "launch"), count(lines, "use stream 2"); c != 1 || l != 3 || u != 3 {
		t.Errorf("5 steps: %d captures, %d launches, %d times on the other stream, want 1, 3 and 3", c, l, u)
	}
	again := newTrainee(t, tr.dev)
	log()
	again.schedule()
	lines = log()
	if c, l, d := count(lines, "capture stream"), count(lines, "launch"), count(lines, "graph destroyed"); c != 3 || l != 3+2+3+2 || d != 2 {
		t.Errorf("schedule: %d captures, %d launches, %d graphs destroyed, want 3, 10 and 2", c, l, d)
	}
	if notes := tr.dev.Notes(); notes != nil {
		t.Errorf("notes %q", notes)
	}
	if got, want := again.values(), plain.values(); !slices.Equal(got, want) {
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("value %d of %d is %v, without graphs %v", i, len(want), got[i], want[i])
			}
		}
	}
	log()
	tr.dev.Close()
	if d := count(log(), "graph destroyed"); d != 2 {
		t.Errorf("close: %d graphs destroyed, want 2", d)
	}
}

// TestGraphsFail: whatever fails, the program runs without, to the same values, and
// one note says why.
func TestGraphsFail(t *testing.T) {
	plain := newTrainee(t, openGPU(t, torch.Options{Threads: 1}))
	plain.schedule()
	want := plain.values()
	getenv := gpu(t)
	for fail, says := range map[string]string{
		"torch_get_cuda_stream_from_pool=1": "torch: new stream: CUDA error: unspecified launch failure",
		"cudaStreamBeginCapture=900":        "torch: cuda:0: capture: operation not permitted when stream is capturing",
		"cudaStreamEndCapture=901":          "torch: cuda:0: capture: operation failed due to a previous error during capture",
		"cudaGraphInstantiateWithFlags=2":   "torch: cuda:0: make a graph: out of memory",
		"cudaGraphLaunch=2":                 "torch: cuda:0: launch a graph: out of memory",
	} {
		t.Run(fail, func(t *testing.T) {
			dev, err := torch.New("cuda:0", torch.Options{Threads: 1, CUDAGraphs: true}, getenv)
			must(t, err)
			defer dev.Close()
			tr := newTrainee(t, dev.(*torch.Device))
			tr.freeze(len(tr.net.params)) // the stream of uploads is there
			t.Setenv("STANDIN_FAIL", fail)
			tr.schedule()
			if got := tr.values(); !slices.Equal(got, want) {
				t.Error("other values than without graphs")
			}
			if got := tr.dev.Notes(); !slices.Equal(got, []string{says + ": no CUDA graph, every operation is launched by itself"}) {
				t.Errorf("notes %q, want %q", got, says)
			}
			dev.Close()
			if live := tr.dev.Live(); live != 0 {
				t.Errorf("%d tensors are left", live)
			}
		})
	}
}

// TestGraphsRelease: graphs and the streams that they were captured on are given
// back: programs beyond the number of streams are captured as the first was.
func TestGraphsRelease(t *testing.T) {
	dev := openGPU(t, torch.Options{Threads: 1, CUDAGraphs: true})
	n := newNet(t, graph.Float32)
	live := 0
	for i := range 40 {
		p, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()[:1]})
		must(t, err)
		for range 4 {
			must(t, p.Run())
		}
		p.Release()
		if got := dev.Live(); i == 1 {
			live = got
		} else if i > 1 && got != live {
			t.Fatalf("program %d: %d tensors, %d before", i, got, live)
		}
	}
	if notes := dev.Notes(); notes != nil {
		t.Errorf("notes %q", notes)
	}
}
