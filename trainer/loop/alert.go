package loop

import (
	"fmt"
	"slices"
	"time"

	"innate/trainer/alerts"
	"innate/trainer/runlog"
)

// alerting tells the user elsewhere what happens to the run, beside the training: see
// package alerts. Nothing of it can hold up a step or end a run; what goes wrong is an
// event.
type alerting struct {
	sender *alerts.Sender // nil: nobody is told
	path   string         // of the user's file that says where to
	watch  func() (end func(), err error)
	end    func() // tells who watches that the run ends by itself; nil while nobody does
	said   string // that went wrong, last
}

// alertWait is how long the end of a run waits for alerts that are being sent.
const alertWait = 10 * time.Second

// openAlerts begins to tell of what happens, and tells of the trainer before this one
// if it has died and nobody has said so.
func (l *Loop) openAlerts(opts Options) {
	if opts.Alerts == "" {
		return
	}
	l.alerting = alerting{sender: alerts.NewSender(opts.Alerts), path: opts.Alerts, watch: opts.Watch}
	l.observers = append(l.observers, alerter{l})
	died, err := alerts.Death(l.dir)
	if err == nil && died != nil {
		err = l.alerting.sender.Send(*died)
	}
	l.noteAlerts(err)
}

// tendAlerts makes what went wrong with alerts events, and has somebody watch for this
// trainer's death once there is somewhere to tell of it.
func (l *Loop) tendAlerts() {
	a := &l.alerting
	if a.sender == nil {
		return
	}
	for err := a.sender.Err(); err != nil; err = a.sender.Err() {
		l.noteAlerts(err)
	}
	if a.watch == nil || a.end != nil || slices.Contains(l.cfg.Alerts.Mute, alerts.Died) {
		return
	}
	to, err := alerts.Read(a.path)
	if err == nil && to.Any() {
		if a.end, err = a.watch(); err != nil {
			a.watch = nil // it would be the same every second
		}
	}
	l.noteAlerts(err)
}

// noteAlerts makes an error an event, unless it was the last one.
func (l *Loop) noteAlerts(err error) {
	if err != nil {
		l.once(&l.alerting.said, err.Error())
	}
}

// closeAlerts sends what is still to be sent, for a bounded time.
func (l *Loop) closeAlerts() {
	a := &l.alerting
	if a.sender == nil {
		return
	}
	a.sender.Close(alertWait)
	l.tendAlerts()
	if a.end != nil {
		a.end()
	}
	l.alerting = alerting{}
}

// alert queues an alert, unless the run's settings mute its kind.
func (l *Loop) alert(kind, text string) {
	a := &l.alerting
	if a.sender == nil || slices.Contains(l.cfg.Alerts.Mute, kind) {
		return
	}
	s := l.Status()
	s.Nimg, s.State, s.Error = l.nimg, l.state, l.report.err
	s.LastFID, s.BestFID = l.report.lastFID, l.report.bestFID
	l.noteAlerts(a.sender.Send(alerts.New(kind, s, text)))
}

// alerter is an observer that makes alerts of events.
type alerter struct{ l *Loop }

// Tick is no news.
func (alerter) Tick(runlog.Tick) {}

// Event makes alerts of some events.
func (a alerter) Event(e runlog.Event) {
	switch e.Kind {
	case runlog.FID:
		// The first value, of the network that training starts from, is the best by itself.
		if best, _ := e.Data["best"].(bool); best && a.l.eval.nimg > 0 {
			a.l.alert(alerts.Best, e.Text)
		}
	case runlog.Diverge:
		if action, ok := e.Data["action"]; ok { // it begins, and is no consequence
			a.l.alert(alerts.Diverged, fmt.Sprintf("%s at %.1f kimg (live.diverge_action = %v)", e.Text, kimg(e.Nimg), action))
		}
	case runlog.Done:
		text := e.Text
		if r := a.l.report; r.bestFID != nil {
			text += fmt.Sprintf(", best %s %.2f", r.fidName, *r.bestFID)
		}
		a.l.alert(alerts.Done, text)
	}
}
