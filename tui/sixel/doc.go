// Package sixel finds out how a terminal shows pictures, and encodes them.
//
// Protocols, best first: kitty with Unicode placeholders, sixel, iTerm2's OSC
// 1337, and half-blocks, which every terminal has. Sixel and iTerm2 pictures
// travel outside the text frame: the application owns a rectangle of cells,
// fills it with Filler, and places the picture over it with Place after the
// frame has been written. Filler has no character in common with ordinary text,
// so that whatever replaces it makes the renderer write, and the terminal
// erase, every cell; and its rows differ from each other, or the renderer's
// scroll optimisation would take one for another and drag the picture along.
package sixel
