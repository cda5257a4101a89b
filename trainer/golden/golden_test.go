package golden_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/golden"
)

// recorder is a test that records its failures instead of failing.
type recorder struct {
	testing.TB
	said []string
}

func (r *recorder) Helper()             {}
func (r *recorder) Logf(string, ...any) {}
func (r *recorder) Errorf(format string, a ...any) {
	r.said = append(r.said, fmt.Sprintf(format, a...))
}

func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "view.golden")
	if err := os.WriteFile(path, []byte("one\ntwo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ got, want string }{
		{"one\ntwo\n", ""},
		{"one\n2\n", `line 2 differs: got "2", want "two"`},
		{"one\ntwo", `line 3 differs: got "", want ""`},
		{"one\ntwo\nthree\n", `line 3 differs: got "three", want ""`},
	} {
		r := &recorder{TB: t}
		golden.Check(r, path, []byte(c.got))
		said := strings.Join(r.said, "\n")
		if c.want == "" && said != "" || !strings.Contains(said, c.want) {
			t.Errorf("Check(%q) said %q, want %q", c.got, said, c.want)
		}
	}
}
