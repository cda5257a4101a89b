package configs

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// format writes a value in TOML notation.
func format(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case float64:
		return formatFloat(v)
	case []float64:
		return formatList(v, formatFloat)
	case []int:
		return formatList(v, strconv.Itoa)
	case []string:
		return formatList(v, quote)
	case Schedule:
		return formatList(v, FreezeFrom.String)
	case Rates:
		return formatRates(v)
	}
	return fmt.Sprint(v)
}

// formatFloat prefers plain decimals to exponents over the usual range of
// learning rates and intervals.
func formatFloat(v float64) string {
	if a := math.Abs(v); a == 0 || a >= 1e-5 && a < 1e9 {
		s := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func formatList[T any](list []T, one func(T) string) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = one(v)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// quote writes a TOML basic string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20 || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func oneOf(list []string) string { return strings.Join(list, " | ") }

// maxShown bounds, in characters, what a message repeats of a file.
const maxShown = 80

// shown returns a text as a message repeats it.
func shown(s string) string { return clip(s, maxShown) }

// clip returns a text fit for somebody's screen: cut at a number of characters,
// and with whatever is not printable escaped.
func clip(s string, chars int) string {
	var b strings.Builder
	for _, r := range s {
		if chars--; chars < 0 {
			b.WriteString("…")
			break
		}
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
