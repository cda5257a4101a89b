package main

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer/runlog"
)

// TestSpelled looks through all texts of the packages that speak on the command
// line: an ASCII locale must get none of their characters that it does not have.
func TestSpelled(t *testing.T) {
	for _, root := range []string{".", "../../trainer", "../../configs", "../../metrics", "../../models"} {
		check(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "ascii.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
					if left := strings.TrimFunc(spelled.Replace(text.Value), func(r rune) bool { return r < 0x80 }); left != "" {
						t.Errorf("%s: %.100s has %q, which asciiWriter does not spell", path, text.Value, left)
					}
				}
				return true
			})
			return nil
		}))
	}
}

func TestLocale(t *testing.T) {
	event := runlog.Event{Time: time.Unix(0, 0), Kind: "config", Text: "gen_lr 1 → 2 in übung"}
	for locale, want := range map[string]string{
		"C": "gen_lr 1 -> 2 in übung", "": "gen_lr 1 → 2 in übung", "de_DE.UTF-8": "gen_lr 1 → 2 in übung",
		"de_DE.ISO-8859-1": "gen_lr 1 -> 2 in übung", "C.utf8": "gen_lr 1 → 2 in übung",
	} {
		var out, object bytes.Buffer
		getenv := func(key string) string {
			if key == "LC_ALL" {
				return locale
			}
			return ""
		}
		check(t, printEvent(inLocale(&out, getenv), event))
		if !strings.HasSuffix(out.String(), want+"\n") {
			t.Errorf("LC_ALL=%s: got %q, want %q", locale, out.String(), want)
		}
		check(t, printEventJSON(inLocale(&object, getenv), event))
		var read struct{ Text string }
		if err := json.Unmarshal(object.Bytes(), &read); err != nil || read.Text != event.Text {
			t.Errorf("LC_ALL=%s: %s reads as %q, %v", locale, object.String(), read.Text, err)
		}
		if ascii := !strings.ContainsFunc(object.String(), func(r rune) bool { return r >= 0x80 }); ascii != (want[9:11] == "->") {
			t.Errorf("LC_ALL=%s: %s", locale, object.String())
		}
	}
}
