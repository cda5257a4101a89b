package alerts

import (
	"context"
	"errors"
	"time"
)

// queued is how many alerts may wait: more are dropped, since nobody needs to hear of
// each of a hundred.
const queued = 16

// Sender sends alerts one after the other, in the background.
type Sender struct {
	path  string
	queue chan Alert
	errs  chan error
	ended chan struct{}
	stop  context.CancelFunc
}

// NewSender returns a sender to the targets in the file at path, which is read for
// each alert: it may be written while a run trains.
func NewSender(path string) *Sender {
	ctx, stop := context.WithCancel(context.Background())
	s := &Sender{path: path, queue: make(chan Alert, queued), errs: make(chan error, queued), ended: make(chan struct{}), stop: stop}
	go s.run(ctx)
	return s
}

func (s *Sender) run(ctx context.Context) {
	defer close(s.ended)
	for a := range s.queue {
		t, err := Read(s.path)
		if err == nil {
			err = t.Send(ctx, a)
		}
		if err != nil {
			select {
			case s.errs <- err:
			default: // nobody has asked for the others yet
			}
		}
	}
}

// Send queues an alert. It never waits.
func (s *Sender) Send(a Alert) error {
	select {
	case s.queue <- a:
		return nil
	default:
		return errors.New("alerts: " + a.Kind + ": dropped: others wait to be sent")
	}
}

// Err returns an error that has not been returned before, nil if there is none. It
// never waits.
func (s *Sender) Err() error {
	select {
	case err := <-s.errs:
		return err
	default:
		return nil
	}
}

// Close sends what is queued, for that long at most, and ends the sender.
func (s *Sender) Close(wait time.Duration) {
	close(s.queue)
	select {
	case <-s.ended:
	case <-time.After(wait):
		s.stop()
		<-s.ended
	}
	s.stop()
}
