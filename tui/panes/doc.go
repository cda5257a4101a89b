// Package panes draws what the workbench shows of a run's events,
// each a widget of the manner that package widget describes.
package panes
