package loop

import (
	"context"
	"errors"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/control"
)

// Hooks replace what a test wants to control.
type Hooks struct {
	Now  func() time.Time
	Save func(path string, f *checkpoint.File) error
}

// RunWith is Run with hooks.
func RunWith(ctx context.Context, opts Options, h Hooks) error {
	l, err := open(opts)
	if err != nil {
		return err
	}
	if h.Now != nil {
		l.now = h.Now
	}
	l.saver.write = h.Save
	return l.run(ctx, opts)
}

// Open opens a run that the test steps by hand.
func Open(dir string) (*Loop, error) {
	l, err := open(Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	l.pace.start(time.Now(), l.nimg)
	if l.nimg == 0 {
		err = l.first()
	}
	return l, err
}

// Tend looks after the run directory now, as the loop does once a second.
func (l *Loop) Tend() error {
	l.tended = time.Time{}
	return l.tend()
}

func (l *Loop) Close()                   { l.close() }
func (l *Loop) Step() error              { return l.untilStepped() }
func (l *Loop) Rollback() (int64, error) { return l.rollback() }
func (l *Loop) Checkpoint() error        { return l.checkpoint() }

// Apply carries out a command between two steps.
func (l *Loop) Apply(c control.Command) error {
	_, err := l.apply(c, make(reply, 1))
	return err
}

// Clock replaces the wall clock.
func (l *Loop) Clock(now func() time.Time) { l.now = now }

// Flush waits until everything is on disk.
func (l *Loop) Flush() error {
	_, err := l.flush(context.Background())
	return err
}

func (l *Loop) SaveWith(h Hooks)               { l.saver.write = h.Save }
func (l *Loop) Waiting() (busy bool, next int) { return l.saver.busy != nil, len(l.saver.queue) }

// Prune is what follows every checkpoint.
var Prune = prune

// Measured is the end of an evaluation of the present weights, begun at nimg
// images, with a result of the test's choice.
func (l *Loop) Measured(nimg int64, fid float64) error {
	if l.eval.panel == nil {
		if err := l.openEvaluation(); err != nil {
			return err
		}
	}
	if err := l.eval.den.Net.Params().CopyFrom(l.method.Images().Den.Net.Params()); err != nil {
		return err
	}
	l.eval.nimg, l.eval.running = nimg, false
	defer l.publish()
	values := make([]float64, len(l.eval.panel.seats))
	for k := range values {
		values[k] = fid
	}
	return l.recordFID(values)
}

// GoBack is what divergence leads to where live.diverge_action is rollback.
func (l *Loop) GoBack(why string) error {
	defer l.publish()
	return l.goBack(why)
}

// untilStepped takes turns until one of them was a step.
func (l *Loop) untilStepped() error {
	for before := l.nimg; l.nimg == before; {
		if err := l.turn(); err != nil {
			return err
		}
	}
	return nil
}

// Evaluate is what a client asks for.
func (l *Loop) Evaluate() error {
	_, err := l.apply(control.Command{Kind: control.KindEvaluate}, make(reply, 1))
	return err
}

// Set is what a client asks for.
func (l *Loop) Set(edits map[string]string) error { return l.set(edits) }

// SaveAndForget has a saver write a file, and returns it before it takes note of that.
// What follows fails at first; it is tried again.
func SaveAndForget(path string, f *checkpoint.File, then func() error) (saved any, err error) {
	s := &saver{}
	j := &save{path: path, file: f, then: then}
	s.add(j)
	s.wait()
	if err := <-s.ended; err == nil {
		return nil, errors.New("what follows a file has not failed")
	}
	return s, s.run(j)
}

// PacedSlices is how many slices the pacer draws after so many steps.
func PacedSlices(steps int, step, slice time.Duration, share float64) (n int) {
	var p pacer
	now := time.Now()
	p.begin(now)
	for range steps {
		now = now.Add(step)
		if p.allows(now, share) {
			now = now.Add(slice)
			p.drawn(now)
			n++
		}
	}
	return n
}
