package panes

// StatText writes a measurement as the layers do.
var StatText = statText
