package session

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
)

// lastWords are how many lines of the trainer's log are read.
const lastWords = 12

// LastWords are the last lines of a trainer that ended badly.
type LastWords struct {
	Lines []string
	asked bool
	of    time.Time // the heartbeat of that trainer
}

// WordsMsg brings how a trainer ended.
type WordsMsg struct {
	Run   *Run
	Lines []string
}

// AskLastWords reads how the trainer ended, once for every time that it does.
func (r *Run) AskLastWords() tea.Cmd {
	w, st := &r.Words, &r.Info.Status
	if !Ended(st.State) {
		*w = LastWords{}
		return nil
	}
	if w.asked && w.of.Equal(st.Time) {
		return nil
	}
	w.asked, w.of = true, st.Time
	return func() tea.Msg { return WordsMsg{r, run.LastWords(r.Dir, lastWords)} }
}

// Last is the line that says best how the trainer ended: the message of its
// panic, which comes first, or else the last line; empty if there is none.
func (w *LastWords) Last() string {
	for _, line := range w.Lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			return line
		}
	}
	if n := len(w.Lines); n > 0 {
		return w.Lines[n-1]
	}
	return ""
}
