package tui

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"innate/tui/session"
)

// showWait is how long Show waits for pictures and for the trainer's layers.
const showWait = 5 * time.Second

// Show writes one frame of a view of opts.RunDir, w by h cells, in as many colours
// as out has, once all that is on disk has been read. It waits for nothing else
// longer than a few seconds, and then does without.
func Show(ctx context.Context, out io.Writer, opts Options, view string, w, h int) error {
	opts.StateFile, opts.Images = "-", "blocks"
	app, err := New(opts)
	if err != nil {
		return err
	}
	if names := app.ViewNames(); !slices.Contains(names, view) {
		return fmt.Errorf("view: got %q, want %s", view, strings.Join(names, " | "))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := stage{ctx: ctx, app: app, msgs: make(chan tea.Msg)}
	colours := colorprofile.NewWriter(out, os.Environ())
	s.send(tea.ColorProfileMsg{Profile: colours.Profile})
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	s.start(app.Show(view))
	s.start(app.run.Poll(0))
	if err := s.play(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(colours, app.View().Content)
	return err
}

// stage runs an App without a terminal.
type stage struct {
	ctx     context.Context
	app     *App
	msgs    chan tea.Msg
	running int // commands
}

// play runs the App until it has read what is there.
func (s *stage) play() error {
	late := time.After(showWait)
	for {
		select {
		case msg := <-s.msgs:
			s.running--
			s.send(msg)
			if m, ok := msg.(session.PollMsg); ok && !m.Changed() && s.running == 1 { // the next poll
				return nil
			}
		case <-s.ctx.Done():
			return s.ctx.Err()
		case <-late:
			if !s.app.run.Reading {
				return nil
			}
			late = time.After(showWait)
		}
	}
}

func (s *stage) send(msg tea.Msg) {
	if batch, ok := msg.(tea.BatchMsg); ok {
		for _, cmd := range batch {
			s.start(cmd)
		}
		return
	}
	if msg = Filter(s.app, msg); msg != nil {
		_, cmd := s.app.Update(msg)
		s.start(cmd)
	}
}

// start runs a command beside the App, until it is drawn.
func (s *stage) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	s.running++
	go func() {
		select {
		case s.msgs <- cmd():
		case <-s.ctx.Done():
		}
	}()
}
