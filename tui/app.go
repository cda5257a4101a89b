package tui

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/views/runs"
	"innate/tui/widget"
)

// App is the workbench's tea.Model. It belongs to Bubble Tea's event loop.
type App struct {
	opts     Options
	keys     keyTable
	commands []host.Command
	views    []host.Registration // of a run
	// prototypes are one of each view, without a run: they tell keys and commands.
	prototypes []host.View

	theme      *theme.Theme
	background theme.Background // the terminal's

	width, height int
	layout        layout
	syncOutput    bool // the terminal knows mode 2026

	probe     sixel.Probe
	display   host.Display
	modeFixed bool                 // chosen by the user, not by the probe
	sized     bool                 // a size of the window is known
	profile   colorprofile.Profile // how many colours the renderer may use
	pic       picture

	run      *runView // nil: the list of runs shows
	list     *session.Runs
	runs     *runs.View
	screen   host.View       // in front of the list of runs: the form, the overlay; or nil
	view     int             // of the open run
	starting string          // what a run is being started from, or ""
	seen     map[string]seen // by directory of the run

	state      host.State
	stateFile  *stateFile
	remembered host.State // as last given to stateFile …
	stateGen   int        // … and how many times
	stateTold  bool       // that it cannot be written

	overlay  overlay
	prompt   prompt
	notice   notice
	leaving  tea.Cmd   // waits for answers of the terminal
	terminal *terminal // nil in tests

	frame string // the last frame …
	stale bool   // … no longer shows the state
}

// notice is a passing message in the status line.
type notice struct {
	id   int
	text string
	ink  theme.Ink
}

// New returns the workbench, or an error if the options, INNATE_IMAGES or
// INNATE_THEME make no sense. Of files it only reads the remembered state.
func New(opts Options) (*App, error) {
	opts, mode, fixed, err := withDefaults(opts)
	if err != nil {
		return nil, err
	}
	a := newApp(opts)
	a.display.Mode, a.modeFixed, a.display.Probing = mode, fixed, !fixed
	a.recall()
	if name := opts.Getenv("INNATE_THEME"); name != "" {
		if !slices.Contains(theme.Names(), name) {
			return nil, fmt.Errorf("theme: %q, want %s", name, strings.Join(theme.Names(), " | "))
		}
		a.state.Theme = name
	}
	a.pickTheme()
	a.probe.SetEnv(opts.Getenv)
	if fixed {
		a.probe.Assume(mode)
	}
	if a.probe.SetASCII(opts.ASCII); !a.probe.Supports(mode) {
		a.display.Mode = a.probe.Best()
	}
	if opts.RunDir != "" {
		a.open(opts.RunDir)
	}
	return a, nil
}

// newApp returns a workbench without a terminal and without a run.
func newApp(opts Options) *App {
	a := &App{
		opts: opts, display: host.Display{ASCII: opts.ASCII}, views: slices.Concat(builtin, opts.Views), stale: true,
		seen: map[string]seen{}, list: session.NewRuns(opts.RunsDir), stateFile: &stateFile{path: opts.StateFile},
	}
	if opts.Getenv != nil {
		a.background = backgroundOf(opts.Getenv)
	}
	a.runs = runs.New(a).(*runs.View)
	a.bind()
	a.bindCommands()
	a.prototypes = a.everyView()
	return a
}

// open switches to a run, in the view shown last.
func (a *App) open(dir string) {
	a.run = &runView{Run: session.Open(dir)}
	if there := a.opts.Remote; there != nil {
		there.Focus(dir)
		a.run.BringBy(there.Bring)
	}
	a.run.views = a.newViews()
	a.state.Run = session.Absolute(dir)
	if _, sweep := a.screen.(*runs.Group); !sweep { // which one comes back to
		a.screen = nil
	}
}

// Open implements host.Host.
func (a *App) Open(dir string) tea.Cmd {
	a.open(dir)
	return a.follow()
}

// follow returns the commands that keep the present screen fresh.
func (a *App) follow() tea.Cmd {
	if a.run == nil {
		return a.runs.Enter()
	}
	return tea.Batch(a.run.Poll(0), a.run.Ping(0), a.Show(a.views[a.view].Name))
}

// Init asks the terminal what it can do and starts reading. Bubble Tea doesn't
// ask for mode 2026 over SSH, so the question is asked here.
func (a *App) Init() tea.Cmd {
	return tea.Batch(
		a.follow(),
		windowPixels,
		tea.Raw(a.probe.Ask(sixel.Queries)),
		session.Tick(probeWait, func(time.Time) tea.Msg { return probeOverMsg{} }),
	)
}

// Update takes one message in. It only moves data: all waiting is in commands.
func (a *App) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := a.update(msg)
	if a.stale {
		a.relayout()
	}
	return a, tea.Batch(cmd, a.syncPicture(), a.remember())
}

func (a *App) update(msg tea.Msg) tea.Cmd {
	if a.updateTerminal(msg) {
		return a.afterTerminal(msg)
	}
	switch m := msg.(type) {
	case tea.RawMsg:
		if p, ok := m.Msg.(placement); ok {
			a.placed(p, true)
		}
		return nil
	case stalePlacementMsg:
		a.placed(placement(m), false)
		return nil
	case session.PollMsg:
		if a.run == nil || m.Run != a.run.Run {
			return nil
		}
		a.stale = a.stale || m.Changed()
		return a.handlePoll(m)
	}
	a.stale = true
	switch m := msg.(type) {
	case endMsg:
		return a.leave(tea.Quit, signalWait)
	case leaveMsg:
		return a.left()
	case tea.KeyPressMsg:
		if a.leaving != nil {
			return nil
		}
		return a.handleKey(m)
	case tea.MouseMsg:
		return a.handleMouse(m)
	case tea.PasteMsg:
		a.paste(m.Content)
	case session.PingMsg:
		if a.run != nil && m.Run == a.run.Run {
			return a.handlePing(m)
		}
	case session.LayersMsg:
		if a.run != nil && m.Dir == a.run.Dir && m.Err == nil {
			a.run.TakeLayers(m.Layers)
		}
	case session.OrderMsg:
		if a.run != nil && m.Dir == a.run.Dir {
			return a.handleOrder(m)
		}
	case session.AskedMsg:
		// What was said when the order was given is more than this.
		if a.run != nil && m.Dir == a.run.Dir && m.Waits() && a.notice.text == "" {
			return a.Notify("asked: the trainer answers after this step", a.theme.Warn)
		}
	case session.WordsMsg:
		if a.run != nil && m.Run == a.run.Run {
			a.run.Words.Lines = m.Lines
		}
	case resumedMsg:
		return a.handleResumed(m)
	case startedMsg:
		return a.handleStarted(m)
	case formMsg:
		return a.handleForm(m)
	case editedMsg:
		a.damage()
		if m.err != nil {
			return a.Fail(m.err)
		}
	case foundMsg:
		return a.handleFound(m)
	case notedMsg:
		if m.err != nil {
			return a.Fail(m.err)
		}
		return a.Notify(m.done, a.theme.Good)
	case stateMsg:
		if a.stateTold { // it would hide what a key has done
			return nil
		}
		a.stateTold = true
		return a.Fail(fmt.Errorf("views and theme will not be remembered: %w", m.err))
	case noticeOverMsg:
		if m.id == a.notice.id {
			a.notice.text = ""
		}
	default:
		return a.offerMessage(msg)
	}
	return nil
}

// offerMessage gives a message that isn't the App's to the views.
func (a *App) offerMessage(msg tea.Msg) tea.Cmd {
	views := []host.View{a.screen}
	if a.run != nil {
		views = a.run.views
	}
	for _, v := range append(slices.Clip(views), a.runs) {
		if v, ok := v.(host.MessageView); ok {
			if cmd, taken := v.Receive(msg); taken {
				return cmd
			}
		}
	}
	return nil
}

// updateTerminal takes in what the terminal says about itself.
func (a *App) updateTerminal(msg tea.Msg) bool {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = m.Width, m.Height
		a.probe.SetGrid(m.Width, m.Height)
	case windowPixelsMsg:
		a.probe.SetWindowPixels(m.w, m.h)
	case tea.BackgroundColorMsg:
		a.background = theme.Light
		if m.IsDark() {
			a.background = theme.Dark
		}
		a.pickTheme()
	case tea.ColorProfileMsg:
		a.profile, a.display.NoColor = m.Profile, m.Profile <= colorprofile.ASCII
		a.pickTheme()
	case tea.ModeReportMsg:
		switch {
		case m.Mode == ansi.ModeSynchronizedOutput:
			a.syncOutput = m.Value.IsSet() || m.Value.IsReset()
		case m.Mode == ansi.ModeUnicodeCore && a.terminal != nil:
			a.terminal.graphemes.Store(m.Value == ansi.ModeSet) // Bubble Tea resets it in the end
		}
	case tea.TerminalVersionMsg:
		a.probe.SetVersion(m.Name)
	case tea.FocusMsg, tea.ResumeMsg:
		a.damage()
	case probeOverMsg:
		a.display.Probing = false
	default:
		return a.probe.Observe(msg)
	}
	return true
}

// afterTerminal draws the consequences of what the terminal said.
func (a *App) afterTerminal(msg tea.Msg) tea.Cmd {
	a.stale = true
	if a.probe.Answered() {
		a.display.Probing = false
	}
	if !a.modeFixed || a.probe.Answered() && !a.probe.Supports(a.display.Mode) {
		a.display.Mode = a.probe.Best()
	}
	slog.Debug("terminal", "message", fmt.Sprintf("%T", msg), "pictures", a.display.Mode, "answered", a.probe.Answered())
	var cmds []tea.Cmd
	if q := a.probe.FollowUp(); q != "" {
		cmds = append(cmds, tea.Raw(a.probe.Ask(q)))
	}
	if a.leaving != nil && !a.probe.Waiting() {
		cmds = append(cmds, a.left())
	}
	switch msg.(type) {
	case tea.WindowSizeMsg:
		cmds = append(cmds, windowPixels)
		if a.sized { // not what Init asks anyway
			cmds = append(cmds, tea.Raw(a.probe.Ask(sixel.QuerySize)))
		}
		a.sized = true
		a.damage() // the renderer clears the screen
	case tea.FocusMsg:
		if a.display.Mode == sixel.Sixel {
			cmds = append(cmds, tea.ClearScreen) // xterm doesn't drop pictures that are overwritten while its window is covered
		}
	case tea.TerminalVersionMsg, tea.ColorProfileMsg:
		cmds = append(cmds, a.moreColours())
	}
	return tea.Batch(cmds...)
}

// moreColours takes a terminal that told its version for one of 256 colours: all
// that answer have them, but TERM=xterm, which xterm and SSH leave us with,
// promises 16. The theme needs no more than 256.
func (a *App) moreColours() tea.Cmd {
	if a.profile != colorprofile.ANSI || a.probe.Version() == "" {
		return nil
	}
	return tea.Sequence(func() tea.Msg { return tea.ColorProfileMsg{Profile: colorprofile.ANSI256} }, a.redraw())
}

// relayout cuts the screen anew for the present state.
func (a *App) relayout() {
	a.layout = arrange(a.width, a.height, a.headerHeight(), a.run != nil && a.banner() != "")
}

// View draws the present state. The frame is kept while nothing changes.
func (a *App) View() tea.View {
	if a.stale {
		a.relayout()
		a.frame, a.stale = a.draw(), false
	}
	v := tea.NewView(a.frame)
	v.AltScreen = true
	v.ReportFocus = true
	if a.state.Mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	v.WindowTitle = "innate"
	if a.run != nil {
		v.WindowTitle = "innate " + widget.Plain(a.run.Info.Name)
	}
	if a.opts.ASCII {
		v.WindowTitle = asciiOnly(v.WindowTitle)
	}
	return v
}
