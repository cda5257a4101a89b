package machine

import (
	"math"
	"time"

	"github.com/prometheus/procfs"

	"innate/models/nvml"
)

// Machine remembers the counters of its last look, since shares and rates are
// differences of two. Load, Disk and GPUs may run at the same time, each once.
type Machine struct {
	proc  string // where /proc is
	now   func() time.Time
	cores map[int64]coreTimes
	procs map[int]procCounters
	gpus  gpuQuery
}

// New returns a machine that has not been looked at.
func New() *Machine { return at(procfs.DefaultMountPoint) }

func at(proc string) *Machine {
	return &Machine{proc: proc, now: time.Now, gpus: gpuQuery{library: nvml.Library}}
}

// Load is the state of processor and memory.
type Load struct {
	Cores    []float64  // share of each core in use, in [0, 1]; empty at the first look
	Average  [3]float64 // processes that want to run, over 1, 5 and 15 minutes; NaN if unknown
	MemUsed  uint64     // bytes that are not available to new processes
	MemTotal uint64     // bytes; 0 if unknown
	Procs    map[int]Process
}

// CPU is the share of all cores in use, NaN if unknown.
func (l Load) CPU() float64 {
	sum := 0.0
	for _, c := range l.Cores {
		sum += c
	}
	return sum / float64(len(l.Cores)) // 0/0 is NaN
}

// Process is what one process uses.
type Process struct {
	Cores   float64 // kept busy since the last look; NaN at the first
	RSS     uint64  // bytes of memory
	Threads int
	Written float64 // bytes a second to disk since the last look; NaN if unknown
}

type coreTimes struct{ busy, total float64 } // seconds

type procCounters struct {
	at      time.Time
	busy    float64 // seconds
	written uint64  // bytes
	known   bool    // written is
}

// Load looks at processor, memory and some processes by pid. Processes that
// don't exist are missing.
func (m *Machine) Load(pids []int) Load {
	l := Load{Average: [3]float64{math.NaN(), math.NaN(), math.NaN()}, Procs: map[int]Process{}}
	before := m.procs
	m.procs = map[int]procCounters{}
	fs, err := procfs.NewFS(m.proc)
	if err != nil {
		m.cores = nil
		return l
	}
	l.Cores = m.busyCores(fs)
	if avg, err := fs.LoadAvg(); err == nil {
		l.Average = [3]float64{avg.Load1, avg.Load5, avg.Load15}
	}
	if v, err := fs.Meminfo(); err == nil && v.MemTotalBytes != nil && v.MemAvailableBytes != nil {
		l.MemTotal = *v.MemTotalBytes
		l.MemUsed = l.MemTotal - min(*v.MemAvailableBytes, l.MemTotal)
	}
	for _, pid := range pids {
		if p, ok := m.process(fs, pid, before[pid]); ok {
			l.Procs[pid] = p
		}
	}
	return l
}

// busyCores returns the share of each core that was busy since the last look.
func (m *Machine) busyCores(fs procfs.FS) []float64 {
	before := m.cores
	m.cores = map[int64]coreTimes{}
	stat, err := fs.Stat()
	if err != nil {
		return nil
	}
	var shares []float64
	for n := range int64(len(stat.CPU)) {
		t := stat.CPU[n]
		// User holds the time of guests already.
		busy := t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ + t.Steal
		now := coreTimes{busy, busy + t.Idle + t.Iowait}
		m.cores[n] = now
		was, ok := before[n]
		if total := now.total - was.total; ok && total > 0 {
			shares = append(shares, min(max((now.busy-was.busy)/total, 0), 1))
		} else if ok {
			shares = append(shares, 0)
		}
	}
	return shares
}

func (m *Machine) process(fs procfs.FS, pid int, before procCounters) (Process, bool) {
	if pid <= 0 {
		return Process{}, false
	}
	p, err := fs.Proc(pid)
	if err != nil {
		return Process{}, false
	}
	stat, err := p.Stat()
	if err != nil {
		return Process{}, false
	}
	now := procCounters{at: m.now(), busy: stat.CPUTime()}
	if io, err := p.IO(); err == nil { // somebody else's process hides it
		now.written, now.known = io.WriteBytes, true
	}
	m.procs[pid] = now
	out := Process{Cores: math.NaN(), Written: math.NaN(), RSS: uint64(max(stat.ResidentMemory(), 0)), Threads: stat.NumThreads}
	// Counters that went back belong to another process with the same pid.
	if sec := now.at.Sub(before.at).Seconds(); !before.at.IsZero() && sec > 0 && now.busy >= before.busy {
		out.Cores = (now.busy - before.busy) / sec
		if now.known && before.known && now.written >= before.written {
			out.Written = float64(now.written-before.written) / sec
		}
	}
	return out, true
}
