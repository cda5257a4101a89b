package host_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"innate/trainer/runlog"
	"innate/tui/host"
)

// TestWidgetsKnowNoScalars reads the widgets' code: what scalars and events of a
// training there are is said here, and none of their names stands there.
func TestWidgetsKnowNoScalars(t *testing.T) {
	known := map[string]bool{}
	for _, g := range host.Scalars().Groups {
		known[g.Name] = true
	}
	for _, name := range host.Scalars().First {
		known[name] = true
	}
	for _, kind := range []string{
		runlog.Start, runlog.Freeze, runlog.Config, runlog.Pause, runlog.Resume, runlog.Stop, runlog.Done,
		runlog.Checkpoint, runlog.Sample, runlog.FID, runlog.Diverge, runlog.Error,
	} {
		known[kind] = true
	}
	files, err := filepath.Glob("../widget/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files of widgets, %v", len(files), err)
	}
	fset, literals := token.NewFileSet(), 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if _, ok := n.(*ast.ImportSpec); ok {
				return false
			}
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				literals++
				if s, err := strconv.Unquote(l.Value); err == nil && known[s] {
					t.Errorf("%s: %q, want no name of a scalar or event", fset.Position(l.Pos()), s)
				}
			}
			return true
		})
	}
	if literals < 50 {
		t.Errorf("%d strings in the widgets' code, want some fifty at least: were they read?", literals)
	}
}
