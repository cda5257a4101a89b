package loop

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// request is a command on its way to the loop, and the way back.
type request struct {
	command control.Command
	reply   reply
	claimed *atomic.Bool // by the loop, which begins it, or by its client, who withdraws it
}

func newRequest(c control.Command) request { return request{c, make(reply, 1), new(atomic.Bool)} }

// claim reports whether the caller may decide about the request: the first one may.
func (r request) claim() bool { return r.claimed.CompareAndSwap(false, true) }

// reply takes the outcome of a command, once. It is buffered, so that the loop
// never waits for a client.
type reply chan error

// Do hands a command to the loop and returns when what it asks for is done: most
// commands are applied between two steps, a checkpoint is on disk, a stop has
// ended the run, an evaluation has its value. A command that is not begun when ctx
// ends never is. Safe for any goroutine.
func (l *Loop) Do(ctx context.Context, c control.Command) error {
	r := newRequest(c)
	select {
	case l.commands <- r:
	case <-l.ended:
		return l.afterEnd(c)
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.reply:
		return err
	case <-l.ended:
	case <-ctx.Done():
		if r.claim() {
			return ctx.Err() // the loop drops it
		}
		return fmt.Errorf("loop: %s: begun, but not done in the time that the client waits: it may be applied", c.Kind)
	}
	select {
	case err := <-r.reply: // the last one before the end
		return err
	default:
		return l.afterEnd(c)
	}
}

// afterEnd answers a command that the run has not come to any more.
func (l *Loop) afterEnd(c control.Command) error {
	if c.Kind == control.KindStop && l.outcome == nil {
		return nil
	}
	if l.outcome != nil {
		return fmt.Errorf("loop: %s: the run has ended: %w", c.Kind, l.outcome)
	}
	return fmt.Errorf("loop: %s: the run has ended at %.1f kimg", c.Kind, kimg(l.status.Load().Nimg))
}

// take carries out a command and answers it, unless that has to wait for what
// the command has begun, or its client has withdrawn it.
func (l *Loop) take(r request) {
	if !r.claim() {
		slog.Debug("command withdrawn", "kind", r.command.Kind, "nimg", l.nimg)
		return
	}
	later, err := l.apply(r.command, r.reply)
	slog.Debug("command", "kind", r.command.Kind, "nimg", l.nimg, "later", later, "error", err)
	if !later {
		r.reply <- err
	}
}

// heed makes every signal on asks a command for a checkpoint, until ctx ends.
// Signals that come before the loop takes commands, or while it writes, wait in
// the channel.
func (l *Loop) heed(ctx context.Context, asks <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-asks:
			l.askCheckpoint(ctx, SignalName(s))
		}
	}
}

// askCheckpoint asks for a checkpoint by the command, and says who did.
func (l *Loop) askCheckpoint(ctx context.Context, who string) {
	fmt.Fprintf(l.out, "%s: a checkpoint between two steps\n", who)
	if err := l.Do(ctx, control.Command{Kind: control.KindCheckpoint}); err != nil && ctx.Err() == nil {
		fmt.Fprintln(l.out, err)
	}
}

// SignalName is a signal as people and schedulers write it, such as SIGTERM.
func SignalName(s os.Signal) string {
	if n, ok := s.(syscall.Signal); ok {
		if name := unix.SignalName(n); name != "" {
			return name
		}
	}
	return s.String()
}

// offerReload is called by the watcher when config.toml has changed. What it
// read may be older than what a command has written since, so only the fact
// counts: the loop reads the file itself.
func (l *Loop) offerReload(string, error) {
	select {
	case l.reloads <- struct{}{}:
	default: // one is waiting already
	}
}

// apply carries out one command between two steps. It reports whether what it
// asks for is done later; r is then answered when it is.
func (l *Loop) apply(c control.Command, r reply) (later bool, err error) {
	defer l.publish()
	switch c.Kind {
	case control.KindPause:
		return false, l.pause(true)
	case control.KindResume:
		return false, l.pause(false)
	case control.KindStop:
		return l.askedStop(r)
	case control.KindSet:
		return false, l.set(c.Set)
	case control.KindFreeze:
		return false, l.freeze(c.Freeze)
	case control.KindCheckpoint:
		return l.askedCheckpoint(r)
	case control.KindEvaluate:
		return l.evaluateNow(r)
	case control.KindSample:
		return false, l.sampleNow(c.Sample)
	case control.KindBack:
		return l.goBackTo(c.Back, r)
	}
	return false, fmt.Errorf("loop: command %q, want one of those in trainer/control", c.Kind)
}

// pause pauses the run, or resumes it. A run whose directory takes no writes
// cannot resume: that is tried at once, and its reason is the answer.
func (l *Loop) pause(paused bool) error {
	if paused != l.paused {
		kind, text := runlog.Pause, fmt.Sprintf("paused at %.1f kimg", kimg(l.nimg))
		if l.pausedFor != "" {
			text += ": " + l.pausedFor
		}
		if !paused {
			kind, text = runlog.Resume, fmt.Sprintf("resumed at %.1f kimg", kimg(l.nimg))
			l.pausedFor = ""
		}
		l.paused = paused
		l.setState(l.trainingState())
		if err := l.recordEvent(kind, text, nil); err != nil {
			return err
		}
	}
	if paused {
		return nil
	}
	if err := l.storage.retry(); err != nil {
		return err
	}
	if l.storage.full() {
		return fmt.Errorf("loop: cannot resume yet: %s", l.pauseReason())
	}
	return nil
}

// reread takes up config.toml as it is now.
func (l *Loop) reread() error {
	text, err := configs.ReadStable(filepath.Join(l.dir, run.ConfigFile), l.text)
	if err != nil {
		return err
	}
	l.reload(text)
	return nil
}

// rereadOrReport is reread on the watcher's word: a file that cannot be read is
// an event, and the settings in force stay.
func (l *Loop) rereadOrReport() {
	if err := l.reread(); err != nil {
		l.refuse(err)
		l.publish()
	}
}

// refresh takes up an edit of config.toml that the watcher has not reported
// yet, so that a command never writes over it. An edit that was refused has to
// be corrected first.
func (l *Loop) refresh() error {
	if err := l.reread(); err != nil {
		return err
	}
	if l.report.configError != "" {
		return fmt.Errorf("%s; correct that first", l.report.configError)
	}
	return nil
}

// set edits config.toml key by key; all edits or none.
func (l *Loop) set(edits map[string]string) error {
	if err := l.refresh(); err != nil {
		return err
	}
	text, _, err := configs.Edit(run.ConfigFile, l.text, l.cfg, edits)
	if err != nil {
		return err
	}
	return l.edit(text)
}

// edit makes text the run's config: validated, applied and then written, so
// that config.toml always states what the run is doing.
func (l *Loop) edit(text string) error {
	old, oldText := l.cfg, l.text
	if text == oldText {
		return nil
	}
	next, err := configs.Rewrite(run.ConfigFile, text, l.cfg)
	if err != nil {
		return err
	}
	if err := l.adopt(next, text); err != nil {
		return err
	}
	if err := configs.WriteFile(filepath.Join(l.dir, run.ConfigFile), text); err != nil {
		if starved(err) && !l.storage.full() {
			l.storage.hold(err, l.writeStatus) // training waits, too
		}
		if back := l.adopt(old, oldText); back != nil {
			return fmt.Errorf("%w; and going back: %w", err, back)
		}
		return err
	}
	return nil
}

// reload takes an edit of config.toml made elsewhere. A refused one leaves the
// run as it was and is reported once.
func (l *Loop) reload(text string) {
	defer l.publish()
	if text == l.text {
		l.report.configError = ""
		return
	}
	err := l.use(text)
	slog.Debug("reload", "nimg", l.nimg, "error", err)
	if err != nil {
		l.refuse(err)
	}
}

// refuse reports, once, why config.toml as it is does not apply.
func (l *Loop) refuse(err error) {
	if l.report.configError != err.Error() {
		l.report.configError = err.Error()
		l.event(runlog.Error, err.Error(), nil)
	}
}

// use validates a config whole, applies it whole, and records what changed.
func (l *Loop) use(text string) error {
	next, err := configs.Reload(run.ConfigFile, text, l.cfg)
	if err != nil {
		return err
	}
	return l.adopt(next, text)
}

// adopt applies a config that has been checked; text is what it was read from. If
// training depends on what has changed, the run keeps a checkpoint from before.
func (l *Loop) adopt(next *configs.Config, text string) error {
	if err := l.canAdopt(next); err != nil {
		return err
	}
	if err := l.keepBack(configs.Diff(l.cfg, next)); err != nil {
		return err
	}
	return l.install(next, text)
}

// canAdopt refuses a config that install would.
func (l *Loop) canAdopt(next *configs.Config) error {
	_, err := l.resolveFreezing(next)
	if err == nil {
		_, err = l.resolveRates(next)
	}
	return err
}

// install is adopt without a way back.
func (l *Loop) install(next *configs.Config, text string) error {
	frozen, err := l.resolveFreezing(next)
	if err != nil {
		return err
	}
	rates, err := l.resolveRates(next)
	if err != nil {
		return err
	}
	if next.Live.FIDKimg > 0 && l.method.Images() != nil && l.eval.panel == nil {
		// What an evaluation needs is opened now: a file that is missing or no
		// reference refuses the setting, and does not end the run when one is due.
		if err := l.openEvaluation(); err != nil {
			return next.At("live.fid_kimg", err)
		}
	}
	before, discs := freezeTable(l.freezing.Rule), l.freezing.discs
	froze, err := l.keepTo(frozen)
	if err != nil {
		return err
	}
	changes := configs.Diff(l.cfg, next)
	l.cfg, l.text = next, text
	l.useRates(rates)
	_ = l.order(orderConfig, text) // a process that is lost ends the run before its next step
	l.report.configError = ""
	l.announce(before, changes, froze)
	l.announceDiscs(discs)
	return nil
}

// announce records changed settings as events, each with its old and new value,
// and makes them visible. before is the [freeze] table that was in force.
func (l *Loop) announce(before configs.Freeze, changes []configs.Change, froze bool) {
	var settings, rule []string
	changed, rules := map[string]any{}, map[string]any{}
	rated := false
	for _, c := range changes {
		oldNew := map[string]any{"old": c.Old, "new": c.New}
		if strings.HasPrefix(c.Key, "freeze.") {
			rules[c.Key] = oldNew
			if strings.HasPrefix(c.Key, "freeze.rule.") {
				rule = append(rule, fmt.Sprintf("%s %s → %s", strings.TrimPrefix(c.Key, "freeze."), c.Old, c.New))
			}
			continue
		}
		rated = rated || c.Key == "rates"
		settings = append(settings, fmt.Sprintf("%s %s → %s", strings.TrimPrefix(c.Key, "live."), c.Old, c.New))
		changed[c.Key] = oldNew
	}
	if len(settings) > 0 {
		l.event(runlog.Config, strings.Join(settings, ", "), changed)
	}
	if froze {
		l.rate.reset()
	}
	if froze || rated {
		l.publishLayers()
	}
	if froze || len(rules) > 0 {
		text := l.freezing.Summary()
		if c, ok := rules["freeze.schedule"].(map[string]any); ok && !froze {
			text = fmt.Sprintf("schedule %s → %s", c["old"], c["new"])
		}
		if len(rule) > 0 && !froze {
			text = strings.Join(rule, ", ")
		}
		l.recordFreezing(before, text, rules)
	}
	l.publish()
}
