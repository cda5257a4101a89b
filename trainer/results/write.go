package results

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"
)

// ErrFormat is what Write returns for a form that it does not know.
var ErrFormat = errors.New("unknown format")

// tableFormat writes rows under a head.
type tableFormat struct {
	name  string
	write func(w io.Writer, head []string, rows [][]string) error
}

var formats = []tableFormat{
	{"text", writeText}, {"csv", writeCSV}, {"md", writeMarkdown},
}

// Formats are the forms of Write.
func Formats() []string {
	names := []string{}
	for _, f := range formats {
		names = append(names, f.name)
	}
	return append(names, "json")
}

// Filter keeps the results whose key, as JSON has it, is the value.
func Filter(list []Result, key, value string) ([]Result, error) {
	var out []Result
	for _, r := range list {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("results: %w", err)
		}
		fields := map[string]json.RawMessage{}
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, fmt.Errorf("results: %w", err)
		}
		said := string(fields[key])
		if text := ""; json.Unmarshal(fields[key], &text) == nil {
			said = text
		}
		if said == value {
			out = append(out, r)
		}
	}
	if out == nil && len(list) > 0 && !slices.Contains(keys, key) {
		return nil, fmt.Errorf("results: filter: got the key %q, want %s", key, strings.Join(keys, " | "))
	}
	return out, nil
}

// keys that results may be filtered by.
var keys = []string{"network", "weights", "nimg", "ema", "statistic", "metric", "features", "input", "ref", "images", "steps", "nfe", "device", "first_seed"}

// Write writes the summaries of results, or each of them, in one of the Formats. What
// numbers may be compared with is in columns; as text, what all of them share is a line.
func Write(w io.Writer, format string, list []Result, each bool) error {
	if format == "json" {
		return writeJSON(w, list, each)
	}
	head, rows := []string{"network", "metric", "mean", "sd", "ranges", "best", "best seeds"}, summaryRows(list)
	if each {
		head, rows = []string{"network", "metric", "value", "sd"}, eachRow(list)
	}
	own := len(head)
	head = append(head, about...)
	if format != "text" {
		return WriteTable(w, format, head, rows)
	}
	head, rows, shared := fold(head, rows, own)
	if err := WriteTable(w, format, head, rows); err != nil || shared == "" {
		return err
	}
	_, err := fmt.Fprintf(w, "\nof all: %s\n", shared)
	return err
}

// fold takes the columns out, from the given one on, that say the same in every row, and
// returns what they say.
func fold(head []string, rows [][]string, from int) (restHead []string, restRows [][]string, shared string) {
	var said []string
	restRows = make([][]string, len(rows))
	for column := range head {
		same := column >= from && len(rows) > 0
		for _, row := range rows {
			same = same && row[column] == rows[0][column]
		}
		if !same {
			restHead = append(restHead, head[column])
			for i, row := range rows {
				restRows[i] = append(restRows[i], row[column])
			}
		} else if value := rows[0][column]; value != "" {
			said = append(said, head[column]+" "+value)
		}
	}
	return restHead, restRows, strings.Join(said, ", ")
}

// WriteTable writes rows under a head in one of the Formats that are tables.
func WriteTable(w io.Writer, format string, head []string, rows [][]string) error {
	i := slices.IndexFunc(formats, func(f tableFormat) bool { return f.name == format })
	if i < 0 {
		return fmt.Errorf("results: %w: got %q, want %s", ErrFormat, format, strings.Join(Formats(), " | "))
	}
	return formats[i].write(w, head, rows)
}

// Printable is text for a cell or a line that people read: what would end its line, its
// column or obey to the terminal is a question mark. CSV and JSON have ways to write it.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, text)
}

// about says what a number may be compared with.
var about = []string{"images", "size", "seeds", "steps", "nfe", "weights", "kimg", "features", "input", "reference", "note"}

func (m Measure) about(seeds, note string) []string {
	reference := m.Ref
	if m.RefSum != "" {
		reference += fmt.Sprintf(" %.8s", m.RefSum)
	}
	if m.RefN > 0 {
		reference += fmt.Sprintf(" (%d)", m.RefN)
	}
	weights := m.EMA
	if m.Weights != "" {
		weights += fmt.Sprintf(" %.8s", m.Weights)
	}
	trained := ""
	if m.Nimg > 0 {
		trained = strconv.FormatFloat(float64(m.Nimg)/1000, 'f', -1, 64)
	}
	return []string{strconv.Itoa(m.N), m.size(), seeds, strconv.Itoa(m.Steps), strconv.Itoa(m.NFE), weights, trained, fmt.Sprintf("%.8s", m.Features), m.Input, reference, note}
}

// span is the seeds of a result.
func (r Result) span() string {
	if r.Weights == "" {
		return ""
	}
	return fmt.Sprintf("%d-%d", r.Seed, r.Last())
}

func eachRow(list []Result) (rows [][]string) {
	for _, r := range list {
		rows = append(rows, append([]string{r.Network, r.Metric, digits(r.Value), digits(r.SD)}, r.about(r.span(), r.Note)...))
	}
	return rows
}

func summaryRows(list []Result) (rows [][]string) {
	for _, s := range Summarise(list) {
		sd, best, bestSeeds := "", "", ""
		if len(s.Values) > 1 {
			sd, best, bestSeeds = digits(s.SD), digits(s.Best.Value), s.Best.span()
		}
		var spans []string
		for _, r := range s.Values {
			spans = append(spans, r.span())
		}
		rows = append(rows, append([]string{s.Network, s.Metric, digits(s.Mean), sd, strconv.Itoa(len(s.Values)), best, bestSeeds},
			s.about(strings.Join(spans, " "), s.Best.Note)...))
	}
	return rows
}

// digits writes a value to six digits.
func digits(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func writeText(w io.Writer, head []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		for i := range row {
			if row[i] = Printable(row[i]); row[i] == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func writeCSV(w io.Writer, head []string, rows [][]string) error {
	return csv.NewWriter(w).WriteAll(append([][]string{head}, rows...))
}

func writeMarkdown(w io.Writer, head []string, rows [][]string) error {
	line := func(cells []string) string {
		for i := range cells {
			cells[i] = strings.ReplaceAll(Printable(cells[i]), "|", `\|`)
		}
		return "| " + strings.Join(cells, " | ") + " |\n"
	}
	var b strings.Builder
	b.WriteString(line(head))
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, row := range rows {
		b.WriteString(line(row))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summaryJSON is a Summary in JSON.
type summaryJSON struct {
	Measure
	Mean   float64  `json:"mean"`
	SD     *float64 `json:"sd"` // null of one range
	Best   Result   `json:"best"`
	Values []Result `json:"values"`
}

func writeJSON(w io.Writer, list []Result, each bool) error {
	var v any = append([]Result{}, list...)
	if !each {
		out := []summaryJSON{}
		for _, s := range Summarise(list) {
			j := summaryJSON{Measure: s.Measure, Mean: s.Mean, Best: s.Best, Values: s.Values}
			if len(s.Values) > 1 {
				j.SD = &s.SD
			}
			out = append(out, j)
		}
		v = out
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
