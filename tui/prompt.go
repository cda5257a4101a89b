package tui

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/host"
	"innate/tui/widget"
)

// prompt is the line of text being typed in the footer.
type prompt struct {
	host.Prompt // no Sign: closed
	offers      []string
	from        int // where in Text an offer goes
	chosen      int // offer that tab has put into Text, -1 for none

	past  int    // how far back in the history Text is taken from, 0 for typed
	draft string // what was typed before that
}

func (p *prompt) open() bool { return p.Sign != "" }

// Prompt implements host.Host.
func (a *App) Prompt(p host.Prompt) tea.Cmd {
	a.prompt = prompt{Prompt: p, chosen: -1}
	if p.Eager {
		a.offer()
	}
	return nil
}

const maxPrompt = 500

// promptKey edits the prompt.
func (a *App) promptKey(m tea.KeyPressMsg) tea.Cmd {
	p := &a.prompt
	switch key := m.String(); key {
	case "ctrl+c":
		return a.quit()
	case "esc":
		cancel := p.Cancel
		a.prompt = prompt{}
		if cancel != nil {
			cancel()
		}
		return nil
	case "enter":
		accept, text := p.Accept, p.Text
		a.prompt = prompt{}
		if accept != nil {
			return accept(text)
		}
		return nil
	case "tab":
		p.cycle(1)
		return nil
	case "shift+tab":
		p.cycle(-1)
		return nil
	case "up", "ctrl+p":
		a.recallCommand(1)
		return nil
	case "down", "ctrl+n":
		a.recallCommand(-1)
		return nil
	case "right", "end", "ctrl+e", "ctrl+f":
		p.Text += p.ghost()
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(p.Text)
		p.Text = p.Text[:len(p.Text)-n]
	case "ctrl+w":
		t := strings.TrimRight(p.Text, " ")
		p.Text = t[:strings.LastIndexByte(t, ' ')+1]
	case "ctrl+u":
		p.Text = ""
	default:
		if m.Text == "" {
			return nil
		}
		p.Text += widget.Plain(m.Text)
	}
	a.promptChanged()
	return nil
}

// paste adds pasted text to an open prompt.
func (a *App) paste(s string) {
	if a.prompt.open() {
		a.prompt.Text += strings.TrimSpace(widget.Plain(s))
		a.promptChanged()
	}
}

func (a *App) promptChanged() {
	p := &a.prompt
	if len(p.Text) > maxPrompt {
		p.Text = strings.ToValidUTF8(p.Text[:maxPrompt], "")
	}
	p.past = 0
	a.offer()
	if p.Changed != nil {
		p.Changed(p.Text)
	}
}

// offer looks up completions of what is typed.
func (a *App) offer() {
	p := &a.prompt
	p.chosen = -1
	if p.Complete != nil {
		p.from, p.offers = p.Complete(p.Text)
	}
}

// cycle puts the next offer, or the one before, into the text.
func (p *prompt) cycle(by int) {
	n := len(p.offers)
	switch {
	case n == 0:
		return
	case p.chosen < 0 && by < 0:
		p.chosen = n - 1
	default:
		p.chosen = (p.chosen + by + n) % n
	}
	p.Text = p.Text[:p.from] + p.offers[p.chosen]
}

// ghost is what the best offer would add to the text.
func (p *prompt) ghost() string {
	if p.chosen >= 0 || len(p.offers) == 0 {
		return ""
	}
	rest, ok := strings.CutPrefix(p.offers[0], p.Text[p.from:])
	if !ok {
		return ""
	}
	return rest
}

// recallCommand walks through the commands of before: back for positive.
func (a *App) recallCommand(by int) {
	p, h := &a.prompt, a.state.History
	if !p.History {
		return
	}
	if p.past == 0 {
		p.draft = p.Text
	}
	p.past = max(min(p.past+by, len(h)), 0)
	p.Text = p.draft
	if p.past > 0 {
		p.Text = h[len(h)-p.past]
	}
	a.offer()
}

// promptLine draws the open prompt with its ghost, the end always in view.
func (a *App) promptLine(w int) string {
	t, p := a.theme, &a.prompt
	text := p.Text
	if n := ansi.StringWidth(text); n > w-8 {
		text = ansi.TruncateLeft(text, n-(w-8), t.Glyphs.Ellipsis)
	}
	s := " " + t.Accent.Render(p.Sign) + text
	if ghost := p.ghost(); ghost != "" {
		_, n := utf8.DecodeRuneInString(ghost)
		return s + t.Select.Render(ghost[:n]) + t.Dim.Render(ghost[n:])
	}
	s += t.Select.Render("\u00a0")
	if p.Text == "" {
		s += " " + t.Dim.Render(p.Hint)
	}
	return s
}

// completions is the status line while a prompt has something to offer: the
// offers from the chosen one on, or the help of a command that has none.
func (a *App) completions() string {
	t, p := a.theme, &a.prompt
	if !p.open() || p.Complete == nil {
		return ""
	}
	switch {
	case len(p.offers) == 0 && p.Sign != ":":
		return ""
	case len(p.offers) == 0:
		return t.Dim.Render(a.commandHelp(p.Text))
	}
	var words []string
	for i := max(p.chosen-2, 0); i < len(p.offers) && len(words) < 40; i++ {
		word := strings.TrimSpace(p.offers[i])
		if i == p.chosen {
			words = append(words, t.Select.Render(word))
		} else {
			words = append(words, t.Dim.Render(word))
		}
	}
	return strings.Join(words, "  ")
}
