package cluster

import (
	"fmt"
	"strings"
	"unicode"
)

// quote makes one word of s for a shell, and for sbatch, which reads the words of
// an #SBATCH line in the same way as far as quotes go: nothing in single quotes has
// a meaning but the quote itself.
func quote(s string) string {
	plain := func(r rune) bool {
		return r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-+,:@%=", r))
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// oneWord refuses a value that would end its line in a script.
func oneWord(what, s string) error {
	if strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%s: got %q, want no control characters", what, s)
	}
	return nil
}
