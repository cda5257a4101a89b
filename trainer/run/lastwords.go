package run

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// StartMark begins the line that parts one trainer's output from the next in
// trainer.log, which all trainers of a run append to.
const StartMark = "== trainer started "

const (
	wordsBytes = 1 << 20 // of the log's end that are read: a panic prints every goroutine
	wordsRunes = 400     // of one line
)

// LastWords returns up to n lines that say how the last trainer of run
// directory dir ended: the message of its panic, or else the last lines of
// trainer.log. It returns none if the log is missing, is not a file, or says
// nothing. The lines are fit for a terminal.
func LastWords(dir string, n int) []string {
	text := logEnd(filepath.Join(dir, LogFile))
	if i := bytes.LastIndex(text, []byte("\n"+StartMark)); i >= 0 {
		text = text[i+1:]
	}
	var lines []string
	dying := false
	for line := range bytes.Lines(text) {
		said := OneLine(string(line))
		switch {
		case strings.HasPrefix(said, StartMark):
			continue
		case dying && (said == "" || strings.HasPrefix(said, "goroutine ")):
			return lines[:min(n, len(lines))] // the stack follows
		case !dying && (strings.HasPrefix(said, "panic: ") || strings.HasPrefix(said, "fatal error: ")):
			dying, lines = true, nil
		}
		if said != "" {
			lines = append(lines, said)
		}
	}
	if dying {
		return lines[:min(n, len(lines))]
	}
	return lines[max(0, len(lines)-n):]
}

// logEnd reads the end of a log from the beginning of a line.
func logEnd(path string) []byte {
	info, err := os.Stat(path) // before opening, which would wait for a pipe's writer
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	from := max(0, info.Size()-wordsBytes)
	text, _ := io.ReadAll(io.NewSectionReader(f, from, wordsBytes)) // what could be read is better than nothing
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return append([]byte("\n"), text...)
}

// OneLine makes text from a file fit for one line of a terminal: without
// control characters, which could move the cursor, and not endless.
func OneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r) || r == utf8.RuneError:
			return '?'
		}
		return r
	}, strings.TrimSpace(s))
	if utf8.RuneCountInString(s) <= wordsRunes {
		return s
	}
	return string([]rune(s)[:wordsRunes-1]) + "…"
}
