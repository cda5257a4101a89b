// Package panes draws the parts of the dashboard: charts, the layer list,
// samples and events.
//
// A pane is a struct with setters and View(w, h), which returns exactly h lines
// of exactly w cells without a border; Frame adds one. Panes do no IO, hold no
// colours of their own, and belong to the goroutine that runs the tea.Model.
package panes
