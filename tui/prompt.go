package tui

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/tui/panes"
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
		p.text += panes.Plain(m.Text)
	}
	a.promptChanged()
	return nil
}

// paste adds pasted text to an open prompt.
func (a *App) paste(s string) {
	if a.prompt.open() {
		a.prompt.text += strings.TrimSpace(panes.Plain(s))
		a.promptChanged()
	}
}

func (a *App) promptChanged() {
	p := &a.prompt
	if len(p.text) > maxPrompt {
		p.text = strings.ToValidUTF8(p.text[:maxPrompt], "")
	}
	if p.changed != nil {
		p.changed(a, p.text)
	}
}

// openFilter filters the layers as the text is typed.
func (a *App) openFilter() tea.Cmd {
	before := a.run.layers.Filter()
	a.prompt = prompt{
		sign: "/", text: before, hint: "part of a layer's name",
		changed: func(a *App, s string) { a.run.layers.SetFilter(s) },
		cancel:  func(a *App) { a.run.layers.SetFilter(before) },
	}
	return nil
}

func (a *App) openCommand() tea.Cmd {
	a.prompt = prompt{
		sign: ":", hint: "set key=value · freeze GLOB · train GLOB · preset NAME · pause · resume · stop",
		accept: (*App).command,
	}
	if a.theme.Glyphs.ASCII {
		a.prompt.hint = strings.ReplaceAll(a.prompt.hint, " · ", ", ")
	}
	return nil
}

// command runs a line typed after a colon.
func (a *App) command(line string) tea.Cmd {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	r, args := a.run, words[1:]
	st := &r.info.Status
	switch words[0] {
	case "q", "quit", "detach":
		return a.quit()
	case "pause":
		return order(r.dir, "paused", r.client.Pause)
	case "resume":
		return a.resume()
	case "stop":
		return a.askStop()
	case "set":
		set, err := parseSet(args)
		if err != nil {
			return a.fail(err)
		}
		return a.orderSet(set)
	case "preset":
		if len(args) != 1 {
			return a.fail(errors.New("preset: want one name"))
		}
		return a.orderPreset(args[0])
	case "freeze", "train":
		if len(args) == 0 {
			return a.fail(fmt.Errorf("%s: want a glob, for example dec.28x28_*", words[0]))
		}
		req := control.FreezeRequest{}
		if words[0] == "freeze" {
			globs := append(append([]string{}, st.FreezeGlobs...), args...)
			req.Freeze = &globs
		} else {
			globs := append(append([]string{}, st.TrainGlobs...), args...)
			req.Train = &globs
		}
		return orderFreeze(r.client, r.dir, words[0]+" "+strings.Join(args, " "), req)
	}
	return a.fail(fmt.Errorf("command %q, want set, freeze, train, preset, pause, resume, stop or quit", words[0]))
}

// parseSet reads key=value words; one key and one value may stand apart.
func parseSet(args []string) (map[string]string, error) {
	if len(args) == 2 && !strings.Contains(args[0], "=") {
		args = []string{args[0] + "=" + args[1]}
	}
	set := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("set: got %q, want key=value", arg)
		}
		set[key] = value
	}
	if len(set) == 0 {
		return nil, errors.New("set: want key=value")
	}
	return set, nil
}
