package tui_test

import (
	"sync/atomic"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// counter counts what a terminal would be sent.
type counter struct{ bytes atomic.Int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return len(p), nil
}

// drain waits until nothing has been written for a few frames, and returns what
// was since the last time.
func (c *counter) drain() int64 {
	for quiet, last := 0, c.bytes.Load(); quiet < 5; quiet++ {
		time.Sleep(25 * time.Millisecond)
		if n := c.bytes.Load(); n != last {
			quiet, last = 0, n
		}
	}
	return c.bytes.Swap(0)
}

// onTerminal runs the workbench on a run of 1,000 kimg through Bubble Tea's own
// renderer, in 160 by 48 cells.
func onTerminal(t *testing.T, view string) (*tea.Program, *tui.App, *tuitest.Fake, *counter) {
	t.Helper()
	c := tuitest.Default()
	c.Ticks, c.TickK, c.FidEach = 2000, 0.5, 50
	s, f := tuitest.Open(t, 160, 48, c, tui.Options{Images: "off"})
	s.View(view)
	out := &counter{}
	p := tea.NewProgram(s.App, tea.WithInput(nil), tea.WithOutput(out), tea.WithWindowSize(160, 48), tea.WithoutSignals(), tea.WithFPS(120),
		tea.WithEnvironment([]string{"TERM=xterm-256color", "LANG=C.UTF-8"}))
	done := make(chan error, 1)
	go func() {
		_, err := p.Run()
		done <- err
	}()
	t.Cleanup(func() {
		p.Quit()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	first := int64(0)
	for end := time.Now().Add(30 * time.Second); first < 2000 && time.Now().Before(end); { // it comes when it comes
		first += out.drain()
	}
	if first < 2000 {
		t.Errorf("the first frame has %d bytes, want a whole screen", first)
	}
	return p, s.App, f, out
}

// TestBytesSteady feeds a run that trains as fast as the demo, a heartbeat a
// second and a tick every four: a frame must cost less than a kilobyte.
func TestBytesSteady(t *testing.T) {
	for _, view := range []string{"dashboard", "curves"} {
		t.Run(view, func(t *testing.T) {
			p, app, f, out := onTerminal(t, view)
			const frames = 24
			var heartbeats, ticks int64
			for i := range frames {
				st := f.Heartbeat
				st.Nimg += int64(i+1) * 128
				st.EtaSec -= float64(i + 1)
				st.ImagesPerSec += float64(i%5) / 10
				st.Time = st.Time.Add(time.Duration(i+1) * time.Second)
				p.Send(tui.InfoMsg(app, run.Info{Name: "00003-mnist-gdd-i", Dir: f.Dir, Status: st, Alive: true}))
				if i%4 != 3 {
					heartbeats += out.drain()
					continue
				}
				u := runlog.Update{Rows: []runlog.Row{{Nimg: st.Nimg, Time: st.Time, Names: []string{"loss/disc", "loss/gen", "lr/gen"},
					Values: []float64{1.2 - 0.1*float64(i%2), 0.9 + 0.1*float64(i%3), 5e-4}}}}
				p.Send(tui.HistoryMsg(app, u))
				ticks += out.drain()
			}
			t.Logf("%d bytes a heartbeat, %d with a tick, %d a frame", heartbeats/(frames*3/4), ticks/(frames/4), (heartbeats+ticks)/frames)
			if n := (heartbeats + ticks) / frames; n > 1024 || n == 0 {
				t.Errorf("%d bytes a frame, want at most 1024", n)
			}
		})
	}
}

// TestBytesIdle checks that polls without news, and frames that are drawn anew all the
// same, write nothing, once what was begun before them has been drawn, for which a busy
// machine takes its time.
func TestBytesIdle(t *testing.T) {
	p, app, _, out := onTerminal(t, "dashboard")
	var late []int64
	for idle, end := 0, time.Now().Add(30*time.Second); idle < 5; idle++ {
		p.Send(tui.HistoryMsg(app, runlog.Update{}))
		p.Send(tea.PasteMsg{})
		n := out.drain()
		if n == 0 {
			continue
		}
		if idle, late = -1, append(late, n); time.Now().After(end) {
			t.Fatalf("%v bytes for nothing new", late)
		}
	}
}
