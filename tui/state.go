package tui

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync"

	tea "charm.land/bubbletea/v2"

	"innate/models/atomicfile"
	"innate/tui/host"
)

const (
	stateVersion  = 1
	maxStateBytes = 1 << 20
	maxHistory    = 100 // commands
)

// statePath is where the state lies: under $XDG_STATE_HOME, or else
// ~/.local/state. It is empty where there is no home.
func statePath(getenv func(string) string) string {
	dir := getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) { // the specification wants others ignored
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "innate", "state.json")
}

// stateFile writes the state in the background, the newest last. The methods
// that write are safe for concurrent use.
type stateFile struct {
	path string // empty: nothing is remembered

	mu      sync.Mutex
	written int // generation in the file
}

// load reads the state. Whatever is missing, unknown or of the wrong type gets
// its default: a file that cannot be read is no reason not to start. The file
// of a newer innate is left alone.
func (f *stateFile) load() host.State {
	s := host.State{}
	if f.path != "" {
		if file, err := os.Open(f.path); err == nil {
			b, _ := io.ReadAll(io.LimitReader(file, maxStateBytes))
			file.Close()
			_ = json.Unmarshal(b, &s) // fields before and after a bad one are read
		}
	}
	if s.Version > stateVersion {
		s, f.path = host.State{}, ""
	}
	s.Version = stateVersion
	if s.Charts == nil {
		s.Charts = map[string]host.ChartState{}
	}
	if s.Sort == nil {
		s.Sort = map[string]string{}
	}
	maps.DeleteFunc(s.Charts, func(_ string, c host.ChartState) bool { return c.Smoothing < 0 || c.Smoothing >= 1 })
	s.History = s.History[max(len(s.History)-maxHistory, 0):]
	return s
}

// save writes generation gen of the state, unless a newer one was written
// meanwhile. It does not wait for the disk: what a power cut loses here is of
// little worth, and rename keeps the file whole.
func (f *stateFile) save(s host.State, gen int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.path == "" || gen <= f.written {
		return nil
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	if err := atomicfile.WriteBytes(f.path, atomicfile.NoSync, append(b, '\n')); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	f.written = gen
	return nil
}

// remember returns the command that writes the state if it has changed. SIGHUP
// ends the workbench at once, so this is done after every Update, not at the
// end.
func (a *App) remember() tea.Cmd {
	if a.stateFile.path == "" {
		return nil
	}
	a.state.View = a.views[a.view].Name
	if reflect.DeepEqual(a.state, a.remembered) {
		return nil
	}
	a.remembered = a.state.Clone()
	a.stateGen++
	s, gen, file := a.remembered, a.stateGen, a.stateFile
	return func() tea.Msg {
		if err := file.save(s, gen); err != nil {
			return stateMsg{err}
		}
		return nil
	}
}

// Flush writes at once what a command was still to write when the workbench
// ended.
func (a *App) Flush() {
	_ = a.stateFile.save(a.remembered, a.stateGen) // the screen that could complain is gone
}

// recall applies the remembered state to an App that has just been made.
func (a *App) recall() {
	a.state = a.stateFile.load()
	a.remembered = a.state.Clone()
	a.view = max(slices.Index(a.ViewNames(), a.state.View), 0)
}
