package tui

import "strings"

// unicodeTerminal reports whether braille and box drawing can be expected: a
// UTF-8 locale, or none set at all, on anything but the Linux console.
func unicodeTerminal(getenv func(string) string) bool {
	if getenv("TERM") == "linux" {
		return false
	}
	for _, k := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(k)); v != "" {
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return true
}
