package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"

	tea "charm.land/bubbletea/v2"
	"golang.org/x/sys/unix"

	"innate/trainer/run"
	"innate/tui/session"
)

func resumeRun(resume func(context.Context, string) error, dir string) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		return resumedMsg{dir, resume(ctx, dir)}
	}
}

// startRun starts a run from a preset, or from the run in a directory.
func startRun(from string, start func(context.Context) (dir, warning string, err error)) tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		dir, warning, err := start(ctx)
		return startedMsg{from, dir, warning, err}
	}
}

// findRun looks for a run by number, name or path.
func findRun(runsDir, ref string) tea.Cmd {
	return func() tea.Msg {
		dir, err := run.Find(runsDir, ref)
		return foundMsg{dir, err}
	}
}

// edit opens the user's editor on a file, at a line if that is known; the screen
// is the editor's until it ends.
func edit(t *terminal, name, path string, line int) tea.Cmd {
	args := editorArgs(name, path, line)
	return tea.Exec(editor{exec.Command(args[0], args[1:]...), t}, func(err error) tea.Msg {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("editor: %q: not found", args[0])
		} else if err != nil {
			err = fmt.Errorf("editor: %q: %w", args[0], err)
		}
		return editedMsg{err}
	})
}

// windowPixels asks the kernel for the text area's size in pixels.
func windowPixels() tea.Msg {
	ws, err := unix.IoctlGetWinsize(int(os.Stdout.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return windowPixelsMsg{}
	}
	return windowPixelsMsg{int(ws.Xpixel), int(ws.Ypixel)}
}
