package tuitest

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/tui/session"
)

// Tests don't wait: what is due later never comes, and what is due now comes at
// once.
func init() {
	session.Tick = func(d time.Duration, f func(time.Time) tea.Msg) tea.Cmd {
		if d > 0 {
			return nil
		}
		return func() tea.Msg { return f(time.Now()) }
	}
}
