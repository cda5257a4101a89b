package session

import (
	"context"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/run"
)

const pingTimeout = 1500 * time.Millisecond

// OrderTimeout is long because an order waits for a step, and a checkpoint for
// the disk; tests have less patience.
var OrderTimeout = 5 * time.Minute

// evaluateTimeout is how long a measurement may take.
const evaluateTimeout = time.Hour

// AskedAfter is after how long without an answer to an order the screen says that it
// waits for one.
var AskedAfter = 500 * time.Millisecond

// AskedMsg reminds of an order that was given AskedAfter ago.
type AskedMsg struct {
	Dir      string
	answered *atomic.Bool
}

// Waits reports whether the order has no answer yet.
func (m AskedMsg) Waits() bool { return !m.answered.Load() }

// Asked gives an order to the run in dir, and reminds of it. The trainer answers between
// two steps, and a step may take seconds, or minutes.
func Asked(dir string, order tea.Cmd) tea.Cmd {
	answered := new(atomic.Bool)
	return tea.Batch(
		func() tea.Msg {
			defer answered.Store(true)
			return order()
		},
		Tick(AskedAfter, func(time.Time) tea.Msg { return AskedMsg{dir, answered} }),
	)
}

// PingMsg says whether the trainer answers on its socket.
type PingMsg struct {
	Run    *Run
	Status run.Status
	Err    error
}

// LayersMsg brings the layers from the trainer.
type LayersMsg struct {
	Dir    string
	Layers []run.Layer
	Err    error
}

// OrderMsg is the trainer's answer to an order; Done words its success.
type OrderMsg struct {
	Dir    string
	Done   string
	Freeze bool
	Names  []string // of a freeze: tensors that were pending
	Status run.Status
	Layers []run.Layer // after a freeze
	Err    error
}

// Ping asks the trainer for its status after a delay.
func (r *Run) Ping(after time.Duration) tea.Cmd {
	return Tick(after, func(time.Time) tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		st, err := r.Client.Status(ctx)
		return PingMsg{r, st, err}
	})
}

// FetchLayers asks the trainer for its layers if something else is frozen than
// when they were last fetched.
func (r *Run) FetchLayers() tea.Cmd {
	key := FrozenKey(&r.Info.Status)
	if !r.Info.Alive || key == r.frozen {
		return nil
	}
	r.frozen = key
	c, dir := r.Client, r.Dir
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
		defer cancel()
		layers, err := c.Layers(ctx)
		return LayersMsg{dir, layers, err}
	}
}

// LayersKnown says that the layers are those of the present status.
func (r *Run) LayersKnown() { r.frozen = FrozenKey(&r.Info.Status) }

// Order sends an order to the trainer and waits until it is done.
func (r *Run) Order(done string, do func(context.Context) (run.Status, error)) tea.Cmd {
	return r.order(OrderTimeout, done, do)
}

func (r *Run) order(patience time.Duration, done string, do func(context.Context) (run.Status, error)) tea.Cmd {
	dir := r.Dir
	return Asked(dir, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		st, err := do(ctx)
		return OrderMsg{Dir: dir, Done: done, Status: st, Err: err}
	})
}

// Freeze changes what is frozen, the named tensors as far as is known, and
// brings the layers as they are then.
func (r *Run) Freeze(done string, names []string, req control.FreezeRequest) tea.Cmd {
	c, dir := r.Client, r.Dir
	return Asked(dir, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), OrderTimeout)
		defer cancel()
		m := OrderMsg{Dir: dir, Done: done, Freeze: true, Names: names}
		if m.Status, m.Err = c.Freeze(ctx, req); m.Err == nil {
			m.Layers, m.Err = c.Layers(ctx)
		}
		return m
	})
}

// PauseResume pauses the run, or resumes it.
func (r *Run) PauseResume() tea.Cmd {
	if r.Paused() {
		return r.Order("running again", r.Client.Resume)
	}
	return r.Order("paused; P resumes it", r.Client.Pause)
}

// Stop stops the run and waits until its trainer has gone.
func (r *Run) Stop() tea.Cmd { return r.Order("stopped after a checkpoint", Stopping(r.Dir)) }

// Stopping stops the run in a directory and waits until its trainer has gone, so
// that another one may follow.
func Stopping(dir string) func(context.Context) (run.Status, error) {
	return func(ctx context.Context) (run.Status, error) {
		st, err := control.NewClient(dir).Stop(ctx)
		if err != nil {
			return st, err
		}
		return st, run.AwaitExit(ctx, dir)
	}
}

// Evaluate measures what quality names, also while the run is paused.
func (r *Run) Evaluate(quality string) tea.Cmd {
	return r.order(evaluateTimeout, quality+" measured", r.Client.Evaluate)
}
