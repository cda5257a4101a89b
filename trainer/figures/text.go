package figures

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes a report for people: how it was measured, tables and maps as columns,
// and of charts which lines they have.
func (r *Report) Print(out io.Writer) error {
	fmt.Fprintln(out, r.Title)
	for _, f := range r.How {
		fmt.Fprintf(out, "  %s: %s\n", f.Name, f.Value)
	}
	for _, t := range r.Tables {
		fmt.Fprintf(out, "\n%s\n", t.Title)
		rows := make([][]string, 0, len(t.Rows)+1)
		rows = append(rows, append(append([]string{}, t.Words...), t.Heads...))
		for _, row := range t.Rows {
			rows = append(rows, append(append([]string{}, row.Words...), row.Values.texts()...))
		}
		if err := align(out, rows, len(t.Words)); err != nil {
			return err
		}
	}
	for _, m := range r.Maps {
		fmt.Fprintf(out, "\n%s (%s; columns: %s)\n", m.Title, m.Unit, m.ColsOf)
		rows := [][]string{append([]string{m.RowsOf}, m.Cols...)}
		for i, row := range m.Values {
			rows = append(rows, append([]string{m.Rows[i]}, row.shorts()...))
		}
		if err := align(out, rows, 1); err != nil {
			return err
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(out, "\n%s\n", n)
	}
	return nil
}

// align writes columns, those of words to the left and numbers to the right.
func align(out io.Writer, rows [][]string, words int) error {
	width := 0
	for _, row := range rows {
		for _, word := range row[:words] {
			width = max(width, len(word))
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i < words {
				cell = fmt.Sprintf("%-*s", width, cell)
			}
			b.WriteString(cell + "\t")
		}
		fmt.Fprintln(w, b.String())
	}
	return w.Flush()
}

func (n Numbers) texts() []string {
	text := make([]string, len(n))
	for i, v := range n {
		text[i] = Text(v)
	}
	return text
}

// shorts are texts of two digits, for cells.
func (n Numbers) shorts() []string {
	text := make([]string, len(n))
	for i, v := range n {
		text[i] = Short(v)
	}
	return text
}

// Short writes a number with at most two digits behind the point, for a cell.
func Short(v float64) string {
	text := Text(v)
	if v == v && v < 1e4 && v > -1e4 && (v == 0 || v >= 0.01 || v <= -0.01) {
		text = strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.2f", v), "0"), ".")
	} else if v == v {
		text = fmt.Sprintf("%.0e", v)
	}
	return text
}
