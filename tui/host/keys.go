package host

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// Binding is one row of the key table.
type Binding struct {
	Keys  []string // as tea.KeyPressMsg.String writes them
	Show  string   // the keys as people write them
	Short string   // the word in the footer; empty: only in the help
	Help  string
	Do    func() tea.Cmd
}

// Bind returns a binding; keys are separated by spaces.
func Bind(keys, show, short, help string, do func() tea.Cmd) Binding {
	return Binding{Keys: strings.Fields(keys), Show: show, Short: short, Help: help, Do: do}
}

// Section is a part of the key table that works in one place. Its title heads it
// in help and documentation, and tells sections apart. The footer shows bindings
// in their order until its line is full.
type Section struct {
	Title string
	Keys  []Binding
}

// NewSection returns a section.
func NewSection(title string, keys ...Binding) *Section { return &Section{Title: title, Keys: keys} }

// Need is what a command cannot do without.
type Need int

// What commands may need.
const (
	NeedNothing Need = iota
	NeedRun          // an open run
	NeedTrainer      // … with a trainer at work
)

// Command is something to be typed after a colon.
type Command struct {
	Name  string
	Args  string // as in the help; empty if it takes none
	Help  string
	Needs Need
	// Complete offers values for an argument of which word has been typed; nil for
	// none.
	Complete func(word string) []string
	Do       func(args []string) tea.Cmd
}

// NewCommand returns a command.
func NewCommand(name, args, help string, needs Need, complete func(word string) []string, do func(args []string) tea.Cmd) Command {
	return Command{name, args, help, needs, complete, do}
}

// Usage is the command as it is typed.
func (c *Command) Usage() string {
	if c.Args == "" {
		return c.Name
	}
	return c.Name + " " + c.Args
}

// OneName is the single argument that a command wants.
func OneName(command string, args []string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("%s: got %d arguments, want one name", command, len(args))
	}
	return args[0], nil
}

// ParseSet reads a command's key=value words; one key and one value may stand apart.
func ParseSet(name string, args []string) (map[string]string, error) {
	if len(args) == 2 && !strings.Contains(args[0], "=") {
		args = []string{args[0] + "=" + args[1]}
	}
	set := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("%s: got %q, want key=value", name, arg)
		}
		set[key] = value
	}
	return set, nil
}

// Matching keeps what starts with a word, then what contains it elsewhere.
func Matching(offers []string, word string) []string {
	var first, then []string
	for _, o := range offers {
		switch {
		case strings.HasPrefix(o, word):
			first = append(first, o)
		case strings.Contains(o, word):
			then = append(then, o)
		}
	}
	return append(first, then...)
}
