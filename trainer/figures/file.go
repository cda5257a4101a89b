package figures

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/models/atomicfile"
)

// Ext is that of the file with all of a report.
const Ext = ".json"

// maxBytes bounds a report that is read.
const maxBytes = 64 << 20

// Write writes a report into a folder, which is made: NAME.json, NAME.PART.csv of
// each table, map and chart, NAME.PART.png of each map. The JSON comes last, so that
// what is listed is whole.
func Write(dir string, r *Report) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	put := func(name string, b []byte) error {
		return atomicfile.WriteBytes(filepath.Join(dir, name), atomicfile.NoSync, b)
	}
	for _, part := range r.csv() {
		if err := put(r.Name+"."+part.name+".csv", part.bytes); err != nil {
			return err
		}
	}
	for i := range r.Maps {
		var b bytes.Buffer
		if err := png.Encode(&b, r.Maps[i].Picture()); err != nil {
			return fmt.Errorf("figures: %s: %w", r.Name, err)
		}
		if err := put(r.Name+"."+r.Maps[i].Name+".png", b.Bytes()); err != nil {
			return err
		}
	}
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("figures: %s: %w", r.Name, err)
	}
	return put(r.Name+Ext, append(b, '\n'))
}

// Read reads a report that Write wrote.
func Read(path string) (*Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	if len(b) > maxBytes {
		return nil, fmt.Errorf("figures: %s: got more than %d bytes", path, maxBytes)
	}
	r := &Report{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("figures: %s: %w", path, err)
	}
	if err := r.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// List reads all reports of a folder, the newest first. One that is damaged is
// among the errors, the others come all the same; a folder that is missing has none.
func List(dir string) (list []*Report, damaged []error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, []error{fmt.Errorf("figures: %w", err)}
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != Ext || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		r, err := Read(filepath.Join(dir, e.Name()))
		if err != nil {
			damaged = append(damaged, err)
			continue
		}
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(a, b *Report) int { return b.Time.Compare(a.Time) })
	return list, damaged
}

// part is a file of numbers.
type part struct {
	name  string
	bytes []byte
}

// csv are the tables, maps and charts as comma separated values with one line of
// heads. Numbers are exact; one that does not exist is empty.
func (r *Report) csv() (parts []part) {
	add := func(name string, lines [][]string) {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		_ = w.WriteAll(lines) // to memory, which does not fail
		parts = append(parts, part{name, b.Bytes()})
	}
	for _, t := range r.Tables {
		lines := [][]string{slices.Concat(t.Words, t.Heads)}
		for _, row := range t.Rows {
			lines = append(lines, slices.Concat(row.Words, row.Values.exact()))
		}
		add(t.Name, lines)
	}
	for _, m := range r.Maps {
		lines := [][]string{append([]string{m.RowsOf}, m.Cols...)}
		for i, row := range m.Values {
			lines = append(lines, append([]string{m.Rows[i]}, row.exact()...))
		}
		add(m.Name, lines)
	}
	for _, c := range r.Charts {
		lines := [][]string{{"line", c.X, c.Y}}
		for _, l := range c.Lines {
			for i := range l.X {
				lines = append(lines, append([]string{l.Name}, Numbers{l.X[i], l.Y[i]}.exact()...))
			}
		}
		add(c.Name, lines)
	}
	return parts
}

func (n Numbers) exact() []string {
	text := make([]string, len(n))
	for i, v := range n {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			text[i] = strconv.FormatFloat(v, 'g', -1, 64)
		}
	}
	return text
}
