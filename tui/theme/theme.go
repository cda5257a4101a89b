// Package theme holds every colour, border and glyph of the workbench.
//
// All colours belong to the xterm 256-colour cube, so that terminals with 256
// colours and with 24-bit colour look alike. Colour never carries a meaning
// alone: badges have words, states have glyphs, the cursor row has a marker.
// Downsampling, and dropping colour for NO_COLOR, is left to Bubble Tea's
// renderer.
package theme

import (
	"image/color"
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

// Theme is immutable after New: replace it whole.
type Theme struct {
	Dark   bool
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

	Series [SeriesCount]Ink // curves …
	Raw    [SeriesCount]Ink // … and their unsmoothed shadows
}

// palette is one column of the colour table.
type palette struct {
	dim, faint, accent, good, warn, bad, frozen string
	border, selected, onBanner                  string
	series, raw                                 [SeriesCount]string
}

var (
	darkPalette = palette{
		dim: "#949494", faint: "#585858", accent: "#5fafd7",
		good: "#87af5f", warn: "#d7af5f", bad: "#ff5f5f", frozen: "#87d7ff",
		border: "#4e4e4e", selected: "#303030", onBanner: "#1c1c1c",
		series: [SeriesCount]string{"#ff875f", "#5fafd7", "#87af5f", "#af87d7"},
		raw:    [SeriesCount]string{"#875f5f", "#005f87", "#5f875f", "#5f5f87"},
	}
	lightPalette = palette{
		dim: "#626262", faint: "#b2b2b2", accent: "#005faf",
		good: "#008700", warn: "#af5f00", bad: "#af0000", frozen: "#0087af",
		border: "#bcbcbc", selected: "#e4e4e4", onBanner: "#ffffff",
		series: [SeriesCount]string{"#d75f00", "#005faf", "#5f8700", "#8700af"},
		raw:    [SeriesCount]string{"#ffd7af", "#afd7ff", "#d7d7af", "#d7afff"},
	}
)

// New returns the theme for a dark or light background. With ascii it draws
// borders, states and markers from ASCII alone.
func New(dark, ascii bool) *Theme {
	p := lightPalette
	if dark {
		p = darkPalette
	}
	fg := func(hex string) lipgloss.Style { return lipgloss.NewStyle().Foreground(hexColor(hex)) }
	banner := func(hex string) Ink {
		return ink(lipgloss.NewStyle().Bold(true).Foreground(hexColor(p.onBanner)).Background(hexColor(hex)))
	}
	t := &Theme{
		Dark:        dark,
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
		Select:      ink(lipgloss.NewStyle().Bold(true).Background(hexColor(p.selected))),
		Banner:      banner(p.warn),
		BannerBad:   banner(p.bad),
	}
	if ascii {
		t.Glyphs = asciiGlyphs
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

// Pick returns a theme by name; dark says what auto, or no name, follows.
func Pick(name string, dark, ascii bool) *Theme {
	switch name {
	case "dark":
		return New(true, ascii)
	case "light":
		return New(false, ascii)
	case MonoName:
		return Mono(ascii)
	}
	return New(dark, ascii)
}

// Mono returns the theme without colour.
func Mono(ascii bool) *Theme {
	bold := ink(lipgloss.NewStyle().Bold(true))
	faint := ink(lipgloss.NewStyle().Faint(true))
	reverse := ink(lipgloss.NewStyle().Reverse(true))
	t := &Theme{
		Dark: true, Glyphs: unicodeGlyphs,
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

func hexColor(s string) color.Color { return lipgloss.Color(s) }
