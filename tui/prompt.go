package tui

import (
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/widget"
)

// prompt is a line of text being typed in the footer.
type prompt struct {
	sign string // "/" or ":"; empty: closed
	text string
	hint string
	// changed follows every edit; accept ends it; cancel undoes it. Each may be
	// nil.
	changed func(*App, string)
	accept  func(*App, string) tea.Cmd
	cancel  func(*App)
	// complete offers replacements for text[from:], the best first.
	complete func(a *App, text string) (from int, offers []string)

	offers []string
	from   int // where in text an offer goes
	chosen int // offer that tab has put into text, -1 for none

	past  int    // how far back in the history text is taken from, 0 for typed
	draft string // what was typed before that
}

func (p *prompt) open() bool { return p.sign != "" }

const maxPrompt = 500

// promptKey edits the prompt.
func (a *App) promptKey(m tea.KeyPressMsg) tea.Cmd {
	p := &a.prompt
	switch key := m.String(); key {
	case "ctrl+c":
		return a.quit()
	case "esc":
		cancel := p.cancel
		a.prompt = prompt{}
		if cancel != nil {
			cancel(a)
		}
		return nil
	case "enter":
		accept, text := p.accept, p.text
		a.prompt = prompt{}
		if accept != nil {
			return accept(a, text)
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
		p.text += p.ghost()
	case "backspace", "ctrl+h":
		_, n := utf8.DecodeLastRuneInString(p.text)
		p.text = p.text[:len(p.text)-n]
	case "ctrl+w":
		t := strings.TrimRight(p.text, " ")
		p.text = t[:strings.LastIndexByte(t, ' ')+1]
	case "ctrl+u":
		p.text = ""
	default:
		if m.Text == "" {
			return nil
		}
		p.text += widget.Plain(m.Text)
	}
	a.promptChanged()
	return nil
}

// paste adds pasted text to an open prompt.
func (a *App) paste(s string) {
	if a.prompt.open() {
		a.prompt.text += strings.TrimSpace(widget.Plain(s))
		a.promptChanged()
	}
}

func (a *App) promptChanged() {
	p := &a.prompt
	if len(p.text) > maxPrompt {
		p.text = strings.ToValidUTF8(p.text[:maxPrompt], "")
	}
	p.past = 0
	a.offer()
	if p.changed != nil {
		p.changed(a, p.text)
	}
}

// offer looks up completions of what is typed.
func (a *App) offer() {
	p := &a.prompt
	p.chosen = -1
	if p.complete != nil {
		p.from, p.offers = p.complete(a, p.text)
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
	p.text = p.text[:p.from] + p.offers[p.chosen]
}

// ghost is what the best offer would add to the text.
func (p *prompt) ghost() string {
	if p.chosen >= 0 || len(p.offers) == 0 {
		return ""
	}
	rest, ok := strings.CutPrefix(p.offers[0], p.text[p.from:])
	if !ok {
		return ""
	}
	return rest
}

// recallCommand walks through the commands of before: back for positive.
func (a *App) recallCommand(by int) {
	p, h := &a.prompt, a.state.History
	if p.sign != ":" {
		return
	}
	if p.past == 0 {
		p.draft = p.text
	}
	p.past = max(min(p.past+by, len(h)), 0)
	p.text = p.draft
	if p.past > 0 {
		p.text = h[len(h)-p.past]
	}
	a.offer()
}

// promptLine draws the open prompt with its ghost, the end always in view.
func (a *App) promptLine(w int) string {
	t, p := a.theme, &a.prompt
	text := p.text
	if n := ansi.StringWidth(text); n > w-8 {
		text = ansi.TruncateLeft(text, n-(w-8), t.Glyphs.Ellipsis)
	}
	s := " " + t.Accent.Render(p.sign) + text
	if ghost := p.ghost(); ghost != "" {
		_, n := utf8.DecodeRuneInString(ghost)
		return s + t.Select.Render(ghost[:n]) + t.Dim.Render(ghost[n:])
	}
	s += t.Select.Render("\u00a0")
	if p.text == "" {
		s += " " + t.Dim.Render(p.hint)
	}
	return s
}

// completions is the status line while a prompt has something to offer: the
// offers from the chosen one on, or the help of a command that has none.
func (a *App) completions() string {
	t, p := a.theme, &a.prompt
	if !p.open() || p.complete == nil {
		return ""
	}
	switch {
	case len(p.offers) == 0 && p.sign != ":":
		return ""
	case len(p.offers) == 0:
		return t.Dim.Render(a.commandHelp(p.text))
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
