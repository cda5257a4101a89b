package loop

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"innate/trainer/run"
)

// Status returns the latest snapshot. Safe for any goroutine.
func (l *Loop) Status() run.Status {
	s := *l.status.Load()
	s.Time = l.now()
	s.GPU = l.gpu.last.Load()
	s.PeakBytes = max(l.peakSoFar, PeakMemory())
	return s
}

// PeakMemory is the most memory that this process has held, in bytes; 0 where the
// system does not tell.
func PeakMemory() int64 {
	u := usage()
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10 // kilobytes
}

// ProcessorTime is what all threads of this process have computed for, user and system
// together; 0 where the system does not tell.
func ProcessorTime() time.Duration {
	u := usage()
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// usage is what this process has taken of the machine; zeros where the system does not tell.
func usage() (u unix.Rusage) {
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return unix.Rusage{}
	}
	return u
}

// Layers returns the parameters of the trained network and which of them are
// frozen. Safe for any goroutine; the slice must not be changed.
func (l *Loop) Layers() []run.Layer { return *l.layers.Load() }

// publish makes a new snapshot of the loop's state.
func (l *Loop) publish() {
	l.seq++
	r, f, info := l.report, l.freezing, l.dev.Info()
	table, _ := l.cfg.Freeze.InForce(l.nimg)
	s := &run.Status{
		Version: run.Version,
		Run:     filepath.Base(l.dir), Dir: l.dir, Method: l.cfg.Method,
		Config: filepath.Join(l.dir, run.ConfigFile),
		State:  l.state, PID: os.Getpid(), Job: l.job, Instance: l.instance, Seq: l.seq,
		Nimg: l.nimg, TotalNimg: l.total(), Started: l.started,
		ImagesPerSec: l.imagesPerSec(), EtaSec: l.eta(),
		Params: f.Params, FrozenParams: f.FrozenParams, TrainableTensors: int64(f.Tensors - f.FrozenTensors),
		FrozenFraction: f.Fraction(), FreezePreset: table.Preset,
		FreezeGlobs: table.Freeze, TrainGlobs: table.Train, FreezeSchedule: l.statusSchedule(), FreezeRule: l.statusRule(), DiscFrozen: l.discShares(), WaysBack: l.statusWays(),
		Metric: l.metric(), Rises: l.statistic().Rises, Also: r.also, Final: l.finalStatus(),
		LastFID: r.lastFID, BestFID: r.bestFID, TeacherFID: r.teacherFID, FIDName: r.fidName, FIDNimg: r.fidNimg,
		Stage: r.stage, StageMs: r.stageMs,
		Kernels: info.Kernels, Threads: info.Threads, Ranks: l.statusRanks(),
		SampleFile: r.sampleFile, SampleNimg: r.sampleNimg, SampleClasses: l.sampleClasses(), CheckpointNimg: r.checkpointNimg,
		PauseReason: l.pauseReason(), CheckpointError: l.health.refusal, Error: r.err, ConfigError: r.configError, Live: l.cfg.LiveMap(),
	}
	l.status.Store(s)
}

// metric is the scalar by which the run is judged; "" of a method that has none.
func (l *Loop) metric() string {
	if l.cfg.Judges() == 0 {
		return ""
	}
	return l.scalarOf(l.bestJudge())
}

// eta estimates the seconds left from the pace of the last ticks, evaluation and
// all; before the first tick from the training speed. Once the evaluation at the end
// is under way they are its.
func (l *Loop) eta() float64 {
	if final := l.finalStatus(); final != nil && final.Begun() {
		return l.finalPace.left(final.Samples * final.Ranges)
	}
	pace := l.pace.perSec
	if pace == 0 {
		pace = l.imagesPerSec()
	}
	if pace == 0 {
		return 0
	}
	return float64(max(0, l.total()-l.nimg)) / pace
}

// publishLayers makes a new snapshot of the layers, also for readers that come
// when the trainer is gone.
func (l *Loop) publishLayers() {
	layers := l.method.Layers()
	for i := range layers {
		layers[i].Frozen = l.freezing.Frozen(layers[i].Name)
		layers[i].Rate = l.rates[layers[i].Name]
		layers[i].ByRule = slices.Contains(l.freezing.ruled.frozen, layers[i].Name) || slices.Contains(l.freezing.thawed, layers[i].Name)
	}
	l.layerStats.fill(layers)
	l.layers.Store(&layers)
	err := l.storage.write(func() error { return run.WriteLayers(l.dir, layers) })
	if err != nil {
		fmt.Fprintf(l.out, "%v\n", err)
	}
}

// heartbeat writes the status to the run directory once a second until the
// returned function is called.
func (l *Loop) heartbeat() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		second := time.NewTicker(time.Second)
		defer second.Stop()
		for {
			select {
			case <-done:
				return
			case <-second.C:
				l.storage.heartbeat(l.writeStatus())
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
