package analysis_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"innate/configs"
	"innate/models/device/devicetest"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/analysis"
	"innate/trainer/figures"
	"innate/trainer/loop"
)

// digits is a small network of the size of digits, with random weights.
func digits(t *testing.T, seed uint64) *analysis.Network {
	t.Helper()
	net, err := unet.New(unet.Config{
		Arch: "ddpmpp", Sizes: precond.Sizes{Resolution: 28, Channels: 1, ModelChannels: 4, ChannelMult: []int{1, 1}, ChannelMultEmb: 1, NumBlocks: 1, AttnResolutions: []int{}},
	}, rand.New(rand.NewPCG(seed, 0)))
	check(t, err)
	return &analysis.Network{Name: "digits", Den: &precond.Denoiser{Net: net, Kind: precond.GDD}, Weights: net.Params().Fingerprint()}
}

var mnist = analysis.Judge{Features: "builtin:mnist-fid-cnn", Input: "own", Reference: "builtin:mnist-fid-ref"}

func drawing(t *testing.T) analysis.Setup {
	t.Helper()
	dev := devicetest.Open(t, 1)
	t.Cleanup(dev.Close)
	return analysis.Setup{Dev: dev, N: 20, Seed: 3, Report: func(done, total int) {}}
}

// pair is a student that differs from its teacher in some tensors.
func pair(t *testing.T) (student, teacher *analysis.Network) {
	t.Helper()
	student, teacher = digits(t, 1), digits(t, 1)
	for _, name := range []string{"dec.28x28_aux_conv.weight", "dec.28x28_aux_conv.bias", "enc.28x28_conv.weight"} {
		for i, v := range digits(t, 2).Den.Net.Params().Get(name).Data {
			student.Den.Net.Params().Get(name).Data[i] += 0.5*v + 0.01
		}
	}
	student.Weights = student.Den.Net.Params().Fingerprint()
	return student, teacher
}

func probing(folder string) analysis.Probing {
	return analysis.Probing{By: "role", Modes: analysis.ProbeModes, Judge: mnist, Folder: folder, Now: time.Now}
}

func text(t *testing.T, r *figures.Report) string {
	t.Helper()
	b, err := json.Marshal(r)
	check(t, err)
	return string(b)
}

// TestProbe: groups that did not move cost nothing, all together cost what the teacher
// does, and the student is not changed.
func TestProbe(t *testing.T) {
	student, teacher := pair(t)
	r, err := analysis.Probe(context.Background(), drawing(t), student, teacher, probing(""))
	check(t, err)
	if student.Den.Net.Params().Fingerprint() != student.Weights {
		t.Error("the student was changed")
	}
	fid := func(n *analysis.Network) float64 {
		m, err := analysis.Mismatch(context.Background(), drawing(t), n, n, mnist, nil, []int{1})
		check(t, err)
		return column(t, m, "steps", "FID(S, data)")[0]
	}
	want := fid(teacher) - fid(student)
	for _, row := range r.Tables[0].Rows {
		cost := row.Values[2]
		switch row.Words[0] {
		case "all":
			if cost != want {
				t.Errorf("all: costs %v, want %v", cost, want)
			}
		case "conv", "aux_conv":
			if cost == 0 || !(row.Values[3] > 0) {
				t.Errorf("%s: %v, want a cost and a change", row.Words[0], row.Values)
			}
		default:
			if cost != 0 || row.Values[3] != 0 {
				t.Errorf("%s did not move: %v, want no cost", row.Words[0], row.Values)
			}
		}
	}
	if costs := column(t, r, "groups", "dFID whole"); !slices.IsSortedFunc(costs, func(a, b float64) int { return -int(math.Copysign(1, a-b)) }) && costs[0] != slices.Max(costs) {
		t.Errorf("costs %v, want the largest first", costs)
	}
}

// TestProbeModes: in whatever order they are asked for, and how often, the costs that
// tensors have are those of the first of ProbeModes, and say which.
func TestProbeModes(t *testing.T) {
	student, teacher := pair(t)
	for _, c := range []struct {
		modes        []string
		heads, title string
	}{
		{[]string{"norm", "whole", "norm"}, "values distance dFID whole change whole dFID norm change norm", "What each tensor's group costs, wholly"},
		{[]string{"norm"}, "values distance dFID norm change norm", "What each tensor's group costs, by its norm"},
	} {
		how := probing("")
		how.By, how.Modes = "part", c.modes
		r, err := analysis.Probe(context.Background(), drawing(t), student, teacher, how)
		check(t, err)
		if got := strings.Join(r.Tables[0].Heads, " "); got != c.heads || r.Tables[1].Title != c.title {
			t.Errorf("%v: %q, %q; want %q, %q", c.modes, got, r.Tables[1].Title, c.heads, c.title)
		}
	}
}

// TestProbeResumes: one that its budget ended, and one that was killed within a line,
// continue to the numbers of one that nothing stopped.
func TestProbeResumes(t *testing.T) {
	student, teacher := pair(t)
	whole, err := analysis.Probe(context.Background(), drawing(t), student, teacher, probing(t.TempDir()))
	check(t, err)
	folder := t.TempDir()
	how := probing(folder)
	how.Budget = 3 * time.Second
	now := time.Unix(0, 0)
	how.Now = func() time.Time { now = now.Add(time.Second); return now }
	part, err := analysis.Probe(context.Background(), drawing(t), student, teacher, how)
	check(t, err)
	if len(part.Notes) != 1 || !strings.Contains(part.Notes[0], "The budget ended it") {
		t.Errorf("ended by its budget: %q", part.Notes)
	}
	files, err := filepath.Glob(filepath.Join(folder, "probe-*.jsonl"))
	check(t, err)
	if len(files) != 1 {
		t.Fatalf("files %v, want one", files)
	}
	f, err := os.OpenFile(files[0], os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = f.WriteString(`{"by":"role","group":"conv","mo`)
	check(t, err)
	check(t, f.Close())

	ctx, cancel := context.WithCancel(context.Background())
	s := drawing(t)
	calls := 0
	s.Report = func(done, total int) {
		if calls++; calls == 8 {
			cancel()
		}
	}
	if _, err := analysis.Probe(ctx, s, student, teacher, probing(folder)); !errors.Is(err, context.Canceled) {
		t.Fatalf("killed: %v", err)
	}
	got, err := analysis.Probe(context.Background(), drawing(t), student, teacher, probing(folder))
	check(t, err)
	if a, b := text(t, got), text(t, whole); a != b {
		t.Errorf("continued:\n%s\nwant\n%s", a, b)
	}
}

// TestMismatch: a network in one step against itself lies at no distance, and a
// network of other images is refused.
func TestMismatch(t *testing.T) {
	net := digits(t, 1)
	r, err := analysis.Mismatch(context.Background(), drawing(t), net, net, mnist, nil, []int{1, 2})
	check(t, err)
	check(t, r.Validate())
	first, second := r.Tables[0].Rows[0].Values, r.Tables[0].Rows[1].Values
	if first[1] > 1e-6 || first[4] != 0 || first[2] != first[3] {
		t.Errorf("itself: %v", first)
	}
	if second[0] != 3 || !(second[1] > 0) || !(second[4] > 0) {
		t.Errorf("in two steps: %v", second)
	}
	other := network(t, "residual_standard", precond.EDM)
	if _, err := analysis.Mismatch(context.Background(), drawing(t), net, other, mnist, nil, []int{2}); err == nil || !strings.Contains(err.Error(), "want [28 28 1]") {
		t.Errorf("a teacher of other images: %v", err)
	}
	s := drawing(t)
	s.N = 1
	if _, err := analysis.Mismatch(context.Background(), s, net, net, mnist, nil, []int{2}); err == nil || !strings.Contains(err.Error(), "want at least 2") {
		t.Errorf("one image: %v", err)
	}
}

// TestMismatchPerceptual: the column of LPIPS is the mean over pairs of the distance that
// it is given, and is absent otherwise. Of pixels that is rms squared, to the rounding of
// sums in float32, though the pairs fill no whole number of batches; over the maps of a
// network of three channels gray images lie at no distance from themselves.
func TestMismatchPerceptual(t *testing.T) {
	small, err := features.New(features.Config{Channels: 3, Widths: []int{2, 3}, Classes: 2}, rand.New(rand.NewPCG(1, 2)))
	check(t, err)
	s, net := drawing(t), digits(t, 1)
	s.N = 18
	column := func(target *gdd.Target) []figures.Row {
		t.Helper()
		r, err := analysis.Mismatch(context.Background(), s, net, net, mnist, &analysis.Perceptual{Target: target, Fact: figures.Fact{Name: "LPIPS", Value: "of a test"}}, []int{1, 2})
		check(t, err)
		check(t, r.Validate())
		if heads := r.Tables[0].Heads; heads[len(heads)-1] != "LPIPS(T, S)" || !slices.Contains(r.How, figures.Fact{Name: "LPIPS", Value: "of a test"}) {
			t.Errorf("heads %v, %v", heads, r.How)
		}
		return r.Tables[0].Rows
	}
	for _, row := range column(&gdd.Target{}) {
		rms, got := row.Values[5], row.Values[6]
		if want := rms * rms; math.Abs(got-want) > 1e-5*want {
			t.Errorf("of pixels %v, want %v", got, want)
		}
	}
	path := disc.ProjectorConfig{InSize: 28, Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.5, 0.5, 0.5}}
	rows := column(&gdd.Target{Net: small, Path: path, Linear: [][]float32{{1, 2}, {3, 1, 1}}})
	if a, b := rows[0].Values[6], rows[1].Values[6]; a != 0 || !(b > 0) {
		t.Errorf("over maps %v and %v, want 0 and more", a, b)
	}
	r, err := analysis.Mismatch(context.Background(), s, net, net, mnist, nil, []int{1})
	check(t, err)
	if slices.Contains(r.Tables[0].Heads, "LPIPS(T, S)") {
		t.Errorf("without weights: %v", r.Tables[0].Heads)
	}
	builtin := "builtin:mnist-fid-cnn"
	if _, err := analysis.OpenLPIPS(builtin, builtin); err == nil || !strings.Contains(err.Error(), "want torchvision's vgg16 for LPIPS") {
		t.Errorf("another network: %v", err)
	}
}

// TestSuggest: what is suggested freezes what the table says, within the share, and
// what never moved comes first.
func TestSuggest(t *testing.T) {
	student, teacher := pair(t)
	probe, err := analysis.Probe(context.Background(), drawing(t), student, teacher, probing(""))
	check(t, err)
	for _, by := range analysis.Groupings {
		s, err := analysis.Suggest(student, teacher, []*figures.Report{probe}, by, 0.9)
		check(t, err)
		var file struct{ Freeze configs.Freeze }
		_, err = toml.Decode(s.Freeze, &file)
		check(t, err)
		names := student.Den.Net.Params().Names()
		frozen, err := loop.Frozen(names, file.Freeze)
		check(t, err)
		layers := student.Den.Net.Layers()
		words := map[string]string{}
		trains := false
		for _, row := range s.Report.Tables[0].Rows {
			words[row.Words[0]] = row.Words[1]
			if trains = trains || row.Words[1] == "train"; trains && row.Words[1] == "freeze" {
				t.Errorf("by %s: %s is frozen, what ranks before it trains", by, row.Words[0])
			}
		}
		values, all := 0, 0
		for _, l := range layers {
			if want := words[analysis.GroupOf(l, by)] == "freeze"; frozen[l.Name] != want {
				t.Errorf("by %s: %s: frozen %v, want %v", by, l.Name, frozen[l.Name], want)
			}
			all += l.Count()
			if frozen[l.Name] {
				values += l.Count()
			}
		}
		none := slices.ContainsFunc(s.Report.Notes, func(note string) bool { return strings.HasPrefix(note, "nothing is frozen") })
		if float64(values) > 0.9*float64(all) || none != (values == 0) {
			t.Errorf("by %s: %d of %d frozen", by, values, all)
		}
		if with := slices.Contains(s.Report.Tables[0].Heads, "dFID a thousand values"); with != (by == "role") {
			t.Errorf("by %s: heads %v", by, s.Report.Tables[0].Heads)
		}
		if !strings.Contains(s.Report.Notes[0], "never moved") {
			t.Errorf("by %s: notes %q", by, s.Report.Notes)
		}
	}
}

func TestGroupOf(t *testing.T) {
	l := nn.Layer{Name: "enc.28x28_block0.conv0.weight", Kind: nn.KindConv, Part: "enc", Block: "28x28_block0", Unit: "enc.28x28_block0.conv0", Resolution: 28}
	got := map[string]string{}
	for _, by := range analysis.Groupings {
		got[by] = analysis.GroupOf(l, by)
	}
	want := map[string]string{
		"kind": "conv", "role": "conv0", "resolution": "28x28", "part": "enc", "block": "enc.28x28_block0", "unit": "enc.28x28_block0.conv0", "tensor": l.Name,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if role := analysis.GroupOf(nn.Layer{Unit: "dec.28x28_aux_norm"}, "role"); role != "aux_norm" {
		t.Errorf("got %q", role)
	}
}
