package loop

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/tensorboard"
)

// A run's checkpoint holds everything that an exact resume needs: the method's
// tensor groups, the FID evaluation under way, the network that was best so far,
// and as metadata the counters,
// random streams, data order and what status reports. It holds no times, so
// that equal states give equal bytes. Its name is the number of images seen.
// Slots of the saver.
const (
	newestSlot = "newest"
	bestSlot   = "best"
)

// checkpoint copies the state of the run, as download has it, and has it written in the
// background, unless that is happening already: the last step of a run may be followed by
// a checkpoint that is due and by the one that ends it.
func (l *Loop) checkpoint() error {
	l.report.stage = "checkpoint"
	if l.state != run.StateStopping { // end tests when the checkpoint is on disk
		if err := l.test(); err != nil {
			return err
		}
	}
	if err := l.verify(); err != nil {
		return err
	}
	meta, err := l.describe()
	if err != nil {
		return err
	}
	dir, nimg, live := filepath.Join(l.dir, run.CheckpointsDir), l.nimg, l.cfg.Live
	path := filepath.Join(dir, run.CheckpointFile(nimg))
	if j := l.saver.latest(); j != nil && j.path == path && maps.Equal(j.meta, meta) {
		return nil
	}
	f, err := l.snapshot(meta)
	if err != nil {
		return err
	}
	l.saver.add(&save{
		slot: newestSlot, path: path, file: f, meta: meta,
		then: func() error { return prune(dir, path, live.KeepCheckpoints, images(live.KeepEveryKimg)) },
		done: func() {
			l.report.checkpointNimg = nimg
			text := fmt.Sprintf("checkpoint at %.1f kimg", kimg(nimg))
			if err := l.recordEventAt(nimg, runlog.Checkpoint, text, map[string]any{"nimg": nimg}); err != nil {
				fmt.Fprintln(l.out, err)
			}
			l.publish()
		},
	})
	if l.saver.patient {
		l.drain()
	}
	return nil
}

// describe is the metadata of a checkpoint of the state of the run: all of it but
// tensors, which are the same where the metadata are.
func (l *Loop) describe() (map[string]string, error) {
	meta, err := l.method.Meta()
	if err != nil {
		return nil, err
	}
	r := l.report
	p := run.Progress{
		Nimg: l.nimg, Streams: run.Streams(l.streams.State()), Sampler: run.Sampler(l.loader.State()),
		Scalars: map[string]run.Sum{}, Rollbacks: l.rollbacks, Worst: l.health.worst, InVain: l.health.rollbacks,
		LastFID: r.lastFID, BestFID: r.bestFID, Also: r.also, FIDNimg: r.fidNimg, EvalNimg: l.eval.nimg,
		SampleFile: r.sampleFile, SampleNimg: r.sampleNimg,
	}
	if l.ranks != nil {
		p.Processes = l.processes()
	}
	if err := l.gatherScalars(); err != nil {
		return nil, err
	}
	for name, v := range l.scalars.Sum {
		p.Scalars[name] = run.Sum{Sum: run.Exact(v), Count: l.scalars.Count[name]}
	}
	p.Ruled = l.describeRule()
	if l.best != nil {
		p.BestNimg = l.best.nimg
	}
	if l.eval.running {
		done, _ := l.eval.panel.Progress()
		p.EvalDone, p.EvalWaits = &done, l.eval.waits
	}
	meta[run.MetaKind] = run.CheckpointKind
	meta[run.MetaMethod] = l.cfg.Method
	meta[run.MetaConfig] = l.text
	if print := l.fingerprint(); print != "" {
		meta[run.MetaData] = print
	}
	return meta, p.AddTo(meta)
}

// download makes the host's copies of the run's tensors current.
func (l *Loop) download() error {
	for _, g := range l.method.Tensors() {
		if err := l.dev.Download(g.Set.All()...); err != nil {
			return err
		}
	}
	return nil
}

// snapshot copies the tensors of the run, as download has them, into a file yet to be
// written.
func (l *Loop) snapshot(meta map[string]string) (*checkpoint.File, error) {
	// The last copy is garbage by now. Memory must not grow by this one, which may be
	// the larger half of it all, before that is collected.
	runtime.GC()
	f := checkpoint.New()
	f.Metadata = meta
	for _, g := range l.method.Tensors() {
		if err := f.AddParams(g.Prefix, g.Set.Clone()); err != nil {
			return nil, err
		}
	}
	if err := l.addWindow(f); err != nil {
		return nil, err
	}
	if l.best != nil {
		if err := f.AddParams(bestPrefix, l.best.den.Net.Params()); err != nil {
			return nil, err
		}
	}
	if l.eval.running {
		return f, l.eval.addTo(f)
	}
	return f, nil
}

// resume restores a checkpoint, the newest readable one. Without any the run
// begins, or begins again.
func (l *Loop) resume(f *checkpoint.File) error {
	if f == nil {
		used, err := l.log.Used()
		if err != nil || !used {
			return err
		}
		l.leaveBranch(-1, run.UnreadableExt)
		note, err := l.restoreBest(nil, run.Progress{})
		if err != nil {
			return err
		}
		return l.recordResume("begins again: it had not come to a checkpoint", note)
	}
	note, err := l.restore(f, run.UnreadableExt)
	if err != nil {
		return err
	}
	return l.recordResume(fmt.Sprintf("resumed from the checkpoint at %.1f kimg", kimg(l.nimg)), note)
}

// rollback restores the newest readable checkpoint within the running process
// and resumes there with other noise and another order of the data, so
// that what went wrong need not come again. The random streams are those of
// another seed, which the number of rollbacks determines: the run stays exactly
// resumable. It returns the images seen at the checkpoint.
func (l *Loop) rollback() (nimg int64, err error) {
	l.drain()
	if l.storage.full() {
		return 0, fmt.Errorf("loop: rollback: the run directory takes no writes: %w", l.storage.reason)
	}
	f, err := l.newest()
	if err != nil {
		return 0, err
	}
	if f == nil {
		return 0, errors.New("loop: rollback: the run has not come to a checkpoint")
	}
	before, worst, inVain := l.rollbacks, l.health.worst, l.health.rollbacks
	note, err := l.restore(f, run.UnreadableExt)
	if err != nil {
		return 0, err
	}
	l.health.worst, l.health.rollbacks = worst, inVain // newer than the checkpoint's
	l.rollbacks = max(before, l.rollbacks) + 1
	seed := run.SeedAfter(uint64(l.cfg.Run.Seed), l.rollbacks)
	if err := l.restartStreams(seed); err != nil {
		return 0, err
	}
	if err := l.order(orderRestore, restoring{f.Path, &seed}); err != nil {
		return 0, err
	}
	l.rate.reset()
	l.pace = pace{since: time.Now(), nimg: l.nimg}
	if err := l.recordResume(fmt.Sprintf("went back to the checkpoint at %.1f kimg, with other noise", kimg(l.nimg)), note); err != nil {
		return 0, err
	}
	if err := l.keepSchedule(); err != nil {
		return 0, err
	}
	l.announceSince(l.settingsAt(f))
	history, err := runlog.ReadAll(l.dir)
	if err != nil {
		return 0, err
	}
	if err := l.measureAgain(history); err != nil {
		return 0, err
	}
	l.restoreLayerStats()
	l.publishLayers()
	if err := l.download(); err != nil {
		return 0, err
	}
	return l.nimg, l.checkpoint() // a resume has to know of the rollback
}

// restartStreams makes noise and data order from here on those of another seed.
func (l *Loop) restartStreams(seed uint64) error {
	l.streams.Restart(seed)
	order := l.loader.State()
	order.Seed = seed
	return l.loader.Restore(order)
}

// newest reads the newest readable checkpoint, nil if there is none, and
// reports those that cannot be read and what another program has changed.
func (l *Loop) newest() (*checkpoint.File, error) {
	f, err := NewestCheckpoint(l.dir, func(err error) {
		l.event(runlog.Error, err.Error()+"; using the one before", nil)
	})
	if f != nil && f.Changed != "" {
		l.event(runlog.Error, f.Path+": "+f.Changed, nil)
	}
	return f, err
}

// recordResume makes it known that the run resumes at the images it has seen:
// what the run log has beyond them counts no more. A note is added to the text.
func (l *Loop) recordResume(text, note string) error {
	if note != "" {
		text += "; " + note
	}
	now := l.now()
	if err := l.storage.write(func() error { return l.log.Resume(l.nimg, now, text) }); err != nil {
		return err
	}
	e := runlog.ResumeEvent(l.nimg, now, text)
	line, err := e.Line()
	if err != nil {
		return err
	}
	l.stream(runlog.ResumeLine(l.nimg, now))
	l.notify(e, line)
	if !l.cfg.Run.TensorBoard { // the files may be of an earlier trainer, and wanted by a later one
		if err := tensorboard.Cut(l.dir, l.nimg); err != nil {
			l.event(runlog.Error, "tensorboard: "+err.Error(), nil)
		}
	}
	return nil
}

// restore makes the run what it was at a checkpoint, and puts away what it has
// written since: checkpoints under names that end in aside. The note tells of what a
// person may be looking for.
func (l *Loop) restore(f *checkpoint.File, aside string) (note string, err error) {
	p, err := l.restoreTraining(f)
	if err != nil {
		return "", err
	}
	l.noteOtherData(f)
	l.rollbacks = p.Rollbacks
	l.health.worst, l.health.rollbacks = p.Worst, p.InVain
	for name, v := range p.Scalars {
		l.scalars.Sum[name], l.scalars.Count[name] = float64(v.Sum), v.Count
	}
	r := &l.report
	r.lastFID, r.bestFID, r.also, r.fidNimg = p.LastFID, p.BestFID, p.Also, p.FIDNimg
	r.sampleFile, r.sampleNimg, r.checkpointNimg = p.SampleFile, p.SampleNimg, p.Nimg
	if err := l.restoreEvaluation(f, p); err != nil {
		return "", err
	}
	l.leaveBranch(p.Nimg, aside)
	return l.restoreBest(f, p)
}

// restoreTraining restores what steps change: networks, optimizers, random streams and
// the order of the data. Scalars begin anew.
func (l *Loop) restoreTraining(f *checkpoint.File) (p run.Progress, err error) {
	if got := f.Metadata[run.MetaMethod]; got != l.cfg.Method {
		return p, fmt.Errorf("checkpoint: %s: method %q, want %q", f.Path, got, l.cfg.Method)
	}
	if p, err = run.ReadProgress(f.Metadata); err == nil {
		err = errors.Join(l.streams.Restore(data.StreamsState(p.Streams)), l.loader.Restore(data.SamplerState(p.Sampler)))
	}
	if err != nil {
		return p, fmt.Errorf("checkpoint: %s: %w", f.Path, err)
	}
	for _, g := range l.method.Tensors() {
		if err := l.restoreGroup(f, g); err != nil {
			return p, err
		}
	}
	if err := l.restoreRule(f, p.Ruled); err != nil {
		return p, err
	}
	l.nimg = p.Nimg
	l.method.Collect(l.scalars) // which end here, with the steps that are undone
	l.scalars = method.NewScalars()
	return p, nil
}

// restoreGroup fills one group from a checkpoint.
func (l *Loop) restoreGroup(f *checkpoint.File, g method.Group) error {
	if g.Load == nil {
		if err := f.LoadParams(g.Prefix, g.Set); err != nil {
			return err
		}
		return l.dev.Upload(g.Set.All()...)
	}
	set, err := f.Params(g.Prefix)
	if err != nil {
		return err
	}
	if err := g.Load(set); err != nil {
		return fmt.Errorf("checkpoint: %s: %s: %w", f.Path, g.Prefix, err)
	}
	return nil
}
