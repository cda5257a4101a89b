package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestDependencies holds the invariants of the architecture: who may link whom.
func TestDependencies(t *testing.T) {
	for _, rule := range []struct {
		pkg       string
		forbidden []string // import path prefixes
	}{
		{"innate/tui", []string{"innate/models", "innate/metrics", "innate/trainer/loop", "innate/trainer/method", "innate/trainer/optim", "innate/trainer/data", "innate/trainer/tensorboard", "gorgonia.org", "github.com/prometheus/client_golang"}},
		{"innate/tui/session", []string{"innate/tui/theme", "innate/tui/widget", "innate/tui/views", "charm.land/lipgloss"}},
		{"innate/tui/views/layers", []string{"innate/tui/panes"}},
		{"innate/tui/widget", []string{"innate/trainer", "innate/configs"}},
		{"innate/models/kernels", []string{"innate/models/graph", "gorgonia.org", "innate/configs"}},
		{"innate/models/graph", []string{"innate/models/kernels", "innate/models/device", "innate/models/cpu"}},
		{"innate/models/device", []string{"innate/models/kernels", "innate/models/cpu"}},
		{"innate/models/cpu", []string{"innate/configs", "innate/trainer", "innate/metrics", "innate/tui"}},
		{"innate/models/gdd", []string{"innate/configs", "innate/trainer", "innate/tui"}},
		{"innate/metrics", []string{"innate/configs", "innate/trainer", "innate/tui"}},
		{"innate/trainer/loop", []string{"innate/tui", "charm.land"}},
		{"innate/trainer/method", []string{"innate/tui", "innate/trainer/loop", "innate/trainer/control", "innate/metrics"}},
		{"innate/trainer/run", []string{"innate/models", "innate/metrics", "innate/trainer/control", "net/http"}},
		{"innate/configs", []string{"innate/models", "innate/trainer", "innate/tui"}},
	} {
		for _, dep := range deps(t, rule.pkg) {
			for _, f := range rule.forbidden {
				if dep == f || strings.HasPrefix(dep, f+"/") {
					t.Errorf("%s links %s, which it must not", rule.pkg, dep)
				}
			}
		}
	}
}

// TestGorgoniaImporter checks that one package alone speaks to Gorgonia.
func TestGorgoniaImporter(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "innate/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		imports := slices.ContainsFunc(fields[1:], func(s string) bool { return strings.HasPrefix(s, "gorgonia.org/") })
		if imports && fields[0] != "innate/models/graph" {
			t.Errorf("%s imports Gorgonia, which only innate/models/graph may", fields[0])
		}
	}
}

func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", pkg, err, out)
	}
	return strings.Fields(string(out))
}

// TestPoolUser checks that one package alone hands work to threads: the others
// speak to a device.
func TestPoolUser(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "innate/models/...", "innate/trainer/optim", "innate/metrics").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if slices.Contains(fields[1:], "innate/models/kernels") && fields[0] != "innate/models/cpu" && fields[0] != "innate/models/graph/graphtest" {
			t.Errorf("%s imports the kernels, which only innate/models/cpu may", fields[0])
		}
	}
}
