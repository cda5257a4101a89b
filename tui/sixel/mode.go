package sixel

import (
	"fmt"
	"strings"
)

// Mode is a way to show pictures.
type Mode int

// The modes in the order in which the user cycles through them.
const (
	Off Mode = iota
	Blocks
	Sixel
	Kitty
	ITerm
	modeCount
)

var modeNames = [modeCount]string{"off", "blocks", "sixel", "kitty", "iterm"}

func (m Mode) String() string { return modeNames[m] }

// ParseMode reads the value of INNATE_IMAGES; iterm2 is iterm.
func ParseMode(s string) (Mode, error) {
	name := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "2")
	for m, n := range modeNames {
		if n == name {
			return Mode(m), nil
		}
	}
	return Off, fmt.Errorf("images: %q, want sixel, kitty, iterm, blocks or off", s)
}

// OutOfBand reports whether pictures are placed over the frame rather than
// being part of it.
func (m Mode) OutOfBand() bool { return m == Sixel || m == ITerm }
