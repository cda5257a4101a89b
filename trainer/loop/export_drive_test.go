package loop

import (
	"context"
	"fmt"
	"slices"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Driven is a run whose reloads and steps a test calls itself, in place of the
// watcher and of train.
type Driven struct{ l *Loop }

// Drive opens a run.
func Drive(dir string) (*Driven, error) {
	l, err := open(Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	l.setState(run.StateRunning)
	return &Driven{l}, nil
}

// Reload does what the loop does with a text that the watcher has seen.
func (d *Driven) Reload(text string) { d.l.reload(text) }

// Do applies a command.
func (d *Driven) Do(c control.Command) error {
	_, err := d.l.apply(c, make(reply, 1))
	return err
}

// Ask hands over a command; the channel has its answer, at once or later.
func (d *Driven) Ask(c control.Command) <-chan error {
	r := newRequest(c)
	d.l.take(r)
	return r.reply
}

// Send has a client wait for a command until ctx ends. Take carries it out
// when it has been handed over, and before calls what happens in between.
func (d *Driven) Send(ctx context.Context, c control.Command) <-chan error {
	outcome := make(chan error, 1)
	go func() { outcome <- d.l.Do(ctx, c) }()
	return outcome
}

func (d *Driven) Take(before func()) {
	r := <-d.l.commands
	before()
	d.l.take(r)
}

func (d *Driven) Step() error             { return d.l.untilStepped() }
func (d *Driven) Status() run.Status      { return d.l.Status() }
func (d *Driven) Layers() []run.Layer     { return d.l.Layers() }
func (d *Driven) Config() *configs.Config { return d.l.cfg.Clone() }

// GoBack does what a rollback does last, and returns what observers heard.
func (d *Driven) GoBack(text string) ([]runlog.Event, error) {
	heard := &listener{}
	d.l.observers = append(d.l.observers, heard)
	err := d.l.recordResume(text, "")
	return heard.events, err
}

// listener is an observer that keeps events.
type listener struct{ events []runlog.Event }

func (l *listener) Tick(runlog.Tick)     {}
func (l *listener) Event(e runlog.Event) { l.events = append(l.events, e) }

// Drain returns when all checkpoints so far are on disk.
func (d *Driven) Drain() { d.l.drain() }

func (d *Driven) Close() { d.l.close() }

// Torn says where the loop and its freezing disagree about the
// config in force; "" if nowhere.
func (d *Driven) Torn() string {
	cfg := d.l.cfg
	rule := d.l.freezing.Rule
	if rule.Preset != cfg.Freeze.Preset || !slices.Equal(rule.Freeze, cfg.Freeze.Freeze) || !slices.Equal(rule.Train, cfg.Freeze.Train) {
		return fmt.Sprintf("freezing follows %+v, the config says %+v", rule, cfg.Freeze)
	}
	read, err := configs.Parse(run.ConfigFile, d.l.text)
	if err != nil {
		return fmt.Sprintf("the text in force: %v", err)
	}
	if changes := configs.Diff(read, cfg); len(changes) > 0 {
		return fmt.Sprintf("the text in force says otherwise: %v", changes)
	}
	return ""
}
