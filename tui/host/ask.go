package host

import tea "charm.land/bubbletea/v2"

// Question is asked in the footer, and answered with yes or no.
type Question struct {
	Title string
	Text  string
	Body  []string // what it is about: styled lines that stand over the view
	Yes   func() tea.Cmd
}

// Menu offers some items, of which Accept takes one.
type Menu struct {
	Title  string
	Items  []Item
	Cursor int
	Accept func(item int) tea.Cmd
}

// Item is a line of a menu; Detail, styled lines, shows below while the cursor
// is on it.
type Item struct {
	Name, About string
	Detail      []string
}

// Prompt is a line of text to be typed in the footer.
type Prompt struct {
	Sign string // before the text, "/" or ":" or words
	Text string
	Hint string
	// Changed follows every edit; Accept ends it; Cancel undoes it. Each may be
	// nil.
	Changed func(text string)
	Accept  func(text string) tea.Cmd
	Cancel  func()
	// Complete offers replacements for text[from:], the best first; nil if there
	// are none. It is asked before anything is typed if Eager.
	Complete func(text string) (from int, offers []string)
	Eager    bool
	History  bool // up and down walk through what was typed before
}
