package loop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/method"
	"innate/trainer/run"
)

// Follow is Run in a process that does not lead: it does what rank 0 says until that
// ends the run, or is lost. It writes nothing into the run directory. The end of ctx
// and the signals of opts.Checkpoint are passed on to the leader, who ends the run, or
// writes a checkpoint, for all.
func Follow(ctx context.Context, opts Options) error {
	f := &follower{opts: opts}
	if f.opts.Log == nil {
		f.opts.Log = io.Discard
	}
	done := make(chan struct{})
	defer close(done)
	go f.passOn(ctx, done)
	defer f.close()
	for {
		message, err := opts.Ranks.Told()
		if err != nil {
			return err
		}
		if len(message) == 1 && message[0] == orderEnd {
			opts.Ranks.Leave()
			return nil
		}
		if err := f.obey(message); err != nil {
			opts.Ranks.Fail(err) // says no more than is known, if the group was lost
			return opts.Ranks.Err()
		}
	}
}

// follower is a process that does what the leader does.
type follower struct {
	opts Options
	loop *Loop // in memory alone; nil until the first order
}

// passOn has the leader know of signals, which may come to any process.
func (f *follower) passOn(ctx context.Context, done <-chan struct{}) {
	ended := ctx.Done()
	for {
		select {
		case <-done:
			return
		case <-ended:
			ended = nil
			_ = f.opts.Ranks.Ask(askEnd + fmt.Sprint(context.Cause(ctx)))
		case s := <-f.opts.Checkpoint:
			_ = f.opts.Ranks.Ask(askCheckpoint + SignalName(s))
		}
	}
}

// obey carries out one order.
func (f *follower) obey(message []byte) error {
	if len(message) == 0 || f.loop == nil && message[0] != orderBegin {
		return fmt.Errorf("loop: order %q before the first", message)
	}
	kind, what := message[0], message[1:]
	switch l := f.loop; kind {
	case orderBegin:
		return f.begin(what)
	case orderStep:
		return l.trainStep()
	case orderConfig:
		return l.follow(string(what))
	case orderRestore:
		return l.followBack(what)
	case orderRule:
		var p run.Ruled
		if err := json.Unmarshal(what, &p); err != nil {
			return fmt.Errorf("loop: %w", err)
		}
		return l.followRule(&p)
	case orderScalars:
		l.method.Collect(l.scalars)
		b, err := json.Marshal(scalarsToGive(l.scalars))
		if err != nil {
			return fmt.Errorf("loop: %w", err)
		}
		l.scalars = method.NewScalars()
		return l.ranks.Answer(b)
	case orderVerify:
		a, err := l.account()
		if err != nil {
			return err
		}
		b, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("loop: %w", err)
		}
		return l.ranks.Answer(b)
	}
	return fmt.Errorf("loop: order %q, which this process does not know", kind)
}

// begin builds what trains, as the leader does.
func (f *follower) begin(what []byte) error {
	var b beginning
	if err := json.Unmarshal(what, &b); err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	cfg, err := configs.Parse(run.ConfigFile, b.Config)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(f.opts.Dir)
	if err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	dev := f.opts.Device
	if dev == nil {
		if dev, err = openDevice(cfg, f.opts.Ranks); err != nil {
			return err
		}
	}
	l := &Loop{cfg: cfg, dir: dir, ranks: f.opts.Ranks, out: f.opts.Log, scalars: method.NewScalars()}
	f.loop = l
	if err := l.build(dev, func(text string) { fmt.Fprintln(l.out, text) }); err != nil {
		return err
	}
	if b.Checkpoint != "" {
		if err := l.readTraining(b.Checkpoint); err != nil {
			return err
		}
	}
	return l.prepareMethod()
}

// follow adopts a configuration that the leader has adopted.
func (l *Loop) follow(text string) error {
	next, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		return err
	}
	frozen, err := l.resolveFreezing(next)
	if err != nil {
		return err
	}
	rates, err := l.resolveRates(next)
	if err != nil {
		return err
	}
	if _, err := l.keepTo(frozen); err != nil {
		return err
	}
	l.cfg = next
	l.useRates(rates)
	return nil
}

// followBack goes back to a checkpoint, as the leader has.
func (l *Loop) followBack(what []byte) error {
	var r restoring
	if err := json.Unmarshal(what, &r); err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	if err := l.readTraining(r.Checkpoint); err != nil {
		return err
	}
	if r.Seed == nil {
		return nil
	}
	return l.restartStreams(*r.Seed)
}

// fileShows is how long a file that the leader has read may take to show on another
// machine of the same network disk.
const fileShows = 30 * time.Second

// readTraining restores what trains from a checkpoint; the scalars in it are the
// leader's.
func (l *Loop) readTraining(path string) error {
	f, err := checkpoint.Read(path)
	for start := time.Now(); err != nil && time.Since(start) < fileShows; f, err = checkpoint.Read(path) {
		time.Sleep(tendEvery)
	}
	if err != nil {
		return err
	}
	if _, err := l.restoreTraining(f); err != nil {
		return err
	}
	l.scalars = method.NewScalars()
	return nil
}

// close gives back what the follower holds.
func (f *follower) close() {
	f.opts.Ranks.Close()
	if l := f.loop; l != nil {
		if l.loader != nil {
			l.loader.Close()
		}
		if l.dev != nil {
			l.dev.Close()
		}
	}
}
