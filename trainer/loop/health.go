package loop

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"innate/models/kernels"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// health watches the numbers of a run at every tick, and every checkpoint before
// it is written.
//
// When a loss diverges, or a tensor is found that is not finite, there is one
// event, and live.diverge_action says what else: nothing, a pause, or going
// back to the newest checkpoint, from where other noise is drawn. No checkpoint
// is written meanwhile, so that those kept are good ones.
type health struct {
	losses  divergence
	healthy int64 // images seen at the last tick with every loss in bounds

	worst     int64 // images seen where the run diverged
	rollbacks int   // since, without getting past worst

	held    bool   // a checkpoint is due as soon as the run is healthy
	refusal string // why the last one was not written; "" if it was

	badGrads int64 // gradient values replaced and not reported yet
	quiet    int   // ticks until they may be reported
}

const (
	// maxRollbacks is how often a run goes back and tries again from other
	// noise; the next time it goes back and pauses.
	maxRollbacks = 3

	// gradEventTicks is how many ticks lie between two events about gradients.
	gradEventTicks = 20
)

// checkHealth looks at the means of a tick, and at how many gradient values had
// to be replaced in it.
func (l *Loop) checkHealth(means map[string]float64, replaced int64) error {
	l.tellGrads(replaced)
	h := &l.health
	found := h.losses.observe(l.nimg, means, l.cfg.Live.DivergeFactor)
	if len(found) > 0 {
		return l.diverged(describeFindings(found))
	}
	if h.losses.suspect() {
		return nil
	}
	h.healthy = l.nimg
	if l.nimg > h.worst {
		h.rollbacks = 0
	}
	if h.held {
		return l.timed("checkpoint", l.scheduledCheckpoint)
	}
	return nil
}

// restoreHealth takes up the recent past from the run log, so that a resumed run
// judges as one that never stopped.
func (l *Loop) restoreHealth() error {
	history, err := runlog.ReadAll(l.dir)
	if err != nil {
		return err
	}
	for _, row := range history.Rows {
		if row.Nimg <= l.nimg {
			l.health.losses.observe(row.Nimg, row.Scalars(), l.cfg.Live.DivergeFactor)
		}
	}
	l.health.healthy = l.nimg // checkpoints are
	l.restoreLayerStats()
	return l.measureAgain(history)
}

// tellGrads makes replaced gradient values an event: at once when they first
// appear, then with their number once in gradEventTicks ticks.
func (l *Loop) tellGrads(replaced int64) {
	h := &l.health
	h.badGrads += replaced
	h.quiet--
	if h.badGrads == 0 || h.quiet > 0 {
		return
	}
	l.event(runlog.NonFinite, fmt.Sprintf("%d gradient values were not finite and were replaced (NaN by 0, infinities by ±1e5)", h.badGrads),
		map[string]any{"values": h.badGrads})
	h.badGrads, h.quiet = 0, gradEventTicks
}

// diverged does what live.diverge_action says about a run that diverges.
func (l *Loop) diverged(why string) error {
	action := l.cfg.Live.DivergeAction
	if action == "off" {
		return nil
	}
	why = "diverges: " + why
	l.event(runlog.Diverge, why, map[string]any{"action": action})
	switch action {
	case "pause":
		return l.pauseFor(why)
	case "rollback":
		return l.goBack(why)
	}
	return nil
}

// pauseFor pauses the run for a reason of its own.
func (l *Loop) pauseFor(why string) error {
	l.pausedFor = why
	return l.pause(true)
}

// goBack restores a checkpoint from before the divergence and tries again; after
// maxRollbacks tries that did not get past it, it restores and pauses.
func (l *Loop) goBack(why string) error {
	l.drain() // of checkpoints being written
	h := &l.health
	h.worst = max(h.worst, l.nimg)
	h.rollbacks++
	// The weights of a checkpoint made since the last healthy tick may be the
	// cause, and after a try in vain so may those of the one that it began with.
	doubtful := h.healthy + 1
	if h.rollbacks > 1 {
		doubtful = min(doubtful, l.report.checkpointNimg)
	}
	if err := l.setAside(doubtful); err != nil {
		l.event(runlog.Error, err.Error(), nil)
	}
	nimg, err := l.rollback()
	if err != nil {
		l.event(runlog.Error, err.Error(), nil)
		return l.pauseFor(fmt.Sprintf("%s; no way back: %v", why, err))
	}
	h.losses.rewind(nimg)
	h.healthy, h.held, h.refusal = nimg, false, ""
	if h.rollbacks > maxRollbacks {
		return l.pauseFor(fmt.Sprintf("%s at %.1f kimg, in %d tries from other noise", why, kimg(h.worst), h.rollbacks))
	}
	return nil
}

// setAside renames the checkpoints at nimg and later, so that nothing resumes
// from them. It leaves the oldest one. Of those set aside so far it keeps as many
// as of the others.
func (l *Loop) setAside(nimg int64) error {
	folder := filepath.Join(l.dir, run.CheckpointsDir)
	files, err := run.Checkpoints(folder)
	if err != nil {
		return err
	}
	for _, f := range files[:max(0, len(files)-1)] {
		if f.Nimg < nimg {
			continue
		}
		if err := os.Rename(f.Path, strings.TrimSuffix(f.Path, run.CheckpointExt)+run.DivergedExt); err != nil {
			return err
		}
	}
	return keepNewest(folder, "*"+run.DivergedExt, l.cfg.Live.KeepCheckpoints)
}

// scheduledCheckpoint writes a checkpoint that is due. While a loss is out of
// bounds it waits for the first healthy tick.
func (l *Loop) scheduledCheckpoint() error {
	h := &l.health
	h.held = true
	if l.cfg.Live.DivergeAction != "off" && h.losses.suspect() {
		return nil
	}
	before := h.refusal
	why, err := l.checkpointIfHealthy()
	if why == "" || why == before {
		return err
	}
	return l.diverged(why)
}

// checkpointIfHealthy writes a checkpoint, or says why not.
func (l *Loop) checkpointIfHealthy() (why string, err error) {
	h := &l.health
	if h.losses.active && l.cfg.Live.DivergeAction != "off" {
		why = "a loss diverges"
	} else if err := l.download(); err != nil {
		return "", err
	} else if name := l.notFinite(); name != "" {
		why = name + " holds values that are not finite"
	}
	if why == "" {
		h.held, h.refusal = false, ""
		return "", l.checkpoint()
	}
	if why != h.refusal {
		l.event(runlog.Diverge, fmt.Sprintf("no checkpoint at %.1f kimg: %s", kimg(l.nimg), why), nil)
	}
	h.refusal = why
	return why, nil
}

// notFinite returns the name of a tensor of the run's state that holds NaN or
// infinities, as download has them; "" if none does. The float64 sum of float32 values is finite if
// and only if they all are.
func (l *Loop) notFinite() string {
	for _, g := range l.method.Tensors() {
		for _, p := range g.Set.All() {
			if sum := kernels.Sum(p.Data); math.IsNaN(sum) || math.IsInf(sum, 0) {
				return g.Prefix + p.Name
			}
		}
	}
	return ""
}
