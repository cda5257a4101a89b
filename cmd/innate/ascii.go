package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// asciiWriter writes for a terminal whose locale is not UTF-8: what innate's own
// messages have beyond ASCII is spelled, and names and paths stay as they are,
// which for such a terminal are bytes.
type asciiWriter struct{ to io.Writer }

// inLocale returns out, or what writes ASCII to it where the locale wants that. No
// locale at all, as of a service, is taken for UTF-8.
func inLocale(out io.Writer, getenv func(string) string) io.Writer {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(key)); v != "" {
			if strings.Contains(v, "utf-8") || strings.Contains(v, "utf8") {
				return out
			}
			return asciiWriter{out}
		}
	}
	return out
}

// spelled are the characters of innate's own messages. TestSpelled finds others.
var spelled = strings.NewReplacer("→", "->", "…", "...", "±", "+-", "‖", "|", "é", "e", "°", "")

func (w asciiWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.to, spelled.Replace(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}

// writeJSON writes one JSON text, in ASCII where that is wanted, with the same
// meaning: programs read it.
func writeJSON(w io.Writer, text []byte) error {
	if ascii, ok := w.(asciiWriter); ok {
		var escaped bytes.Buffer
		for _, r := range string(text) {
			if r < 0x80 {
				escaped.WriteRune(r)
				continue
			}
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&escaped, `\u%04x`, unit)
			}
		}
		w, text = ascii.to, escaped.Bytes()
	}
	_, err := w.Write(text)
	return err
}
