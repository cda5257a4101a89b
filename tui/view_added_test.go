package tui_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
	"innate/tui/host"
	"innate/tui/tuitest"
	"innate/tui/widget"
)

// paramsView is a view that the workbench knows nothing of: it counts presses of
// a key and shows the run's parameters.
type paramsView struct {
	h       host.Host
	keys    *host.Section
	presses int
}

func newParams(h host.Host) host.View {
	v := &paramsView{h: h}
	v.keys = host.NewSection("parameters",
		host.Bind("k", "k", "count", "count one more", func() tea.Cmd { v.presses++; return nil }))
	return v
}

func (*paramsView) Title() string             { return "parameters" }
func (v *paramsView) Active() []*host.Section { return []*host.Section{v.keys} }

func (v *paramsView) Draw(r host.Rect) []string {
	return host.Framed(v.h.Theme(), r, "Parameters", true, func(w, h int) string {
		text := fmt.Sprintf("%d parameters, %d presses", v.h.Run().Status().Params, v.presses)
		return widget.Block([]string{text}, w, h, "")
	})
}

func (v *paramsView) Commands() []host.Command {
	return []host.Command{host.NewCommand("count", "N", "count N more", host.NeedRun, nil, func(args []string) tea.Cmd {
		v.presses += len(args)
		return v.h.Notify("counted", v.h.Theme().Good)
	})}
}

// TestAddedView adds a view of a run by one line of registration: it has a number
// key, a tab, its keys in footer and help, and its commands after the colon.
func TestAddedView(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{
		Views: []host.Registration{{Name: "parameters", New: newParams}},
	})
	s.Press("9", "k", "k")
	s.Exact(120, 40)
	s.Wants("›9 parameters", fmt.Sprintf("%d parameters, 2 presses", f.Heartbeat.Params), "k count")
	s.Press("?")
	s.Wants("count one more", "count N more", "parameters")
	s.Press("esc")
	s.Command("count a")
	s.Wants("counted", "3 presses")
	s.Press("1")
	s.Command("view parameters")
	s.Wants("3 presses")
	s.Press("esc")
	if strings.Contains(s.Frame(), "›9 parameters") {
		t.Error("esc does not lead back to the first view")
	}
}

// TestAddedViewIsRemembered opens a run in the view that was shown last, also one
// that was added.
func TestAddedViewIsRemembered(t *testing.T) {
	opts := tui.Options{
		Views:     []host.Registration{{Name: "parameters", New: newParams}},
		StateFile: t.TempDir() + "/state.json",
	}
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), opts)
	s.Press("9")
	opts.RunDir = f.Dir
	again := tuitest.New(t, 120, 40, opts)
	again.Wants("›9 parameters")
	opts.Views = nil // and without it in the first one
	without := tuitest.New(t, 120, 40, opts)
	without.Wants("›1 dashboard")
}
