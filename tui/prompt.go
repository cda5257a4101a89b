package tui

import (
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/host"
	"innate/tui/widget"
)

// prompt is the line of text being typed in the footer.
type prompt struct {
	host.Prompt // no Sign: closed
	input       textinput.Model

	offers []string
	from   int // where in the text an offer goes
	chosen int // offer that tab has put into the text, -1 for none

	past  int    // how far back in the history the text is taken from, 0 for typed
	draft string // what was typed before that
}

func (p *prompt) open() bool { return p.Sign != "" }

// Prompt implements host.Host.
func (a *App) Prompt(p host.Prompt) tea.Cmd {
	in := textinput.New()
	in.SetVirtualCursor(false)        // the footer draws one, which doesn't blink
	in.KeyMap.Paste.SetEnabled(false) // it would be the clipboard of this machine, not of the terminal
	in.Focus()
	a.prompt = prompt{Prompt: p, input: in, chosen: -1}
	a.prompt.put(p.Text)
	if p.Eager {
		a.offer()
	}
	return nil
}

// put replaces the text.
func (p *prompt) put(text string) {
	p.input.SetValue(text)
	p.input.CursorEnd()
}

// atEnd reports whether the cursor stands behind the text.
func (p *prompt) atEnd() bool { return p.input.Position() == utf8.RuneCountInString(p.input.Value()) }

const maxPrompt = 500 // bytes

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
		accept, text := p.Accept, p.input.Value()
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
		if p.atEnd() {
			p.put(p.input.Value() + p.ghost())
			a.promptChanged()
			return nil
		}
	}
	m.Text = widget.Plain(m.Text)
	a.promptInput(m)
	return nil
}

// paste adds pasted text to an open prompt.
func (a *App) paste(s string) {
	if a.prompt.open() {
		a.promptInput(tea.PasteMsg{Content: strings.TrimSpace(widget.Plain(s))})
	}
}

// promptInput gives the line a message that may edit it.
func (a *App) promptInput(msg tea.Msg) {
	p := &a.prompt
	before := p.input.Value()
	p.input, _ = p.input.Update(msg)
	if p.input.Value() != before {
		a.promptChanged()
	}
}

func (a *App) promptChanged() {
	p := &a.prompt
	if text := p.input.Value(); len(text) > maxPrompt {
		p.input.SetValue(strings.ToValidUTF8(text[:maxPrompt], ""))
	}
	p.past = 0
	a.offer()
	if p.Changed != nil {
		p.Changed(p.input.Value())
	}
}

// offer looks up completions of what is typed.
func (a *App) offer() {
	p := &a.prompt
	p.chosen = -1
	if p.Complete != nil {
		p.from, p.offers = p.Complete(p.input.Value())
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
	p.put(p.input.Value()[:p.from] + p.offers[p.chosen])
}

// ghost is what the best offer would add to the text.
func (p *prompt) ghost() string {
	if p.chosen >= 0 || len(p.offers) == 0 || !p.atEnd() {
		return ""
	}
	rest, ok := strings.CutPrefix(p.offers[0], p.input.Value()[p.from:])
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
		p.draft = p.input.Value()
	}
	p.past = max(min(p.past+by, len(h)), 0)
	p.put(p.draft)
	if p.past > 0 {
		p.put(h[len(h)-p.past])
	}
	a.offer()
}

// promptLine draws the open prompt with its ghost, the cursor always in view.
func (a *App) promptLine(w int) string {
	t, p := a.theme, &a.prompt
	text := []rune(p.input.Value())
	at := p.input.Position()
	before, behind := string(text[:at]), string(text[at:])
	if n := ansi.StringWidth(before); n > w-8 {
		before = ansi.TruncateLeft(before, n-(w-8), t.Glyphs.Ellipsis)
	}
	s := " " + t.Accent.Render(p.Sign) + before
	if behind != "" {
		under, _ := ansi.FirstGraphemeCluster(behind, ansi.GraphemeWidth)
		return s + t.Select.Render(under) + behind[len(under):]
	}
	if ghost := p.ghost(); ghost != "" {
		_, n := utf8.DecodeRuneInString(ghost)
		return s + t.Select.Render(ghost[:n]) + t.Dim.Render(ghost[n:])
	}
	s += t.Select.Render("\u00a0")
	if before == "" {
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
		return t.Dim.Render(a.commandHelp(p.input.Value()))
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
