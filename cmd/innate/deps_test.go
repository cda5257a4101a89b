package main

import (
	"cmp"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// The rules of the architecture as far as imports can state them. A rule about a
// package that does not exist yet holds as soon as it does. PKG/... is PKG and all
// below it.
var rules = []struct {
	who string
	not []string // what it must not link, nor anything below
	why string
}{
	{who: "innate/configs", not: []string{"innate/models", "innate/metrics", "innate/trainer", "innate/tui"}, why: "a config is translated by those who read it"},
	{who: "innate/models/...", not: []string{"innate/configs", "innate/metrics", "innate/trainer", "innate/tui", "innate/cmd"}, why: "models never see configs"},
	{who: "innate/models/atomicfile", not: []string{"innate"}, why: "everything may write a file"},
	{who: "innate/models/published", not: []string{"innate/models/checkpoint", "innate/models/torchfile", "net/http"}, why: "a table of files brings none of them and opens no network"},
	{who: "innate/models/nvml", not: []string{"innate"}, why: "trainers and screens ask about GPUs"},
	{who: "innate/models/kernels", not: []string{"innate/models", "gorgonia.org"}, why: "kernels never see graphs"},
	{who: "innate/models/graph", not: []string{"innate/models/kernels", "innate/models/device", "innate/models/cpu", "innate/models/torch"}, why: "a graph knows no machine"},
	{who: "innate/models/device", not: []string{"innate/models/kernels", "innate/models/cpu", "innate/models/torch"}, why: "the seam knows none of its sides"},
	{who: "innate/models/cpu", not: []string{"innate/models/torch", "innate/models/unet", "innate/models/adm", "innate/models/disc", "innate/models/gdd"}, why: "a machine knows no network"},
	{who: "innate/models/torch", not: []string{"innate/models/cpu", "innate/models/kernels", "innate/models/unet", "innate/models/adm", "innate/models/disc", "innate/models/gdd"}, why: "a machine knows no network"},
	{who: "innate/models/nn", not: []string{"innate/models/cpu", "innate/models/kernels", "innate/models/unet", "innate/models/adm", "innate/models/precond", "innate/models/disc", "innate/models/features"}, why: "layers are graphs, for any machine and any network"},
	{who: "innate/models/precond", not: []string{"innate/models/unet", "innate/models/adm"}, why: "a denoiser wraps any network"},
	{who: "innate/metrics/spectrum", not: []string{"innate/metrics", "innate/models/device", "innate/models/graph"}, why: "a matrix is no statistic"},
	{who: "innate/metrics/...", not: []string{"innate/configs", "innate/trainer", "innate/tui"}, why: "a judge knows neither settings nor runs"},

	{who: "innate/trainer/...", not: []string{"innate/tui", "innate/cmd", "charm.land"}, why: "a run knows nobody who looks at it"},
	{who: "innate/trainer/run", not: []string{"innate/models", "innate/metrics", "innate/trainer/control", "innate/trainer/loop", "innate/trainer/method", "net/http"}, why: "a directory is read without a network, of either kind"},
	{who: "innate/trainer/cluster", not: []string{"innate/models", "innate/metrics", "innate/trainer/control", "innate/trainer/loop", "innate/trainer/method", "net/http"}, why: "a job is a script about a directory, whatever trains in it"},
	{who: "innate/trainer/control", not: []string{"innate/models", "innate/metrics", "innate/trainer/loop", "innate/trainer/method", "github.com/prometheus"}, why: "clients link it"},
	{who: "innate/trainer/remote", not: []string{"innate/models", "innate/metrics", "innate/trainer/loop", "innate/trainer/method"}, why: "what a run's files say travels, whatever trains in it"},
	{who: "innate/trainer/series", not: []string{"innate/models", "innate/metrics", "innate/configs", "innate/trainer", "net/http"}, why: "columns are numbers, of whatever run"},
	{who: "innate/trainer/runlog", not: []string{"innate/models", "innate/metrics", "innate/trainer/control", "innate/trainer/loop"}, why: "a history is read without its trainer"},
	{who: "innate/trainer/method", not: []string{"innate/trainer/loop", "innate/trainer/control", "innate/metrics"}, why: "a method knows one stage, not the loop around it"},
	{who: "innate/trainer/results", not: []string{"innate/models", "innate/metrics", "innate/trainer/loop", "innate/trainer/method", "net/http"}, why: "a table is read without a network"},
	{who: "innate/trainer/sweep", not: []string{"innate/models", "innate/metrics", "innate/trainer/control", "innate/trainer/loop", "innate/trainer/method", "net/http", "gorgonia.org"}, why: "a screen reads and compares runs without a network"},
	{who: "innate/trainer/figures", not: []string{"innate/models", "innate/metrics", "innate/trainer", "innate/configs", "net/http"}, why: "a screen shows what an analysis has found without its networks"},
	{who: "innate/trainer/loop", not: []string{"innate/trainer/analysis"}, why: "a run trains, others look at it"},
	{who: "innate/trainer/alerts", not: []string{"innate/models", "innate/metrics", "innate/trainer/control", "innate/trainer/loop", "innate/trainer/method"}, why: "who is told knows neither networks nor how a run is steered"},
	{who: "innate/trainer/optim", not: []string{"innate/trainer", "innate/configs"}, why: "it gets numbers"},

	{who: "innate/tui/...", not: []string{"innate/models", "innate/metrics", "innate/trainer/loop", "innate/trainer/method", "innate/trainer/optim", "innate/trainer/data", "innate/trainer/tensorboard", "innate/trainer/control/prom", "gorgonia.org", "github.com/prometheus/client_golang"}, why: "the screen links neither models nor loop"},
	{who: "innate/tui/session", not: []string{"charm.land/lipgloss", "innate/tui/theme", "innate/tui/widget", "innate/tui/host", "innate/tui/views"}, why: "it draws nothing"},
	{who: "innate/tui/widget/...", not: []string{"innate/trainer/run", "innate/trainer/runlog", "innate/trainer/control", "innate/trainer/loop", "innate/configs", "innate/tui/session", "innate/tui/host", "innate/tui/views"}, why: "a widget knows neither runs nor layers"},
	{who: "innate/tui/host", not: []string{"innate/tui/views"}, why: "it is asked by all views"},
	{who: "innate/tui/theme", not: []string{"innate/trainer", "innate/configs", "innate/tui"}, why: "colours know nothing of what they colour"},
	{who: "innate/tui/sixel", not: []string{"innate/trainer", "innate/configs", "innate/tui"}, why: "pictures know nothing of what they show"},
	{who: "innate/tui/machine", not: []string{"innate/trainer", "innate/configs", "innate/tui"}, why: "a machine is read without a run"},

	{who: "innate/cmd/innate", not: []string{"testing"}, why: "helpers of tests stay out of the program"},
}

// leaves are below everything: a rule that forbids what they lie in allows them.
var leaves = []string{"innate/models/atomicfile", "innate/models/nvml"}

// importers may be the only packages that import, and not merely link, something.
var importers = []struct {
	what string
	who  []string
	why  string
}{
	{"gorgonia.org", []string{"innate/models/graph"}, "one package alone speaks to Gorgonia"},
	{"innate/models/kernels", []string{"innate/models/cpu", "innate/models/graph/graphtest", "innate/trainer/loop", "innate/trainer/method", "innate/metrics", "innate/metrics/spectrum", "innate/models/frechet", "innate/cmd/innate"}, "all but a device speak to a device; the trainer looks for NaN in sums, statistics are float64 on any device, and the command names the kernels in use"},
	{"innate/tui", []string{"innate/cmd/innate", "innate/tui/tuitest"}, "views and widgets never see the App"},
	{"innate/tui/views", []string{"innate/tui", "innate/tui/tuitest"}, "the App alone registers views, by one line each"},
	{"github.com/ebitengine/purego", []string{"innate/trainer/ranks/mpi", "innate/models/torch/libtorch", "innate/models/torch/nccl", "innate/models/nvml"}, "C is called by a package a library"},
	{"innate/models/torch/libtorch", []string{"innate/models/torch"}, "tensors of PyTorch stay behind the device"},
	{"innate/models/published/download", []string{"innate/cmd/innate"}, "files come from a network when a person asks, never for a run or a screen"},
	{"github.com/spf13", []string{"innate/cmd/innate"}, "flags are the command's"},
}

// TestDependencies holds the rules.
func TestDependencies(t *testing.T) {
	all := imports(t)
	for _, broken := range brokenRules(all) {
		t.Error(broken)
	}
}

// TestRulesBreak breaks rules in a made-up tree, so that each kind is known to be
// noticed, through other packages, too.
func TestRulesBreak(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"innate/tui/views/curves", "innate/tui/views/layers", "innate/tui/views/curves links innate/tui/views/layers: no view names another"},
		{"innate/tui/session", "charm.land/lipgloss/v2", "innate/tui/session links charm.land/lipgloss/v2: it draws nothing"},
		{"innate/tui/widget", "innate/trainer/run", "innate/tui/widget links innate/trainer/run: a widget knows neither runs nor layers"},
		{"innate/trainer/control", "innate/models/unet", "innate/trainer/run links innate/models/unet"}, // which imports control here
		{"innate/models/unet", "innate/configs", "innate/models/unet links innate/configs: models never see configs"},
		{"innate/models/unet", "gorgonia.org/tensor", "innate/models/unet imports gorgonia.org/tensor: one package alone speaks to Gorgonia"},
		{"innate/tui/views/curves", "innate/tui", "innate/tui/views/curves imports innate/tui: views and widgets never see the App"},
		{"innate/tui/views/dashboard", "innate/tui/views/events", "innate/tui/views/dashboard links innate/tui/views/events: no view names another"},
		{"innate/cmd/innate", "innate/tui/views/curves", "innate/cmd/innate imports innate/tui/views/curves: the App alone registers views"},
		{"innate/tui", "innate/trainer/util", "innate/trainer/util: a package is named after its idea"},
	} {
		tree := map[string][]string{
			"innate/trainer/run": {"innate/trainer/control"}, "innate/tui/views/layers": nil, "innate/models/unet": nil, "innate/trainer/util": nil,
		}
		tree[c.from] = append(tree[c.from], c.to)
		if broken := brokenRules(tree); !slices.ContainsFunc(broken, func(s string) bool { return strings.HasPrefix(s, c.want) }) {
			t.Errorf("%s imports %s: got %q, want %q among it", c.from, c.to, broken, c.want)
		}
	}
}

// brokenRules says in which way a tree of imports breaks the rules.
func brokenRules(all map[string][]string) (broken []string) {
	say := func(who, does, what, why string) { broken = append(broken, who+" "+does+" "+what+": "+why) }
	for _, pkg := range slices.Sorted(maps.Keys(all)) {
		if !below(pkg, "innate") {
			continue
		}
		linked := links(all, pkg)
		for _, r := range rules {
			under, tree := strings.CutSuffix(r.who, "/...")
			if pkg != under && !(tree && below(pkg, under)) {
				continue
			}
			for _, dep := range linked {
				if dep != pkg && !below(dep, pkg) && !slices.Contains(leaves, dep) && slices.ContainsFunc(r.not, func(not string) bool { return below(dep, not) }) {
					say(pkg, "links", dep, r.why)
				}
			}
		}
		for _, dep := range linked {
			if view, other := viewOf(pkg), viewOf(dep); view != "" && other != "" && view != other {
				say(pkg, "links", dep, "no view names another")
			}
		}
		for _, r := range importers {
			for _, dep := range all[pkg] {
				exact := r.what == "innate/tui" // whose own packages may be imported
				if (dep == r.what || !exact && below(dep, r.what)) && !slices.Contains(r.who, pkg) {
					say(pkg, "imports", dep, r.why)
				}
			}
		}
		if slices.Contains([]string{"util", "utils", "common", "types", "helpers", "misc"}, path.Base(pkg)) {
			broken = append(broken, pkg+": a package is named after its idea")
		}
	}
	return broken
}

// viewOf is the view that a package belongs to; "" for one of none.
func viewOf(pkg string) string {
	rest, ok := strings.CutPrefix(pkg, "innate/tui/views/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// below reports whether pkg is root or lies below it.
func below(pkg, root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") }

// links are the packages that a program with pkg gets, pkg itself not counted.
func links(all map[string][]string, pkg string) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		for _, dep := range all[p] {
			if !seen[dep] {
				seen[dep] = true
				visit(dep)
			}
		}
	}
	visit(pkg)
	return slices.Sorted(maps.Keys(seen))
}

// imports are all packages of the module and those they link, with what each
// imports.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "innate/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, cmp.Or(string(out), "no output"))
	}
	all := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		all[fields[0]] = fields[1:]
	}
	return all
}
