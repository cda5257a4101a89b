package configs_test

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"innate/configs"
)

// TestFaultTOML10 compares what is a config with the verdicts of Python's
// tomllib, which testdata/tomllib.txt records: what it cannot read is refused,
// with the line, and what it reads is not refused for its syntax.
func TestFaultTOML10(t *testing.T) {
	table, err := os.ReadFile("testdata/tomllib.txt")
	if err != nil {
		t.Fatal(err)
	}
	refused, taken := 0, 0
	for row := range strings.Lines(string(table)) {
		if strings.HasPrefix(row, "#") {
			continue
		}
		fields := strings.SplitN(strings.TrimSuffix(row, "\n"), "\t", 3)
		line, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		var text string
		if err := json.Unmarshal([]byte(fields[1]), &text); err != nil {
			t.Fatal(err)
		}
		_, err = configs.Parse("config.toml", text)
		if line == 0 {
			if taken++; err != nil && strings.Contains(err.Error(), "syntax: ") {
				t.Errorf("%q: got %v, but tomllib reads it", text, err)
			}
			continue
		}
		refused++
		if err == nil {
			t.Errorf("%q: accepted, but tomllib says %s", text, fields[2])
		} else if place := "configs: config.toml:" + fields[0] + ": "; line > 0 && !strings.HasPrefix(err.Error(), place) {
			t.Errorf("%q: got %v, want line %d, where tomllib says %s", text, err, line, fields[2])
		}
	}
	if refused < 50 || taken < 35 {
		t.Errorf("compared %d texts that tomllib refuses and %d that it reads: the table is not whole", refused, taken)
	}
}
