// Package theme holds every colour, border and glyph of the workbench.
//
// All colours belong to the xterm 256-colour cube, so that terminals with 256
// colours and with 24-bit colour look alike; a terminal with 16 colours gets
// those of its own palette, since the nearest of a dark grey is black. Where
// nobody tells the background, colours are legible on black and on white alike,
// and the cursor row is in reverse video everywhere. Colour never carries a
// meaning alone: badges have words, states have glyphs, the cursor row has a
// marker. Dropping colour for NO_COLOR is left to Bubble Tea's renderer.
package theme

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// Ink is a style reduced to the escape sequence that switches it on. Charts
// style thousands of runs a frame, which lipgloss.Style is too slow for.
type Ink struct{ on string }

const off = "\x1b[m"

// Render returns s in this ink. The empty string stays empty.
func (k Ink) Render(s string) string {
	if s == "" || k.on == "" {
		return s
	}
	return k.on + s + off
}

// Start writes the sequence that switches the ink on, after switching any
// other off. Stop ends it.
func (k Ink) Start(b *strings.Builder) {
	if k.on != "" {
		b.WriteString(k.on)
	}
}

// Stop switches the ink off.
func (k Ink) Stop(b *strings.Builder) {
	if k.on != "" {
		b.WriteString(off)
	}
}

func ink(s lipgloss.Style) Ink {
	on, _, _ := strings.Cut(s.Render("x"), "x")
	return Ink{on}
}

// SeriesCount is the number of distinct series colours; more repeat.
const SeriesCount = 4

// HeatCount is the number of colours of a heat map.
const HeatCount = 10

// heat goes from violet over green to yellow, each lighter than the one before, with
// text that stands out on it. Cells have a digit besides their colour.
var heat = [HeatCount]string{"#5f005f", "#5f0087", "#005f87", "#005faf", "#008787", "#00af87", "#5faf5f", "#87d75f", "#d7d75f", "#ffff5f"}

// darkHeat are those on which white stands out.
const darkHeat = 5

// Theme is immutable after New: replace it whole.
type Theme struct {
	Look   Look
	Glyphs Glyphs

	Text   Ink // the terminal's own foreground
	Strong Ink // titles, names
	Dim    Ink // labels, units
	Faint  Ink // rules, grid, marker lines
	Accent Ink // what has the focus
	Good   Ink // running, done, training
	Warn   Ink // paused, pending, refused settings
	Bad    Ink // dead, failed
	Frozen Ink // frozen parameters
	Key    Ink // keys in the footer and the help

	Border, BorderFocus Ink
	Select              Ink // the cursor row
	Banner, BannerBad   Ink // full-width warnings

	Heat [HeatCount]Ink // cells of a heat map, from the lowest value to the highest; none without colours

	Series [SeriesCount]Ink // curves …
	Raw    [SeriesCount]Ink // … and their unsmoothed shadows
}

// Background is what is known of the terminal's.
type Background int

// The kinds of background.
const (
	Unknown Background = iota
	Dark
	Light
)

// Look is what a theme must suit.
type Look struct {
	Background Background
	ASCII      bool // borders, states and markers from ASCII alone
	Basic      bool // the terminal has 16 colours
}

// palette is one column of the colour table: of the cube, or 0 to 15. What is
// empty has the terminal's own colour.
type palette struct {
	dim, faint, accent, good, warn, bad, frozen string
	border, onBanner                            string
	series, raw                                 [SeriesCount]string
}

// palettes by background. Those for an unknown one differ from black and from
// white by a contrast of 4 about.
var palettes = [...]palette{
	Unknown: {
		dim: "#767676", faint: "#808080", accent: "#0087af",
		good: "#5f8700", warn: "#af5f00", bad: "#d7005f", frozen: "#5f5fff",
		border: "#808080", onBanner: "#ffffff",
		series: [SeriesCount]string{"#af5f00", "#0087af", "#5f8700", "#875fd7"},
		raw:    [SeriesCount]string{"#875f5f", "#5f8787", "#5f875f", "#875f87"},
	},
	Dark: {
		dim: "#949494", faint: "#585858", accent: "#5fafd7",
		good: "#87af5f", warn: "#d7af5f", bad: "#ff5f5f", frozen: "#87d7ff",
		border: "#4e4e4e", onBanner: "#1c1c1c",
		series: [SeriesCount]string{"#ff875f", "#5fafd7", "#87af5f", "#af87d7"},
		raw:    [SeriesCount]string{"#875f5f", "#005f87", "#5f875f", "#5f5f87"},
	},
	Light: {
		dim: "#626262", faint: "#b2b2b2", accent: "#005faf",
		good: "#008700", warn: "#af5f00", bad: "#af0000", frozen: "#0087af",
		border: "#bcbcbc", onBanner: "#ffffff",
		series: [SeriesCount]string{"#d75f00", "#005faf", "#5f8700", "#8700af"},
		raw:    [SeriesCount]string{"#d7af87", "#87afd7", "#afaf87", "#af87d7"},
	},
}

// basicPalettes are those for 16 colours. Green and yellow are illegible on
// white, blue is on black, and 8 is the grey that differs from both.
var basicPalettes = [...]palette{
	Unknown: {
		dim: "8", faint: "8", accent: "5", warn: "5", bad: "1", frozen: "5", border: "8",
		series: [SeriesCount]string{"1", "5", "", "8"}, raw: [SeriesCount]string{"8", "8", "8", "8"},
	},
	Dark: {
		dim: "7", faint: "8", accent: "14", good: "10", warn: "11", bad: "9", frozen: "14", border: "8",
		series: [SeriesCount]string{"9", "14", "10", "13"}, raw: [SeriesCount]string{"8", "8", "8", "8"},
	},
	Light: {
		dim: "8", faint: "8", accent: "4", warn: "5", bad: "1", frozen: "4", border: "8",
		series: [SeriesCount]string{"1", "4", "5", ""}, raw: [SeriesCount]string{"8", "8", "8", "8"},
	},
}

// New returns the theme for a dark or light background. With ascii it draws
// borders, states and markers from ASCII alone.
func New(dark, ascii bool) *Theme {
	if dark {
		return coloured(Look{Dark, ascii, false})
	}
	return coloured(Look{Light, ascii, false})
}

// coloured returns the theme for a look.
func coloured(l Look) *Theme {
	p := palettes[l.Background]
	if l.Basic {
		p = basicPalettes[l.Background]
	}
	fg := func(name string) lipgloss.Style {
		if name == "" {
			return lipgloss.NewStyle()
		}
		return lipgloss.NewStyle().Foreground(lipgloss.Color(name))
	}
	banner := func(name string) Ink {
		if l.Basic { // in reverse, the text has the colour of the background
			return ink(fg(name).Bold(true).Reverse(true))
		}
		return ink(lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Color(p.onBanner)).Background(lipgloss.Color(name)))
	}
	t := &Theme{
		Look:        l,
		Glyphs:      unicodeGlyphs,
		Strong:      ink(lipgloss.NewStyle().Bold(true)),
		Dim:         ink(fg(p.dim)),
		Faint:       ink(fg(p.faint)),
		Accent:      ink(fg(p.accent).Bold(true)),
		Good:        ink(fg(p.good)),
		Warn:        ink(fg(p.warn)),
		Bad:         ink(fg(p.bad).Bold(true)),
		Frozen:      ink(fg(p.frozen)),
		Key:         ink(fg(p.accent)),
		Border:      ink(fg(p.border)),
		BorderFocus: ink(fg(p.accent)),
		Select:      ink(lipgloss.NewStyle().Bold(true).Reverse(true)),
		Banner:      banner(p.warn),
		BannerBad:   banner(p.bad),
	}
	if l.ASCII {
		t.Glyphs = asciiGlyphs
	}
	for i, background := range heat {
		if l.Basic { // whose palette has no such order
			break
		}
		text := "#000000"
		if i < darkHeat {
			text = "#ffffff"
		}
		t.Heat[i] = ink(fg(text).Background(lipgloss.Color(background)))
	}
	for i := range SeriesCount {
		t.Series[i], t.Raw[i] = ink(fg(p.series[i])), ink(fg(p.raw[i]))
	}
	return t
}

// MonoName is the theme without colour, for NO_COLOR and for taste.
const MonoName = "mono"

// Names lists the themes to choose from; auto follows the background.
func Names() []string { return []string{"auto", "dark", "light", MonoName} }

// Pick returns a theme by name for a look; dark and light know the background
// better.
func Pick(name string, l Look) *Theme {
	switch name {
	case "dark":
		l.Background = Dark
	case "light":
		l.Background = Light
	case MonoName:
		return Mono(l.ASCII)
	}
	return coloured(l)
}

// Mono returns the theme without colour.
func Mono(ascii bool) *Theme {
	bold := ink(lipgloss.NewStyle().Bold(true))
	faint := ink(lipgloss.NewStyle().Faint(true))
	reverse := ink(lipgloss.NewStyle().Reverse(true))
	t := &Theme{
		Look: Look{ASCII: ascii}, Glyphs: unicodeGlyphs,
		Strong: bold, Dim: faint, Faint: faint, Accent: bold,
		Bad: bold, Key: ink(lipgloss.NewStyle().Underline(true)),
		Border: faint, BorderFocus: bold,
		Select: reverse, Banner: reverse, BannerBad: ink(lipgloss.NewStyle().Bold(true).Reverse(true)),
	}
	if ascii {
		t.Glyphs = asciiGlyphs
	}
	for i := range SeriesCount {
		t.Raw[i] = faint
	}
	t.Series[1] = bold // two curves of a chart differ in weight
	t.Series[3] = bold
	return t
}
