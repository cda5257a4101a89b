package results_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"innate/trainer/results"
)

func TestWrite(t *testing.T) {
	a, b := result("a|b", 0, 2), result("a|b", 100, 4)
	a.Weights, b.Weights = "f213", "f213"
	b.Note = "one, two"
	list := []results.Result{a, b, result("c", 0, 0.001)}
	write := func(format string, each bool) string {
		var out bytes.Buffer
		if err := results.Write(&out, format, list, each); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	rows, err := csv.NewReader(strings.NewReader(write("csv", false))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("csv: %v, %v", rows, err)
	}
	if got := strings.Join(rows[1][:10], ";"); got != "a|b;FID(mnist-cnn);3;1.41421;2;2;0-99;100;28x28;0-99 100-199" {
		t.Errorf("three numbers: %s", got)
	}
	if got := strings.Join(rows[2][:7], ";"); got != "c;FID(mnist-cnn);0.001;;1;;" {
		t.Errorf("one number: %s", got)
	}
	if rows, err = csv.NewReader(strings.NewReader(write("csv", true))).ReadAll(); err != nil || len(rows) != 4 || rows[2][len(rows[2])-1] != "one, two" {
		t.Errorf("each: %v, %v", rows, err)
	}
	lines := strings.Split(write("md", false), "\n")
	if len(lines) != 5 || !strings.HasPrefix(lines[2], `| a\|b | FID(mnist-cnn) | 3 |`) || strings.Count(lines[1], "|") != strings.Count(lines[0], "|") {
		t.Errorf("md: %q", lines)
	}
	text := strings.Split(write("text", false), "\n")
	if got := strings.Join(strings.Fields(text[0]), " "); got != "network metric mean sd ranges best best seeds seeds weights" {
		t.Errorf("text: columns that differ: %s", got)
	}
	if got := text[4]; !strings.HasPrefix(got, "of all: images 100, size 28x28, steps ") || strings.Contains(got, "note") {
		t.Errorf("text: columns that all share: %q", got)
	}
	var parsed []struct {
		Mean float64
		SD   *float64
		Best struct{ Value float64 }
	}
	if err := json.Unmarshal([]byte(write("json", false)), &parsed); err != nil || len(parsed) != 2 || parsed[0].Mean != 3 || parsed[0].Best.Value != 2 || parsed[1].SD != nil {
		t.Errorf("json: %+v, %v", parsed, err)
	}
	if err := results.Write(&bytes.Buffer{}, "xls", list, false); !errors.Is(err, results.ErrFormat) {
		t.Errorf("another format: %v", err)
	}
}

func TestFilter(t *testing.T) {
	list := []results.Result{result("a", 0, 2), result("b", 100, 4)}
	for filter, want := range map[string]int{"network=b": 1, "images=100": 2, "first_seed=0": 1, "network=c": 0} {
		key, value, _ := strings.Cut(filter, "=")
		if got, err := results.Filter(list, key, value); err != nil || len(got) != want {
			t.Errorf("%s: got %v, %v; want %d", filter, got, err, want)
		}
	}
	odd := `a&b <"c">\d`
	if got, err := results.Filter([]results.Result{result(odd, 0, 2)}, "network", odd); err != nil || len(got) != 1 {
		t.Errorf("%s: got %v, %v; want it", odd, got, err)
	}
	if _, err := results.Filter(list, "net", "a"); err == nil || !strings.Contains(err.Error(), `got the key "net", want network | `) {
		t.Errorf("no such key: %v", err)
	}
}

// TestWriteOdd: whatever a network is called, a row is a line that a terminal only shows.
func TestWriteOdd(t *testing.T) {
	for _, format := range []string{"text", "md"} {
		var out bytes.Buffer
		if err := results.Write(&out, format, []results.Result{result("a\tb\nc\x1b[2J", 0, 2), result("d", 0, 3)}, true); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.Contains(text, "a?b?c?[2J") || strings.ContainsAny(text, "\t\x1b") {
			t.Errorf("%s: %q", format, text)
		}
	}
}
