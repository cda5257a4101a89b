package loop

import (
	"fmt"

	"innate/trainer/runlog"
)

// observer is told what the run log is told, on the loop's goroutine and in the
// same order. It must not wait for anybody.
type observer interface {
	Tick(runlog.Tick)
	Event(runlog.Event)
}

// recordTick writes scalars to the run log and tells the observers.
func (l *Loop) recordTick(t runlog.Tick) error {
	if err := l.storage.write(func() error { return l.log.Tick(t) }); err != nil {
		return err
	}
	for _, o := range l.observers {
		o.Tick(t)
	}
	return nil
}

// recordEvent writes something that happened now to the run log and tells the
// observers.
func (l *Loop) recordEvent(kind, text string, data map[string]any) error {
	return l.recordEventAt(l.nimg, kind, text, data)
}

// recordEventAt is recordEvent for what belongs to an earlier moment of training
// and is only known now.
func (l *Loop) recordEventAt(nimg int64, kind, text string, data map[string]any) error {
	e := runlog.Event{Time: l.now(), Nimg: nimg, Kind: kind, Text: text, Data: data}
	if err := l.storage.write(func() error { return l.log.Event(e) }); err != nil {
		return err
	}
	for _, o := range l.observers {
		o.Event(e)
	}
	return nil
}

// event is recordEvent for what also goes to the log of the process, and whose
// loss the run survives.
func (l *Loop) event(kind, text string, data map[string]any) {
	fmt.Fprintln(l.out, text)
	if err := l.recordEvent(kind, text, data); err != nil {
		fmt.Fprintln(l.out, err)
	}
}
