package figures

import (
	"fmt"
	"time"
)

// Report is the result of one analysis.
type Report struct {
	Kind   string    `json:"kind"`  // of analysis: weights, layers, spectra, …
	Name   string    `json:"name"`  // of its files, less their endings
	Title  string    `json:"title"` // one line
	Time   time.Time `json:"time"`
	Nimg   int64     `json:"nimg,omitempty"` // images that the network had seen; 0: not known
	How    []Fact    `json:"how"`            // what the numbers depend on
	Notes  []string  `json:"notes,omitempty"`
	Tables []Table   `json:"tables,omitempty"`
	Maps   []Map     `json:"maps,omitempty"`
	Charts []Chart   `json:"charts,omitempty"`
}

// Fact is one thing that says how something was measured.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Table has rows of words and then numbers. A number that does not exist is NaN.
type Table struct {
	Name  string   `json:"name"`
	Title string   `json:"title"`
	Words []string `json:"words"` // heads of the columns of words
	Heads []string `json:"heads"` // of those of numbers, with units
	Rows  []Row    `json:"rows"`
}

// Row is a row of a table.
type Row struct {
	Words  []string `json:"words"`
	Values Numbers  `json:"values"`
}

// Map is a heat map: a value a cell, NaN where there is none. Colours go from Lo to
// Hi.
type Map struct {
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	RowsOf string    `json:"rows_of"` // what a row is
	ColsOf string    `json:"cols_of"`
	Unit   string    `json:"unit"`
	Rows   []string  `json:"rows"`
	Cols   []string  `json:"cols"`
	Lo     float64   `json:"lo"`
	Hi     float64   `json:"hi"`
	Values []Numbers `json:"values"` // [rows][cols]
}

// Chart has lines over common axes.
type Chart struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	X     string `json:"x"` // what the axes count
	Y     string `json:"y"`
	Lines []Line `json:"lines"`
}

// Line is one line of a chart.
type Line struct {
	Name string  `json:"name"`
	X    Numbers `json:"x"`
	Y    Numbers `json:"y"`
}

// Bounds of what a file may hold, far above any analysis.
const (
	maxParts = 64      // tables, maps or charts
	maxRows  = 1 << 14 // of each
	maxCols  = 1 << 10
)

// Validate reports the first part that cannot be shown.
func (r *Report) Validate() error {
	if r.Kind == "" || r.Name == "" {
		return fmt.Errorf("figures: kind %q, name %q, want both", r.Kind, r.Name)
	}
	if n := max(len(r.Tables), len(r.Maps), len(r.Charts)); n > maxParts {
		return fmt.Errorf("figures: %s: %d tables, maps or charts, want at most %d", r.Name, n, maxParts)
	}
	for _, t := range r.Tables {
		if err := t.validate(); err != nil {
			return fmt.Errorf("figures: %s: table %q: %w", r.Name, t.Name, err)
		}
	}
	for _, m := range r.Maps {
		if err := m.validate(); err != nil {
			return fmt.Errorf("figures: %s: map %q: %w", r.Name, m.Name, err)
		}
	}
	for _, c := range r.Charts {
		for _, l := range c.Lines {
			if len(l.X) != len(l.Y) || len(l.X) > maxRows {
				return fmt.Errorf("figures: %s: chart %q: line %q: %d and %d values, want as many, at most %d", r.Name, c.Name, l.Name, len(l.X), len(l.Y), maxRows)
			}
		}
	}
	return nil
}

func (t *Table) validate() error {
	if len(t.Rows) > maxRows || len(t.Words)+len(t.Heads) > maxCols {
		return fmt.Errorf("%d rows of %d columns, want at most %d of %d", len(t.Rows), len(t.Words)+len(t.Heads), maxRows, maxCols)
	}
	for i, row := range t.Rows {
		if len(row.Words) != len(t.Words) || len(row.Values) != len(t.Heads) {
			return fmt.Errorf("row %d: %d words and %d numbers, want %d and %d", i, len(row.Words), len(row.Values), len(t.Words), len(t.Heads))
		}
	}
	return nil
}

func (m *Map) validate() error {
	if len(m.Rows) == 0 || len(m.Rows) > maxRows || len(m.Cols) == 0 || len(m.Cols) > maxCols {
		return fmt.Errorf("%d rows of %d cells, want 1 to %d of 1 to %d", len(m.Rows), len(m.Cols), maxRows, maxCols)
	}
	if len(m.Values) != len(m.Rows) {
		return fmt.Errorf("%d rows of values, want %d", len(m.Values), len(m.Rows))
	}
	for i, row := range m.Values {
		if len(row) != len(m.Cols) {
			return fmt.Errorf("row %d: %d values, want %d", i, len(row), len(m.Cols))
		}
	}
	return nil
}

// Share is where in the map's range a value lies, in [0, 1]; NaN for NaN.
func (m *Map) Share(v float64) float64 {
	if m.Hi <= m.Lo {
		return min(max(v-v, 0), 1) // 0, or NaN
	}
	return min(max((v-m.Lo)/(m.Hi-m.Lo), 0), 1)
}
