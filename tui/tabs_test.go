package tui_test

import (
	"testing"

	"innate/tui"
	"innate/tui/tuitest"
)

// TestTabNames names as many views as fit, from the first on, and the present one.
func TestTabNames(t *testing.T) {
	s, _ := tuitest.Open(t, 200, 30, tuitest.Default(), tui.Options{})
	s.Wants("›1 dashboard  2 curves  3 layers  4 samples  5 config  6 machine  7 events  8 analysis ")
	s, _ = tuitest.Open(t, 120, 30, tuitest.Default(), tui.Options{})
	s.Wants("›1 dashboard  2 curves  3 layers  4 samples  5 config  6 machine  7  8 ")
	s.View("analysis")
	s.Wants(" 1 dashboard  2 curves  3 layers  4 samples  5 config  6  7 ›8 analysis ")
	s, _ = tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	s.Wants("›1 dashboard  2  3  4  5  6  7  8 ")
}
