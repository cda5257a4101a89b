package configs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"innate/configs"
)

// unified writes a difference the way diff -u does, without its headers.
func unified(lines []configs.DiffLine) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%c%s\n", l.Op, l.Text)
	}
	return b.String()
}

func TestLineDiff(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"equal", "a\nb\n", "a\nb\n", ""},
		{"both empty", "", "", ""},
		{"all new", "", "a\n", "+a\n"},
		{"all gone", "a\n", "", "-a\n"},
		{"one changed", "a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n", " b\n c\n-d\n+X\n e\n f\n"},
		{"far apart", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n", "-1\n+x\n 2\n 3\n 7\n 8\n-9\n+y\n"},
		{"inserted twice", "a\nb\n", "a\na\nb\n", " a\n+a\n b\n"},
		{"line ends are not lines", "a\r\nb\r\n", "a\nb", ""},
		{"moved", "a\nb\nc\n", "b\nc\na\n", "-a\n b\n c\n+a\n"},
	} {
		if got := unified(configs.LineDiff(tt.old, tt.new)); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", tt.name, got, tt.want)
		}
	}
	d := configs.LineDiff("a\nb\nc\n", "a\nB\nb2\nc\n")
	if last := d[len(d)-1]; last != (configs.DiffLine{Op: ' ', Old: 3, New: 4, Text: "c"}) {
		t.Errorf("last line: got %+v, want c at 3 and 4", last)
	}
}

// TestLineDiffOfJunk compares texts too long to compare line by line.
func TestLineDiffOfJunk(t *testing.T) {
	start := time.Now()
	n := 200_000
	d := configs.LineDiff("top\n"+strings.Repeat("a\n", n)+"end\n", "top\n"+strings.Repeat("b\n", n)+"end\n")
	if len(d) != 2*n+2 {
		t.Errorf("got %d lines, want %d", len(d), 2*n+2)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
