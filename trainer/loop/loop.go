package loop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/device/devices"
	"innate/models/nvml"
	"innate/trainer/alerts"
	"innate/trainer/control"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/ranks"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/tensorboard"
)

// Options says which run to continue, or begin, and how.
type Options struct {
	Dir string    // an existing run directory whose lock the caller holds
	Log io.Writer // plain progress lines, from several goroutines; nil for none

	Listen string // loopback host:port to answer on beside the control socket; "" for none
	Job    string // of a scheduler, as status says it; "" for none

	Device device.Device // what trains, the run's own; nil for the processor

	Machine []string // what the run's log should say of the machine, a line each

	// Patient has the run wait until each checkpoint is on disk. Otherwise, where
	// writing takes longer than training, a newer one takes the place of one that
	// waits.
	Patient bool

	Final Final // measures what live.final_samples queues; nil: nothing is

	Checkpoint <-chan os.Signal // each asks for a checkpoint, as the command does; nil for none

	// Alerts is the user's file that says where alerts go; "" for nowhere. Watch starts
	// a process that alerts if this one dies; end tells it that this one does not. Nil
	// for none.
	Alerts string
	Watch  func() (end func(), err error)

	// Ranks are the processes that train together, this one among them, which they
	// end with; nil for one alone. Run is for the one that leads, Follow for others.
	Ranks *ranks.Group
}

// Loop is one training process. Status and Layers may be called from any
// goroutine; everything else belongs to the one that called Run.
type Loop struct {
	dir  string
	job  string
	text string // of config.toml, as last applied
	cfg  *configs.Config
	log  *runlog.Writer
	out  io.Writer
	now  func() time.Time // the wall clock, which may step backwards

	observers []observer   // of the run log
	hub       *control.Hub // to who watches; nil while nobody is answered

	ranks *ranks.Group // nil for one process
	mixed string       // what was last said of their kernels

	method  method.Method
	dev     device.Device
	streams *data.Streams
	data    data.Dataset
	loader  *data.Loader

	freezing frozen
	window   window
	rates    map[string]float64 // factors of the learning rate, by parameter
	nimg     int64
	rate     rate
	scalars  *method.Scalars
	pace     pace
	tasks    []task

	home    home
	tended  time.Time // when the run directory was last looked at
	storage storage
	saver   saver
	back    wayBack

	eval       evaluation
	final      Final
	finalPace  finalPace
	best       *best // nil until there is one
	samples    *sampleGrid
	health     health
	layerStats layerStats
	alerting   alerting

	paused    bool
	pausedFor string // why, when nobody asked for it
	stopping  bool
	stopAsks  []reply // of those who wait for the end
	rollbacks int     // so far
	started   time.Time
	instance  string // tells this process from others of the run
	peakSoFar int64  // bytes of memory that trainers before this one held at most
	seq       int64  // of the last status made
	state     string
	report    report
	gpu       gpuWatch
	commands  chan request
	reloads   chan struct{}
	ended     chan struct{} // closed when no command is taken any more …
	outcome   error         // … with this end
	status    atomic.Pointer[run.Status]
	layers    atomic.Pointer[[]run.Layer]
}

// report holds what status says beyond the loop's own fields.
type report struct {
	lastFID, bestFID, teacherFID *float64
	also                         []run.Measured // by the other judges; replaced, not changed
	finalRanges, finalNimg       int            // measured at the end: ranges of seeds, images of the next
	fidNimg                      int64
	fidName                      string
	stage                        string
	stageMs                      map[string]float64
	sampleFile                   string
	sampleNimg                   int64
	checkpointNimg               int64
	configError                  string
	err                          string
	ways                         []run.WayBack // replaced, not changed
}

// Run trains until the configured number of images, a stop command or the end
// of ctx, whose cause it then names, and leaves a checkpoint behind in each case.
// The caller holds the run directory's lock. A run that cannot be opened, or not
// be served, keeps its state and says why it did not start: see noteFailedStart.
func Run(ctx context.Context, opts Options) error {
	l, err := open(opts)
	if err != nil {
		noteFailedStart(opts.Dir, opts.Job, err)
	} else {
		err = l.run(ctx, opts)
	}
	dismiss(opts.Ranks, err)
	return err
}

// run is Run after open.
func (l *Loop) run(ctx context.Context, opts Options) error {
	server, err := l.serve(opts.Listen)
	if err != nil {
		l.release()
		noteFailedStart(l.dir, l.job, err)
		return err
	}
	defer l.close()
	defer server.Close()
	for _, text := range opts.Machine {
		if err := l.recordEvent(runlog.Machine, text, nil); err != nil {
			fmt.Fprintln(l.out, err)
		}
	}
	watch, cancel := context.WithCancel(ctx)
	defer cancel()
	configs.Watch(watch, filepath.Join(l.dir, run.ConfigFile), l.text, l.offerReload)
	stopHeartbeat := l.heartbeat()
	defer stopHeartbeat()
	defer l.gpu.start(nvml.Library, l.dev.Info().Bus, gpuEvery)()
	go l.heed(watch, opts.Checkpoint)
	if l.ranks != nil {
		var end context.CancelCauseFunc
		ctx, end = context.WithCancelCause(ctx)
		defer end(nil)
		go l.heedOthers(watch, end)
	}

	err = l.train(ctx)
	if err != nil {
		err = l.fail(err)
	}
	l.closeAlerts()
	l.outcome = err
	close(l.ended)
	return err
}

// fail leaves word of what ended the run. In a directory that is gone, or is
// now someone else's, it leaves nothing, and that is the reason.
func (l *Loop) fail(err error) error {
	if l.lostPeer() != nil {
		l.drain() // of a checkpoint that is being written
		err = fmt.Errorf("%w; %s", err, l.unsaved("are"))
	}
	_, gone := l.home.check()
	if gone != nil {
		err = gone
	}
	l.report.err, l.state = err.Error(), run.StateFailed
	l.alert(alerts.Died, "failed: "+err.Error())
	if gone != nil {
		return gone
	}
	l.setState(run.StateFailed)
	if record := l.recordEvent(runlog.Error, err.Error(), nil); record != nil {
		return errors.Join(err, record)
	}
	_ = l.storage.retry() // what still fits
	return err
}

// open reads config.toml, builds the method and restores the newest readable
// checkpoint.
func open(opts Options) (*Loop, error) {
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, err
	}
	text, cfg, err := configs.Open(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return nil, err
	}
	home, err := openHome(dir)
	if err != nil {
		return nil, err
	}
	l := &Loop{
		dir: dir, job: opts.Job, ranks: opts.Ranks, final: opts.Final, saver: saver{patient: opts.Patient}, back: wayBack{nimg: -1}, home: home, text: text, cfg: cfg, out: opts.Log,
		scalars: method.NewScalars(), started: time.Now(), state: run.StateStarting, now: time.Now,
		instance: rand.Text(),
		commands: make(chan request), reloads: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	if l.out == nil {
		l.out = io.Discard
	}
	if l.log, err = runlog.OpenWriter(dir); err != nil {
		return nil, err
	}
	l.openAlerts(opts) // while the heartbeat is that of the trainer before
	if err := noteStart(dir, opts.Job, cfg); err != nil {
		return nil, err
	}
	from, err := l.newest()
	if err != nil {
		return nil, err
	}
	var was *configs.Config
	if from == nil {
		was, err = l.settingsBefore()
	} else {
		was = l.settingsAt(from)
		err = configs.CheckResume(was, cfg)
	}
	if err != nil {
		return nil, err
	}
	if err := l.beginTogether(from); err != nil {
		return nil, err
	}
	var warnings []string // from before what they are about is restored
	dev := opts.Device
	if dev == nil {
		if dev, err = openDevice(cfg, l.ranks); err != nil {
			return nil, err
		}
	}
	l.tasks = l.newTasks()
	if err := l.build(dev, func(text string) { warnings = append(warnings, text) }); err != nil {
		return nil, err
	}
	if err := l.resume(from); err != nil {
		return nil, err
	}
	for _, text := range warnings {
		l.event(runlog.Error, text, nil)
	}
	if err := l.restoreHealth(); err != nil {
		return nil, err
	}
	if err := l.prepareMethod(); err != nil {
		return nil, err
	}
	if err := l.prepareImages(); err != nil {
		return nil, err
	}
	if cfg.Run.TensorBoard {
		l.observers = append(l.observers, tensorboard.New(dir, l.nimg, func(err error) { l.event(runlog.Error, err.Error(), nil) }))
	}
	if err := l.verify(); err != nil {
		return nil, err
	}
	if before, _, err := run.ReadStatus(dir); err == nil && from != nil {
		l.peakSoFar = before.PeakBytes
	}
	l.noteWaysBack()
	l.publishLayers()
	l.publish()
	l.announceSince(was)
	l.announceProcesses(from)
	if cfg.Run.Precision == configs.BFloat16 && dev.Info().Name == devices.CPU {
		l.event(runlog.Machine, "cpu computes in float32: run.precision = bfloat16 is for torch:cpu and cuda", nil)
	}
	return l, nil
}

// build makes what trains on dev, as the configuration says: data, random streams
// and the method with its networks. Of a run directory it reads the inputs; warn gets
// what is to be noted in its log.
func (l *Loop) build(dev device.Device, warn func(text string)) error {
	set, err := method.OpenData(l.cfg, l.dir)
	if err != nil {
		return err
	}
	l.data = set
	l.dev = dev
	l.streams = data.NewStreams(uint64(l.cfg.Run.Seed))
	l.loader = data.NewLoader(set, l.cfg.Run.Batch, uint64(l.cfg.Run.Seed), shareOf(l.ranks))
	l.method, err = method.New(method.Env{
		Config: l.cfg, Dir: l.dir, Device: l.dev, Streams: l.streams, Data: set, Share: shareOf(l.ranks), Sum: l.sumOfGradients(), Warn: warn,
		Saved: func() (*checkpoint.File, error) { return NewestCheckpoint(l.dir, func(error) {}) },
	})
	if m, ok := l.method.(method.Augmenter); ok {
		rng, share := l.streams.Stream("augment"), shareOf(l.ranks)
		l.loader.Augment = func(b *data.Batch) error { return m.Augment(share.Stream(rng), b) }
	}
	return err
}

func (l *Loop) close() {
	l.drain()
	l.publish()
	if _, gone := l.home.check(); gone == nil {
		l.home.keepConfig(l.text, true)
		_ = l.writeStatus() // the last heartbeat; nobody is left to tell
	}
	l.release()
}

// release gives back what open has taken.
func (l *Loop) release() {
	l.home.unlock()
	_ = l.log.Close()
	for _, o := range l.observers {
		if c, ok := o.(io.Closer); ok {
			_ = c.Close()
		}
	}
	l.loader.Close()
	_ = data.Close(l.data) // nothing was written to it
	l.dev.Close()
}

// train is the life of a run from its first step to its end.
func (l *Loop) train(ctx context.Context) error {
	l.setState(run.StateRunning)
	l.pace.start(time.Now(), l.nimg)
	text := fmt.Sprintf("%s started: %s", l.cfg.Method, l.freezing.Summary())
	if l.nimg > 0 {
		text = fmt.Sprintf("%s continues at %.1f kimg: %s", l.cfg.Method, kimg(l.nimg), l.freezing.Summary())
	}
	if err := l.recordEvent(runlog.Start, text, nil); err != nil {
		return err
	}
	if l.nimg == 0 && ctx.Err() == nil {
		if err := l.first(); err != nil {
			return err
		}
	}
	for {
		finished, err := l.work(ctx)
		if err != nil {
			return err
		}
		kind, state, word := runlog.Done, run.StateDone, "done"
		if !finished {
			kind, state, word = runlog.Stop, run.StateStopped, "stopped"
		}
		if ended, err := l.end(ctx, kind, state, word); ended || err != nil {
			return err
		}
	}
}

// work trains until the configured number of images, and measures what is then
// owed. It returns false when the run is to stop before that.
func (l *Loop) work(ctx context.Context) (finished bool, err error) {
	for l.nimg < l.total() {
		goOn, err := l.between(ctx)
		if err != nil || !goOn {
			return false, err
		}
		if l.nimg >= l.total() { // a command may have lowered it
			break
		}
		if err := l.turn(); err != nil {
			return false, l.keepBefore(err)
		}
	}
	if finished, err := l.finishEvaluation(ctx); !finished || err != nil {
		return false, err
	}
	return l.finalEvaluation(ctx)
}

// keepBefore writes a checkpoint before images that cannot be read end the run:
// nothing of the step has happened, and a resume reads them again.
func (l *Loop) keepBefore(err error) error {
	var unread *data.Error
	if !errors.As(err, &unread) || l.report.checkpointNimg == l.nimg {
		return err
	}
	_, failed := l.checkpointIfHealthy()
	l.drain()
	return errors.Join(err, failed)
}

// end writes the last checkpoint and says how the run ended, once all of it is
// on disk. The checkpoint comes first: a scheduler that ends the run may kill it soon. A
// run that diverges leaves its last healthy checkpoint instead, which is worth
// more to resume from. Where the directory takes no checkpoint a stop is refused,
// and the run has not ended.
func (l *Loop) end(ctx context.Context, kind, state, word string) (ended bool, err error) {
	l.setState(run.StateStopping)
	why, err := l.checkpointIfHealthy()
	if err != nil {
		return false, err
	}
	if flushed, err := l.flush(ctx); !flushed {
		return false, err
	}
	if l.report.checkpointNimg == l.nimg {
		if err := l.test(); err != nil {
			return false, err
		}
	}
	text := fmt.Sprintf("%s at %.1f kimg", word, kimg(l.nimg))
	if cause := context.Cause(ctx); kind == runlog.Stop && cause != nil && cause != ctx.Err() {
		text += fmt.Sprintf(", by %v", cause)
	}
	if why != "" {
		text += fmt.Sprintf(" without a checkpoint: %s; %s", why, l.unsaved("are"))
	}
	if err := l.recordEvent(kind, text, nil); err != nil {
		return false, err
	}
	if l.stopping {
		err = l.storage.retry() // with the checkpoint on disk a full one holds nobody back
	} else {
		_, err = l.flush(ctx)
	}
	if err != nil {
		return false, err
	}
	l.setState(state)
	fmt.Fprintln(l.out, text)
	if why != "" {
		err = fmt.Errorf("loop: %s", text)
	}
	l.answerStop(err)
	return true, nil
}

func (l *Loop) total() int64 { return images(l.cfg.Live.TotalKimg) }

// images converts a setting in thousands of images to images.
func images(kimg float64) int64 { return int64(kimg*1000 + 0.5) }

// kimg converts images to thousands of images, for screens and files.
func kimg(nimg int64) float64 { return float64(nimg) / 1000 }
