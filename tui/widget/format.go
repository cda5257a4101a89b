package widget

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Count abbreviates a number of parameters to at most six characters: 999,
// 12.3k, 744.2k, 56.4M.
func Count(n int64) string {
	v, unit := float64(n), ""
	for _, u := range []string{"k", "M", "G", "T"} {
		if math.Abs(v) < 999.95 {
			break
		}
		v, unit = v/1000, u
	}
	if unit == "" {
		return strconv.FormatInt(n, 10)
	}
	return strconv.FormatFloat(v, 'f', 1, 64) + unit
}

// Kimg writes a number of images in thousands: with one decimal below a thousand
// kimg, and to the single image below one kimg, where a decimal says too little.
func Kimg(nimg int64) string { return kimg(nimg, nimg) }

// KimgOf writes how many images of a total there are, both with the decimals that
// suit the total.
func KimgOf(nimg, total int64) (is, all string) { return kimg(nimg, total), kimg(total, total) }

// kimg writes a number of images with the decimals for a range of such numbers.
func kimg(nimg, total int64) string {
	k, digits := float64(nimg)/1000, 1
	switch of := math.Abs(float64(total)) / 1000; {
	case of > 0 && of < 1:
		digits = 3
	case math.Abs(k) >= 999.95:
		digits = 0
	}
	return strconv.FormatFloat(k, 'f', digits, 64)
}

// shortExponent shortens what strconv writes: 1.2e-04 and 1.2e+05 say no more
// than 1.2e-4 and 1.2e5.
var shortExponent = strings.NewReplacer("e-0", "e-", "e+0", "e", "e+", "e")

// Value writes a measurement with about four significant digits.
func Value(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case a == 0:
		return "0"
	case a >= 1e6 || a < 1e-3:
		return shortExponent.Replace(strconv.FormatFloat(v, 'e', 1, 64))
	case a >= 999.5:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case a >= 99.95:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case a >= 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}

// ColumnValue writes a measurement in six cells or less, unless it is absurd, most
// of them with four decimals, so that a column can be compared at a glance.
func ColumnValue(v float64) string {
	a := math.Abs(v)
	format, digits := byte('f'), 4
	switch {
	case math.IsInf(v, 0):
		return "inf"
	case a == 0:
		return "0"
	case a < 0.00095 || a >= 99999.5:
		format, digits = 'e', 1
	case a >= 999.95:
		digits = 0
	case a >= 99.995:
		digits = 1
	case a >= 9.9995:
		digits = 2
	case a >= 0.99995:
		digits = 3
	}
	s := strconv.FormatFloat(v, format, digits, 64)
	if format == 'e' {
		s = shortExponent.Replace(s)
	}
	return s
}

// Duration writes a time to wait in its two largest units: 42s, 9m 41s,
// 1h 02m, 3d 04h. Negative, infinite and absurd ones are a dash.
func Duration(d time.Duration) string {
	s := int64(d.Seconds())
	switch {
	case s < 0 || s > 10*365*24*3600:
		return "-"
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm %02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh %02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd %02dh", s/86400, s/3600%24)
}

// Seconds writes so many seconds as Duration does.
func Seconds(s float64) string { return Duration(time.Duration(s * float64(time.Second))) }

// Rate writes a speed in at most five characters.
func Rate(v float64) string {
	switch {
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 999.95:
		return fmt.Sprintf("%.1f", v)
	}
	return Count(int64(v))
}

// Fit pads or cuts s, which may be styled, to exactly w cells. A cut ends with
// an ellipsis of one cell.
func Fit(s string, w int, ellipsis string) string {
	if w <= 0 {
		return ""
	}
	n := ansi.StringWidth(s)
	if n > w {
		s = ansi.Truncate(s, w, ellipsis)
		n = ansi.StringWidth(s)
	}
	if n < w {
		s += strings.Repeat(" ", w-n)
	}
	return s
}

// FitMiddle is Fit with the cut in the middle: a name whose begin and end tell it
// apart.
func FitMiddle(s string, w int, ellipsis string) string {
	n := ansi.StringWidth(s)
	if n <= w || w < 3 {
		return Fit(s, w, ellipsis)
	}
	head := w / 2
	return Fit(ansi.Truncate(s, head, "")+ellipsis+ansi.TruncateLeft(s, n-(w-head-ansi.StringWidth(ellipsis)), ""), w, ellipsis)
}

// FitLeft is Fit with the text at the right end: numbers in a column.
func FitLeft(s string, w int) string {
	n := ansi.StringWidth(s)
	if n > w {
		return ansi.Truncate(s, max(w, 0), "")
	}
	return strings.Repeat(" ", w-n) + s
}

// Plain replaces control characters, so that text from files can neither move
// the cursor nor break a line.
func Plain(s string) string {
	// Nearly all text is plain already, and escape sequences start with a control
	// character, if need be as a byte that is no UTF-8.
	if !strings.ContainsFunc(s, func(r rune) bool { return isControl(r) || r == utf8.RuneError }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isControl(r) {
			return ' '
		}
		return r
	}, ansi.Strip(s))
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// Block pads or cuts lines to exactly h lines of w cells.
func Block(lines []string, w, h int, ellipsis string) string {
	return block(lines, 0, false, w, h, ellipsis)
}

// Centered places a few lines in the middle of a w by h block.
func Centered(lines []string, w, h int, ellipsis string) string {
	return block(lines, max((h-len(lines))/2, 0), true, w, h, ellipsis)
}

// block writes lines from row top on, in the middle of their row if they are to
// be centred.
func block(lines []string, top int, centred bool, w, h int, ellipsis string) string {
	size := h * (max(w, 0) + 1)
	for _, l := range lines {
		size += len(l)
	}
	var b strings.Builder
	b.Grow(size)
	for y := range h {
		if y > 0 {
			b.WriteByte('\n')
		}
		line := ""
		if i := y - top; i >= 0 && i < len(lines) {
			line = lines[i]
		}
		n := ansi.StringWidth(line)
		if n > w {
			line = Fit(line, w, ellipsis)
			n = w
		}
		left := 0
		if centred {
			left = (w - n) / 2
		}
		repeat(&b, " ", left)
		b.WriteString(line)
		repeat(&b, " ", w-n-left)
	}
	return b.String()
}
