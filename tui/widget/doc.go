// Package widget draws what a terminal workbench is made of: charts, tables,
// forms, gauges, mosaics of images, frames and numbers. It knows nothing about
// runs, layers, the log or the settings of a training; charts look into the
// columns of package series, and keep no numbers themselves.
//
// A widget is a struct with setters and View, which returns exactly h lines of
// exactly w cells without a border; Frame adds one. Widgets do no IO, hold no
// colours of their own, and belong to the goroutine that runs the tea.Model.
package widget
