package theme_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
)

// TestGlyphWidths checks that drawing glyphs take one cell, by both ways of
// counting, and that the ASCII set is ASCII.
func TestGlyphWidths(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		v := reflect.ValueOf(theme.New(true, ascii).Glyphs)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			s, inText := "", name == "Arrows" || name == "To" || name == "PlusMinus"
			switch f := v.Field(i); f.Kind() {
			case reflect.String:
				s = f.String()
			case reflect.Array:
				for k := range f.Len() {
					if g := f.Index(k).String(); ansi.StringWidth(g) != 1 || ansi.StringWidthWc(g) != 1 {
						t.Errorf("%s %d: %q, want one cell", name, k, g)
					}
					s += f.Index(k).String()
				}
				inText = true
			default:
				continue
			}
			if !inText && (ansi.StringWidth(s) != 1 || ansi.StringWidthWc(s) != 1) {
				t.Errorf("%s: %q is %d or %d cells wide, want 1", name, s, ansi.StringWidth(s), ansi.StringWidthWc(s))
			}
			if ascii && strings.Trim(s, " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") != "" {
				t.Errorf("%s: %q, want ASCII", name, s)
			}
		}
	}
}

// TestEventGlyphs checks that kinds of events can be told apart.
func TestEventGlyphs(t *testing.T) {
	g := theme.New(true, false).Glyphs
	seen := map[string]string{}
	for _, kind := range []string{"freeze", "config", "checkpoint", "fid", "sample", "pause", "resume", "stop", "error", "done", "other"} {
		if before, ok := seen[g.Event(kind)]; ok {
			t.Errorf("%s and %s look the same", before, kind)
		}
		seen[g.Event(kind)] = kind
	}
}

func TestInk(t *testing.T) {
	th := theme.New(true, false)
	if got := th.Frozen.Render("x"); got != "\x1b[38;2;135;215;255mx\x1b[m" {
		t.Errorf("frozen ink: %q", got)
	}
	if th.Frozen.Render("") != "" || (theme.Ink{}).Render("x") != "x" {
		t.Error("empty text or ink adds sequences")
	}
	light := theme.New(false, false)
	if light.Frozen == th.Frozen || light.Series[0] == th.Series[0] {
		t.Error("light and dark themes share colours")
	}
}

// TestCube checks that every colour belongs to the 256-colour cube.
func TestCube(t *testing.T) {
	levels := map[string]bool{"0": true, "95": true, "135": true, "175": true, "215": true, "255": true}
	for _, dark := range []bool{true, false} {
		v := reflect.ValueOf(theme.New(dark, false)).Elem()
		check := func(name string, k theme.Ink) {
			for _, m := range regexp.MustCompile(`[34]8;2;(\d+);(\d+);(\d+)`).FindAllStringSubmatch(k.Render("x"), -1) {
				grey := m[1] == m[2] && m[2] == m[3] // the ramp of greys
				if !grey && (!levels[m[1]] || !levels[m[2]] || !levels[m[3]]) {
					t.Errorf("dark %v: %s uses %v", dark, name, m[1:])
				}
			}
		}
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			switch k := v.Field(i).Interface().(type) {
			case theme.Ink:
				check(name, k)
			case [theme.SeriesCount]theme.Ink:
				for _, ink := range k {
					check(name, ink)
				}
			}
		}
	}
}
