// Package machine is the view of what the open run costs its computer.
package machine

import (
	"math"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/models/nvml"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/machine"
)

// View tells what the run costs its computer, and where the time of a
// step goes. It looks once a second, while it shows.
type View struct {
	h host.Host

	reader Reader
	visit  int       // counts the times that the view was entered
	pids   []int     // to look at: the trainer's first
	looked time.Time // last, at the load

	load  machine.Load
	disk  machine.Disk
	gpus  []nvml.GPU
	noGPU error      // why there are none
	runs  []run.Info // with a trainer, other than this
	past  map[string][]float64
}

// New returns the view; it looks at nothing before it is shown.
func New(h host.Host) host.View { return &View{h: h} }

// Active implements host.View: there is nothing to do here.
func (*View) Active() []*host.Section { return nil }

// pastLooks are kept for the graphs: those of a minute.
const pastLooks = 60

// Title implements host.View.
func (*View) Title() string { return "machine" }

// Enter implements host.EnterView: it begins to look. A gap would look like a jump, so graphs begin anew after
// one.
func (v *View) Enter() tea.Cmd {
	if v.reader == nil {
		v.reader = NewReader()
	}
	if now := v.h.Options().Now(); v.past == nil || now.Sub(v.looked) > 3*loadEvery {
		v.past = map[string][]float64{}
	}
	v.visit++
	v.listPIDs()
	return tea.Batch(v.LookAtLoad(0), v.lookAtGPU(0), v.lookAtDisk(v.h.Options().RunsDir, v.h.Run().Dir, 0))
}

// listPIDs says which processes to look at.
func (v *View) listPIDs() {
	v.pids = nil
	if v.h.Options().Remote != nil { // its numbers are other processes' here
		return
	}
	if info := v.h.Run().Info; info.Alive {
		v.pids = append(v.pids, info.Status.PID)
	}
	for _, r := range v.runs {
		v.pids = append(v.pids, r.Status.PID)
	}
}

// Receive implements host.MessageView.
func (v *View) Receive(msg tea.Msg) (tea.Cmd, bool) {
	shows := v.h.Shows(v)
	live := func(from *View, visit int) bool { return from == v && visit == v.visit && shows }
	switch m := msg.(type) {
	case loadMsg:
		if !live(m.view, m.visit) {
			return nil, m.view == v
		}
		v.setLoad(m.load)
		return v.LookAtLoad(loadEvery), true
	case diskMsg:
		if !live(m.view, m.visit) {
			return nil, m.view == v
		}
		v.disk, v.runs = m.disk, m.runs
		return v.lookAtDisk(v.h.Options().RunsDir, v.h.Run().Dir, diskEvery), true
	case gpuMsg:
		if !live(m.view, m.visit) {
			return nil, m.view == v
		}
		v.gpus, v.noGPU = m.gpus, m.err
		return v.lookAtGPU(gpuEvery), true
	}
	return nil, false
}

// setLoad takes a look in and adds a second to the graphs.
func (v *View) setLoad(l machine.Load) {
	v.load, v.looked = l, v.h.Options().Now()
	v.listPIDs()
	add := func(name string, x float64) {
		p := append(v.past[name], x)
		v.past[name] = p[max(len(p)-pastLooks, 0):]
	}
	trainer := v.trainer()
	add("cpu", l.CPU())
	add("trainer", trainer.Cores)
	add("memory", partOf(float64(l.MemUsed), float64(l.MemTotal)))
	add("disk", trainer.Written)
	for _, g := range v.allGPUs() {
		add(gpuName(g), float64(g.Use))
	}
}

// allGPUs are those of this machine, and the one that trains, as its trainer says:
// that may be another machine's.
func (v *View) allGPUs() []nvml.GPU {
	info := &v.h.Run().Info
	g := info.Status.GPU
	if g == nil || !info.Alive {
		return v.gpus
	}
	list := []nvml.GPU{*g}
	for _, other := range v.gpus {
		if other.Index != g.Index {
			list = append(list, other)
		}
	}
	return list
}

// trainer is what the run's process uses, all unknown without one.
func (v *View) trainer() machine.Process {
	if p, ok := v.load.Procs[v.h.Run().Info.Status.PID]; ok && v.h.Run().Info.Alive {
		return p
	}
	return machine.Process{Cores: math.NaN(), Written: math.NaN()}
}

// partOf is a part of a whole, NaN if there is none.
func partOf(part, whole float64) float64 {
	if !(whole > 0) {
		return math.NaN()
	}
	return part / whole
}

// speed is that of training over the last ticks, which tell more than a minute.
func (v *View) speed() (past []float64) {
	c := v.h.Run().Series.Find(runlog.Speed)
	if c == nil {
		return nil
	}
	for i := max(c.Len()-pastLooks, 0); i < c.Len(); i++ {
		past = append(past, c.At(i))
	}
	return past
}

// Draw implements host.View: it puts the machine beside the time of a step where there is width, else
// above it.
func (v *View) Draw(r host.Rect) []string {
	stages := max(len(v.h.Run().Info.Status.StageMs), 1)
	if r.W >= 150 {
		left, right := host.SplitX(r, r.W*58/100)
		steps, low := host.SplitY(right, min(2*stages+4, right.H/2))
		cores, runs := host.SplitY(low, min(v.coresHeight(low.W), low.H/2))
		return host.Beside(v.drawGauges(left), slices.Concat(v.drawStages(steps), v.drawCores(cores), v.drawRuns(runs)))
	}
	n := len(v.gauges())
	top, low := host.SplitY(r, min(n+2, r.H*2/3))
	if pitch := (r.H - stages - 6) / n; pitch > 1 {
		top, low = host.SplitY(r, pitch*n+1)
	}
	if r.W < 110 {
		return append(v.drawGauges(top), v.drawStages(low)...)
	}
	steps, runs := host.SplitX(low, low.W*60/100)
	return append(v.drawGauges(top), host.Beside(v.drawStages(steps), v.drawRuns(runs))...)
}
