package tui_test

import (
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/session"
	"innate/tui/tuitest"
)

// mute listens where the trainer of a run would. It takes every connection and
// says nothing, as a trainer does that is stopped or busy with one long step.
func mute(tb testing.TB, dir string) {
	tb.Helper()
	l, err := net.Listen("unix", filepath.Join(dir, run.SocketFile))
	tuitest.Must(tb, err)
	var held []net.Conn
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			held = append(held, c)
		}
	})
	tb.Cleanup(func() {
		l.Close()
		done.Wait()
		for _, c := range held {
			c.Close()
		}
	})
}

// reel drives an App as Bubble Tea does, with commands running beside it, and
// measures how long the App keeps the screen waiting.
type reel struct {
	app        *tui.App
	msgs       chan tea.Msg
	running    sync.WaitGroup
	worst, all time.Duration
	n          int
}

func (r *reel) send(msg tea.Msg) {
	start := time.Now()
	_, cmd := r.app.Update(msg)
	r.app.View()
	took := time.Since(start)
	r.worst, r.all, r.n = max(r.worst, took), r.all+took, r.n+1
	r.start(cmd)
}

func (r *reel) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	r.running.Go(func() {
		switch m := cmd().(type) {
		case nil:
		case tea.BatchMsg:
			for _, c := range m {
				r.start(c)
			}
		default:
			r.msgs <- m
		}
	})
}

// until delivers messages as they come until the frame has a text.
func (r *reel) until(text string) bool {
	for end := time.After(10 * time.Second); ; {
		if strings.Contains(r.frame(), text) {
			return true
		}
		select {
		case m := <-r.msgs:
			r.send(m)
		case <-end:
			return false
		}
	}
}

func (r *reel) frame() string { return ansi.Strip(r.app.View().Content) }

// TestSlowTrainer presses every key that works on a run whose trainer takes
// connections but doesn't answer. Nothing waits for it but commands, which give
// up after a while and say so.
func TestSlowTrainer(t *testing.T) {
	tui.HurryOrders(t, 300*time.Millisecond)
	f := tuitest.NewFake(t, t.TempDir(), "mute", tuitest.Default())
	f.Hold(t)
	mute(t, f.Dir)
	app := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir}).App
	r := &reel{app: app, msgs: make(chan tea.Msg, 10_000)}
	t.Cleanup(r.running.Wait)

	r.send(app.Look(time.Now()))
	r.start(func() tea.Msg { return app.Run().Ping(0)() })
	for _, b := range tui.KeyTable() {
		for _, k := range b.Keys {
			if tui.AwayFromRun(b.Section) || k == "q" || k == "ctrl+c" {
				continue
			}
			app.Enter(b.Section)
			r.send(tuitest.KeyPress(k))
			r.send(tuitest.KeyPress("esc")) // out of what it has opened
		}
	}
	t.Logf("%d messages, %v each, %v at most", r.n, r.all/time.Duration(r.n), r.worst)
	// The least that anything waits for the trainer is more than a second.
	if mean := r.all / time.Duration(r.n); mean > 50*time.Millisecond || r.worst > time.Second {
		t.Errorf("a key takes %v, %v at most, want 50ms; no key may wait for the trainer", mean, r.worst)
	}

	if !r.until("the trainer doesn't answer: ") {
		t.Errorf("no word of the trainer's silence:\n%s", r.frame())
	}
	r.send(tuitest.KeyPress("1"))
	r.send(tuitest.KeyPress("P"))
	if !r.until("no answer in time") {
		t.Errorf("no word of the pause that was not answered:\n%s", r.frame())
	}
	r.send(tuitest.KeyPress("2"))
	if !strings.Contains(r.frame(), "›2 curves") {
		t.Errorf("keys don't work any more:\n%s", r.frame())
	}
}

// TestSlowOrders gives orders to a trainer that takes them and does not answer, as during
// a long step: the screen says that it waits.
func TestSlowOrders(t *testing.T) {
	soon := session.AskedAfter
	session.AskedAfter = 0
	t.Cleanup(func() { session.AskedAfter = soon })
	f := tuitest.NewFake(t, t.TempDir(), "mute", tuitest.Default())
	f.Heartbeat.WaysBack = []run.WayBack{{Nimg: 1000, Before: "live.gen_lr: 0.0005 → 0.0002"}}
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	f.Hold(t)
	for _, keys := range []string{
		"P", "U y", "3 space", ": f i n a l space 5 0 0 0 enter",
		": s e t space l i v e . g e n _ l r = 1 e - 4 enter",
	} {
		t.Run(keys, func(t *testing.T) {
			r := &reel{msgs: make(chan tea.Msg, 10_000)}
			t.Cleanup(r.running.Wait) // once mute has ended
			mute(t, f.Dir)
			r.app = tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir}).App
			r.send(r.app.Look(time.Now()))
			for k := range strings.FieldsSeq(keys) {
				r.send(tuitest.KeyPress(k))
			}
			if !r.until("asked: the trainer answers after this step") {
				t.Errorf("nothing says that the order is on its way:\n%s", r.frame())
			}
		})
	}
}

// TestOlderHeartbeat reads the heartbeat of before an answer after it: what the
// answer said stays.
func TestOlderHeartbeat(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	before := f.Heartbeat
	s.Press("P")
	s.Wants("‖ paused")
	before.Stage = "evaluate" // another size tells the files apart
	tuitest.Must(t, run.WriteStatus(f.Dir, before))
	s.Load()
	s.Wants("‖ paused")
	before.Seq, before.Stage = before.Seq+2, "checkpoint"
	tuitest.Must(t, run.WriteStatus(f.Dir, before))
	s.Load()
	s.Wants("● checkpoint")
}
