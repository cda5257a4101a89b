package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Before a live change that concerns training the run keeps a checkpoint, to which it
// can go back: weights, optimizers, random streams and settings. It is written in the
// background, like any other; live.keep_back says how many stay.

// backSlot is that of the saver: of changes that come faster than the disk takes them
// the newest has a way back.
const backSlot = "back"

// burst is within which changes are one.
const burst = time.Second

// beside are the live settings that change nothing about the weights: globs of keys.
var beside = []string{
	"live.total_kimg", "live.tick_kimg", "live.fid_*", "live.final_*", "live.sample_*", "live.checkpoint_kimg",
	"live.keep_*", "live.layers_kimg", "live.diverge_*", "alerts.*",
}

// concern are the changes that training depends on.
func concern(changes []configs.Change) []configs.Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c configs.Change) bool {
		return slices.ContainsFunc(beside, func(glob string) bool {
			ok, _ := path.Match(glob, c.Key) // the patterns are well-formed
			return ok
		})
	})
}

// wayBack is the checkpoint that was kept last.
type wayBack struct {
	nimg int64 // -1 for none
	at   time.Time
}

// keepBack keeps a checkpoint of the run as it is, before changes are applied. Several
// changes before a step, or within a second, need one: that before the first of them.
// It is no reason not to make the change: without room there is no way back, which is
// an event.
func (l *Loop) keepBack(changes []configs.Change) error {
	var texts []string
	for _, c := range concern(changes) {
		texts = append(texts, c.String())
	}
	if len(texts) == 0 {
		return nil
	}
	return l.keepWay(strings.Join(texts, ", "))
}

// keepWay is keepBack before a change that is said in words.
func (l *Loop) keepWay(what string) error {
	now, live := l.now(), l.cfg.Live
	if live.KeepBack == 0 || l.back.nimg == l.nimg {
		return nil
	}
	if since := now.Sub(l.back.at); l.back.nimg >= 0 && since >= 0 && since < burst {
		return nil
	}
	if l.storage.full() {
		l.event(runlog.Error, fmt.Sprintf("no way back from this change: %s", l.pauseReason()), nil)
		return nil
	}
	meta, err := l.describe()
	if err != nil {
		return err
	}
	meta[run.MetaBefore] = what
	if err := l.download(); err != nil {
		return err
	}
	f, err := l.snapshot(meta)
	if err != nil {
		return err
	}
	folder := filepath.Join(l.dir, run.CheckpointsDir)
	l.back = wayBack{l.nimg, now}
	l.saver.add(&save{
		slot: backSlot, path: filepath.Join(folder, run.BackFile(l.nimg)), file: f, meta: meta, spare: true,
		then: func() error { return keepNewest(folder, "*"+run.BackExt, live.KeepBack) },
		done: func() {
			l.noteWaysBack()
			l.publish()
		},
	})
	return nil
}

// noteWaysBack has status list what there is to go back to.
func (l *Loop) noteWaysBack() {
	list, err := WaysBack(l.dir)
	if err != nil {
		l.event(runlog.Error, err.Error(), nil)
	}
	l.report.ways = list
}

// statusWays are those that lead somewhere: not the one to what the run is now.
func (l *Loop) statusWays() []run.WayBack {
	if w := l.report.ways; len(w) > 0 && w[0].Nimg == l.nimg && w[0].Config == l.text {
		return w[1:]
	}
	return l.report.ways
}

// WaysBack lists those of a run directory, newest first. One that cannot be read is
// none.
func WaysBack(dir string) ([]run.WayBack, error) {
	files, err := run.BackFiles(filepath.Join(dir, run.CheckpointsDir))
	if err != nil {
		return nil, err
	}
	var list []run.WayBack
	for _, file := range files {
		f, err := checkpoint.ReadHeader(file.Path)
		info, gone := os.Stat(file.Path)
		if err != nil || gone != nil || f.Metadata[run.MetaKind] != run.CheckpointKind {
			continue
		}
		list = append(list, run.WayBack{Nimg: file.Nimg, Before: f.Metadata[run.MetaBefore], Bytes: info.Size(), Config: f.Metadata[run.MetaConfig]})
	}
	return list, nil
}

// goBackTo makes the run what it was before a live change, by weights and settings.
// Without a number of images that is the newest such checkpoint that is not what the
// run is now. r is answered when a checkpoint is on disk that a resume can take up.
func (l *Loop) goBackTo(b control.BackRequest, r reply) (later bool, err error) {
	if err := l.refresh(); err != nil {
		return false, err
	}
	l.drain() // of one that is being written
	if l.storage.full() {
		return false, fmt.Errorf("loop: back: the run directory takes no writes: %w", l.storage.reason)
	}
	way, err := l.chooseBack(b)
	if err != nil {
		return false, err
	}
	file := filepath.Join(l.dir, run.CheckpointsDir, run.BackFile(way.Nimg))
	f, err := checkpoint.Read(file)
	if err != nil {
		return false, err
	}
	next, text, err := l.settingsBack(f)
	if err != nil {
		return false, err
	}
	from := l.nimg
	if err := l.restoreBack(f, from); err != nil {
		return false, err
	}
	if err := l.install(next, text); err != nil {
		return false, err
	}
	if err := l.storage.write(func() error { return configs.WriteFile(filepath.Join(l.dir, run.ConfigFile), l.text) }); err != nil {
		return false, err
	}
	l.noteWaysBack()
	if err := l.download(); err != nil {
		return false, err
	}
	if err := l.checkpoint(); err != nil { // a resume has to know
		return false, err
	}
	return l.whenSaved(r), nil
}

// chooseBack finds the checkpoint that is meant.
func (l *Loop) chooseBack(b control.BackRequest) (run.WayBack, error) {
	list, err := WaysBack(l.dir) // newest first
	if err != nil {
		return run.WayBack{}, err
	}
	for _, w := range list {
		switch {
		case b.Nimg != nil && w.Nimg == *b.Nimg:
			return w, nil
		case b.Nimg != nil || w.Nimg > l.nimg:
		case w.Nimg < l.nimg || w.Config != l.text:
			return w, nil
		}
	}
	if b.Nimg != nil {
		return run.WayBack{}, fmt.Errorf("loop: back: no checkpoint from before a live change at %s kimg", exactKimg(*b.Nimg))
	}
	return run.WayBack{}, errors.New("loop: back: no checkpoint from before a live change: there was none, or live.keep_back is 0")
}

// settingsBack are the settings at a checkpoint, as the run can have them now: where
// another trainer has other fixed ones, such as threads, these stay.
func (l *Loop) settingsBack(f *checkpoint.File) (*configs.Config, string, error) {
	text := f.Metadata[run.MetaConfig]
	was, err := configs.Parse(filepath.Base(f.Path), text)
	if err != nil {
		return nil, "", err
	}
	if configs.CheckReload(l.cfg, was) == nil {
		return was, text, nil
	}
	text = l.text
	for _, c := range configs.Diff(l.cfg, was) {
		if !c.Live {
			continue
		}
		if text, err = configs.Set(text, c.Key, c.New); err != nil {
			return nil, "", err
		}
	}
	next, err := configs.Rewrite(run.ConfigFile, text, l.cfg)
	return next, text, err
}

// restoreBack restores a checkpoint within the process, as a rollback does, but with
// the same noise: what follows is what would have followed without the change.
func (l *Loop) restoreBack(f *checkpoint.File, from int64) error {
	note, err := l.restore(f, run.LeftExt)
	if err != nil {
		return err
	}
	if err := l.order(orderRestore, restoring{f.Path, nil}); err != nil {
		return err
	}
	l.rate.reset()
	l.pace = pace{since: time.Now(), nimg: l.nimg}
	l.back = wayBack{nimg: -1}
	h := &l.health
	h.losses.rewind(l.nimg)
	h.healthy, h.held, h.refusal = l.nimg, false, ""
	text := fmt.Sprintf("went back from %s to %s kimg, to before %s", exactKimg(from), exactKimg(l.nimg), f.Metadata[run.MetaBefore])
	if err := l.recordResume(text, note); err != nil {
		return err
	}
	history, err := runlog.ReadAll(l.dir)
	if err != nil {
		return err
	}
	if err := l.measureAgain(history); err != nil {
		return err
	}
	l.restoreLayerStats()
	return nil
}

// leaveWaysBack removes those beyond the images to which the run went back: they are
// of a branch that is left.
func (l *Loop) leaveWaysBack(last int64) error {
	files, err := run.BackFiles(filepath.Join(l.dir, run.CheckpointsDir))
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Nimg <= last { // newest first
			break
		}
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("loop: %w", err)
		}
	}
	return nil
}
