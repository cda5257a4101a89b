package host

import (
	"maps"
	"slices"
)

// State is what the workbench remembers from one time to the next. Any code in
// Update may change it: what differs from the file is written by itself.
type State struct {
	Version int                   `json:"version"`
	View    string                `json:"view,omitempty"`  // of a run
	Focus   string                `json:"focus,omitempty"` // of the dashboard
	Side    string                `json:"-"`               // of its layers and samples, the one that had the focus last; until the end
	Theme   string                `json:"theme,omitempty"` // empty: auto
	Mouse   bool                  `json:"mouse"`
	Quiet   bool                  `json:"quiet"`            // no notifications
	Run     string                `json:"run,omitempty"`    // opened last: its directory
	Charts  map[string]ChartState `json:"charts,omitempty"` // by name of the chart
	Sort    map[string]string     `json:"sort,omitempty"`   // by name of the table: a column, after a - when descending
	History []string              `json:"history,omitempty"`
}

// ChartState is how a chart is set.
type ChartState struct {
	LogX      bool    `json:"log_x"`
	LogY      bool    `json:"log_y"`
	Smoothing float64 `json:"smoothing"`
	XTime     bool    `json:"x_time,omitempty"`
}

// Clone returns a copy that shares nothing.
func (s State) Clone() State {
	s.Charts, s.Sort, s.History = maps.Clone(s.Charts), maps.Clone(s.Sort), slices.Clone(s.History)
	return s
}
