package loop

import (
	"math"
	"runtime"
	"runtime/debug"
	"slices"

	"github.com/prometheus/procfs"

	"innate/configs"
	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
	"innate/trainer/method"
	"innate/trainer/run"
)

// garbagePercent is how much garbage a trainer's process lets grow, as GOGC says
// it. Most of the heap of a run lives as long as the run, so that collecting often
// costs little, and letting garbage grow to the size of it all would cost much.
const garbagePercent = 25

// CollectOften makes a trainer's process take the memory that is foretold, unless
// the environment says how much garbage may grow.
func CollectOften(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
}

// Memory is what a run will take, in bytes, as it begins: what an entry of a freeze
// schedule changes is in Schedule. The parts add up to the peak.
type Memory struct {
	Device   string          `json:"device"` // that it is foretold for: cpu, whose plan is all that it takes
	Method   string          `json:"method"`
	Batch    int             `json:"batch"`
	Threads  int             `json:"threads"`
	Networks []NetworkMemory `json:"networks"`
	Programs []ProgramMemory `json:"programs"` // of the stages of a step, then of samples and evaluations

	Weights    int `json:"weights_bytes"`    // of trained networks
	Gradients  int `json:"gradients_bytes"`  // and the losses beside them
	Optimizer  int `json:"optimizer_bytes"`  // moments of what trains
	Average    int `json:"average_bytes"`    // averaged weights
	Frozen     int `json:"frozen_bytes"`     // networks that stay as they are
	Start      int `json:"start_bytes"`      // weights that layers' distances count from
	Workspace  int `json:"workspace_bytes"`  // activations and scratch, which all programs share
	Packed     int `json:"packed_bytes"`     // frozen weights in another form
	Data       int `json:"data_bytes"`       // the data set
	Evaluation int `json:"evaluation_bytes"` // copies of weights that are measured and best, images, sums
	Measured   int `json:"measured_bytes"`   // of these the copy of averaged weights that an evaluation measures
	Samples    int `json:"samples_bytes"`
	Copy       int `json:"copy_bytes"`    // of a checkpoint, until it is on disk
	Process    int `json:"process_bytes"` // program, graphs, and garbage until it is collected
	Peak       int `json:"peak_bytes"`

	Schedule []FreezeMemory `json:"freeze_schedule,omitempty"`
	Most     int            `json:"most_bytes"` // the largest of Peak and the schedule's

	Checkpoint  int `json:"checkpoint_bytes"` // of one, on disk; the largest of the schedule's
	Checkpoints int `json:"checkpoints"`      // that stay when the run is done
	Disk        int `json:"disk_bytes"`       // they and the best network

	WaysBack     int `json:"ways_back"`       // checkpoints beside these, once there were as many live changes
	WaysBackDisk int `json:"ways_back_bytes"` // of them all

	best int // bytes of the best network; 0 if nothing is measured
}

// NetworkMemory is one network of a run.
type NetworkMemory struct {
	Name      string      `json:"name"`
	Role      method.Role `json:"role"`
	Params    int         `json:"params"`
	Trainable int         `json:"trainable_params"`
	Bytes     int         `json:"bytes"`
}

// ProgramMemory is what one program needs. Activations and scratch lie over those
// of the other programs.
type ProgramMemory struct {
	Stage       string `json:"stage"`
	Activations int    `json:"activations_bytes"`
	Scratch     int    `json:"scratch_bytes"`
	Results     int    `json:"results_bytes"`
	Inputs      int    `json:"inputs_bytes"`
}

// PredictMemory says what a run of a configuration will take, whose paths count
// from dir. It builds all that a run builds and plans all that it plans, but runs
// nothing, so that no program gets the memory that it asks for. It foretells the cpu
// device, whatever the configuration's: on the others PyTorch's allocator decides.
func PredictMemory(cfg *configs.Config, dir string) (*Memory, error) {
	runtime.GC() // networks that the settings were checked with
	dev := &planned{Device: cpu.New(cfg.Run.Threads)}
	defer dev.Close()
	l, err := inMemory(dev, cfg, dir)
	if err != nil {
		return nil, err
	}
	defer l.loader.Close()
	steps := len(dev.programs)
	if err := l.prepareImages(); err != nil {
		return nil, err
	}
	m := l.memory()
	for _, p := range dev.programs[:steps] {
		if !slices.ContainsFunc(l.method.Programs(), func(s method.Program) bool { return s.Program == p }) {
			m.Evaluation += m.addProgram("test", p)
		}
	}
	evaluation, samples := dev.programs[steps:], []device.Program(nil)
	if l.samples != nil { // whose program is planned last
		n := len(evaluation) - 1
		evaluation, samples = evaluation[:n], evaluation[n:]
	}
	for i, p := range evaluation {
		stage := "fid images"
		if i > 0 {
			stage = "fid features"
		}
		m.Evaluation += m.addProgram(stage, p)
	}
	for _, p := range samples {
		m.Samples += m.addProgram("samples", p)
	}
	m.evaluations(l)
	m.checkpoints(l)
	m.finish(l.dev)
	m.Most = m.Peak
	err = m.schedule(l, dev)
	runtime.KeepAlive(l)
	return m, err
}

// Layers describes the network that a configuration trains, without training it. Its
// paths count from dir.
func Layers(cfg *configs.Config, dir string) ([]run.Layer, error) {
	dev := &planned{Device: cpu.New(cfg.Run.Threads)}
	defer dev.Close()
	l, err := inMemory(dev, cfg, dir)
	if err != nil {
		return nil, err
	}
	defer l.loader.Close()
	return l.method.Layers(), nil
}

// planned is a device that remembers what has been planned on it.
type planned struct {
	device.Device
	programs []device.Program
}

// Compile plans a program.
func (d *planned) Compile(g *graph.Builder, r device.Request) (device.Program, error) {
	p, err := d.Device.Compile(g, r)
	if err == nil {
		d.programs = append(d.programs, p)
	}
	return p, err
}

// memory is what the training steps of a run take, which has been built.
func (l *Loop) memory() *Memory {
	info := l.dev.Info()
	m := &Memory{Device: info.Name, Method: l.cfg.Method, Batch: l.cfg.Run.Batch, Threads: info.Threads}
	for _, n := range l.method.Parts() {
		net := NetworkMemory{Name: n.Name, Role: n.Role, Params: n.Params.Count(), Bytes: 4 * n.Params.Count()}
		switch n.Role {
		case method.Trained:
			m.Weights += net.Bytes
			net.Trainable = net.Params
			if n.Params == l.method.Params() {
				net.Trainable -= int(l.freezing.FrozenParams)
			}
			m.Optimizer += 2 * 4 * net.Trainable
		case method.Average:
			m.Average += net.Bytes
		case method.Frozen:
			m.Frozen += net.Bytes
		}
		m.Networks = append(m.Networks, net)
	}
	for _, p := range l.method.Programs() {
		m.addProgram(p.Stage, p)
		m.Gradients += p.Memory().Results + p.Sums
	}
	if s := l.method.Start(); s != nil {
		m.Start = 4 * s.Count()
	}
	m.Data = l.loader.Bytes()
	return m
}

// addProgram lists a program and returns what it has beside the workspace.
func (m *Memory) addProgram(stage string, p device.Program) int {
	s := p.Memory()
	m.Programs = append(m.Programs, ProgramMemory{stage, s.Activations, s.Scratch, s.Results, s.Inputs})
	return s.Results + s.Inputs
}

// evaluations adds what images are made and measured with.
func (m *Memory) evaluations(l *Loop) {
	if s := l.samples; s != nil {
		m.Samples += 4 * (len(s.images) + len(s.latents.Z) + len(s.latents.Labels))
	}
	if l.eval.panel == nil {
		return
	}
	slice, pixels := l.evaluationSlice(), l.samples.gen.Pixels()
	p := l.eval.panel
	m.Evaluation += 4 * pixels * slice // latents
	if p.images != nil {
		m.Evaluation += 4 * p.images.Size()
	}
	m.best = 4 * l.eval.den.Net.Params().Count()
	m.Measured = m.best
	m.Evaluation += m.Measured + m.best
	for _, j := range p.judges {
		m.Evaluation += 4 * pixels * (slice + featureBatch) // images, those that the features read
		for _, sum := range j.State().Sums {
			m.Evaluation += 2 * 8 * len(sum.Data) // of the images and of the reference
		}
	}
}

// checkpoints adds up what a checkpoint holds: as State of an optimizer will have
// it, once every parameter that trains has been updated.
func (m *Memory) checkpoints(l *Loop) {
	const entry, step, head = 128, 4, 8 << 10 // a tensor's line in the header, an update count, metadata
	size, tensors := 0, 0
	add := func(s *models.ParamSet) {
		size += 4 * s.Count()
		tensors += len(s.All())
	}
	for _, g := range l.method.Tensors() {
		add(g.Set)
	}
	trained := 0 // tensors
	for _, n := range l.method.Parts() {
		if n.Role != method.Trained {
			continue
		}
		for _, p := range n.Params.All() {
			if n.Params != l.method.Params() || !l.freezing.Frozen(p.Name) {
				trained++
			}
		}
	}
	size += m.Optimizer + step*trained
	tensors += 3 * trained
	m.Copy = size
	if m.best > 0 {
		size += m.best
		tensors += len(l.eval.den.Net.Params().All())
	}
	m.Checkpoint = size + entry*tensors + head
	live := l.cfg.Live
	written := 1
	if live.CheckpointKimg > 0 {
		written = int(math.Ceil(live.TotalKimg / live.CheckpointKimg))
	}
	m.Checkpoints = max(1, live.KeepCheckpoints)
	if live.KeepEveryKimg > 0 {
		m.Checkpoints += int(live.TotalKimg / live.KeepEveryKimg)
	}
	m.Checkpoints = min(m.Checkpoints, max(1, written))
	m.Disk = m.Checkpoints*m.Checkpoint + m.best
	m.WaysBack = live.KeepBack
	m.WaysBackDisk = m.WaysBack * m.Checkpoint
}

// finish adds what the process is beside all that: what is on its heap now and
// listed nowhere, what of the program lies in memory, and garbage.
func (m *Memory) finish(dev device.Device) {
	m.Workspace, m.Packed = dev.Workspace(), dev.Packed()
	debug.FreeOSMemory()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	live := int(s.HeapAlloc)
	// A copy for a checkpoint is made where garbage has just been collected, and lies
	// where more of it would grow.
	heap := max(live+live*garbagePercent/100, live+m.Copy+m.best)
	peak := m.Workspace + m.Packed + heap + int(s.Sys-s.HeapSys) + residentFile()
	listed := m.Weights + m.Gradients + m.Optimizer + m.Average + m.Frozen + m.Start + m.Workspace + m.Packed + m.Data + m.Evaluation + m.Samples + m.Copy
	m.Process, m.Peak = peak-listed, peak
}

// residentFile is how much of the program's own file is in memory; 0 where the
// system does not tell.
func residentFile() int {
	self, err := procfs.Self()
	if err != nil {
		return 0
	}
	status, err := self.NewStatus()
	if err != nil {
		return 0
	}
	return int(status.RssFile)
}
