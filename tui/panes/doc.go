// Package panes draws what the workbench shows of a run: its layers, its events
// and its settings, each a widget of the manner that package widget describes.
package panes
