package sixel_test

import (
	"fmt"
	"image"
	"image/color"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/sixel"
)

// A picture for any terminal: half-blocks carry two pixels a cell.
func ExampleHalfBlocks() {
	img := image.NewGray(image.Rect(0, 0, 4, 4))
	for y := range 4 {
		for x := range 4 {
			img.SetGray(x, y, color.Gray{uint8(60 * (x + y) / 2)})
		}
	}
	for _, row := range sixel.HalfBlocks(img) {
		fmt.Println(ansi.Strip(row))
	}
	// Output:
	// ▀▀▀▀
	// ▀▀▀▀
}

// A sixel string begins with DCS and ends with ST. A terminal that shows none
// would print it: ask first, with Probe.
func ExampleEncode() {
	s, err := sixel.Encode(image.NewGray(image.Rect(0, 0, 8, 8)), 16)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.HasPrefix(s, "\x1bP"), strings.HasSuffix(s, "\x1b\\"))
	// Output: true true
}
