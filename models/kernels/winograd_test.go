package kernels_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The transforms for AVX-512 are those for AVX2, which more machines can test, with
// wider registers.
func TestWinogradWidths(t *testing.T) {
	text, err := os.ReadFile("winograd_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	routine := regexp.MustCompile(`(?s)TEXT ·(\w+)(AVX2|AVX512)\(SB\)[^\n]*\n(.*?)\tRET`)
	blanks := regexp.MustCompile(`[ \t]+`)
	register := regexp.MustCompile(`\b[YZ](\d+)\b`)
	same := strings.NewReplacer("$0x00000020", "$VECTOR", "$0x00000040", "$VECTOR", "VPXORD", "VXORPS")
	bodies := map[string][]string{}
	for _, m := range routine.FindAllStringSubmatch(string(text), -1) {
		body := same.Replace(register.ReplaceAllString(blanks.ReplaceAllString(m[3], " "), "V$1"))
		bodies[m[1]] = append(bodies[m[1]], body)
	}
	if len(bodies) != 18 {
		t.Errorf("%d transforms, want 6 for each of three tilings", len(bodies))
	}
	for name, b := range bodies {
		if len(b) != 2 || b[0] != b[1] {
			t.Errorf("%s: %d widths, or their instructions differ", name, len(b))
		}
	}
}
