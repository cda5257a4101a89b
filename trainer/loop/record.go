package loop

import (
	"fmt"

	"innate/trainer/runlog"
)

// observer is notified of what goes to the run log, on the loop's goroutine and in the
// same order. It must not wait for anybody.
type observer interface {
	Tick(runlog.Tick)
	Event(runlog.Event)
}

// recordTick writes scalars to the run log and notifies the observers.
func (l *Loop) recordTick(t runlog.Tick) error {
	line, err := t.Line()
	if err == nil {
		err = l.storage.write(func() error { return l.log.Write(line) })
	}
	if err != nil {
		return err
	}
	l.stream(line)
	for _, o := range l.observers {
		o.Tick(t)
	}
	return nil
}

// recordEvent writes something that happened now to the run log and notifies
// the observers.
func (l *Loop) recordEvent(kind, text string, data map[string]any) error {
	return l.recordEventAt(l.nimg, kind, text, data)
}

// recordEventAt is recordEvent for what belongs to an earlier moment of training
// and is only known now.
func (l *Loop) recordEventAt(nimg int64, kind, text string, data map[string]any) error {
	e := runlog.Event{Time: l.now(), Nimg: nimg, Kind: kind, Text: text, Data: data}
	line, err := e.Line()
	if err == nil {
		err = l.storage.write(func() error { return l.log.Write(line) })
	}
	if err != nil {
		return err
	}
	l.notify(e, line)
	return nil
}

// notify passes an event of the run log on.
func (l *Loop) notify(e runlog.Event, line runlog.Line) {
	l.stream(line)
	for _, o := range l.observers {
		o.Event(e)
	}
}

// stream passes a line of the log on to who watches, in the bytes of the file.
func (l *Loop) stream(line runlog.Line) {
	if l.hub != nil {
		l.hub.Send(line)
	}
}

// event is recordEvent for what also goes to the log of the process, and whose
// loss the run survives.
func (l *Loop) event(kind, text string, data map[string]any) {
	fmt.Fprintln(l.out, text)
	if err := l.recordEvent(kind, text, data); err != nil {
		fmt.Fprintln(l.out, err)
	}
}
