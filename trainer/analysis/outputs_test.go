package analysis_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/nettest"
	"innate/models/nn"
	"innate/models/npz"
	"innate/models/precond"
	"innate/trainer/analysis"
)

// record runs a network on noise and writes what its layers give, in PyTorch's order of
// axes and under the names that a denoiser's modules have there.
func record(t *testing.T, net *analysis.Network) (path string, r *analysis.Recording) {
	t.Helper()
	const sigma = 2
	den, dev := net.Den, setup(t, 1, net.Den.Net.Shape()).Dev
	s := den.Net.Shape()
	var nodes []graph.Node
	var names []string
	var x, label graph.Node
	var levels *precond.Levels
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", goldenImages, s.Resolution, s.Resolution, s.Channels)
		label = g.Input("label", goldenImages, s.LabelDim)
		levels = den.NewLevels(g, goldenImages)
		g.Watch(func(layer, tap string, n graph.Node) graph.Node {
			if tap == nn.TapOutput {
				nodes, names = append(nodes, n), append(names, "model."+layer)
			}
			return n
		})
		nodes, names = append(nodes, den.Forward(g, x, levels, nn.Cond{Label: label})), append(names, analysis.Denoised)
	})
	check(t, err)
	program, err := dev.Compile(g, device.Request{Outputs: nodes})
	check(t, err)
	copy(g.Data(x), nettest.Images("z", goldenImages, s.Resolution, s.Channels))
	for i := range goldenImages {
		g.Data(label)[i*s.LabelDim+i%s.LabelDim] = 1
	}
	den.Set(g, levels, slices.Repeat([]float64{sigma}, goldenImages))
	check(t, program.Run())

	arrays := map[string]npz.Array{
		"x": channelsFirst(g.Data(x), x.Shape()), "labels": channelsFirst(g.Data(label), label.Shape()),
		"sigma": {Data: []float64{sigma}, Descr: "<f8"}, "model.enc.8x8_block0.norm0": channelsFirst(g.Data(x), x.Shape()),
	}
	for i, n := range nodes {
		arrays[names[i]] = channelsFirst(program.Value(n), n.Shape())
	}
	path = filepath.Join(t.TempDir(), "outputs.npz")
	f, err := os.Create(path)
	check(t, err)
	check(t, npz.Write(f, append(names, "x", "labels", "sigma", "model.enc.8x8_block0.norm0"), arrays))
	check(t, f.Close())
	r, err = analysis.ReadRecording(path)
	check(t, err)
	return path, r
}

// channelsFirst is an array [N … C] as [N C …].
func channelsFirst(values []float32, shape graph.Shape) npz.Array {
	n, c := shape[0], shape.Last()
	places := len(values) / (n * c)
	a := npz.Array{Shape: slices.Concat([]int{n, c}, shape[1:len(shape)-1]), Data: make([]float64, len(values)), Descr: "<f4"}
	for i, v := range values {
		image, place, channel := i/(places*c), i/c%places, i%c
		a.Data[(image*c+channel)*places+place] = float64(v)
	}
	return a
}

// TestCompareOutputs compares a network with what it has recorded itself: there is no
// difference, and when a weight changes the first is in the layer that has it.
func TestCompareOutputs(t *testing.T) {
	net := network(t, "residual_standard", precond.EDM)
	_, r := record(t, net)
	dev := setup(t, 2, net.Den.Net.Shape()).Dev
	list, others, err := analysis.CompareOutputs(dev, net, r)
	check(t, err)
	if !slices.Equal(others, []string{"enc.8x8_block0.norm0"}) || len(list) < 40 || list[len(list)-1].Module != analysis.Denoised {
		t.Errorf("%d modules, not compared %v; want all but the norm, and the image last", len(list), others)
	}
	for _, d := range list {
		if d.Difference != 0 || d.Largest == 0 {
			t.Errorf("%+v, want no difference from itself", d)
		}
	}

	const changed = "dec.4x4_block1.conv1"
	net.Den.Net.Params().Get(changed + ".weight").Data[0] += 0.5
	list, _, err = analysis.CompareOutputs(dev, net, r)
	check(t, err)
	first := slices.IndexFunc(list, func(d analysis.OutputDifference) bool { return d.Difference > 1e-6 })
	if first < 0 || list[first].Module != changed || list[len(list)-1].Difference == 0 {
		t.Errorf("a changed weight: first %d of %+v, want %s", first, list, changed)
	}

	nan := r.Outputs["map_layer0"]
	nan.Data[3] = math.NaN()
	if list, _, err = analysis.CompareOutputs(dev, net, r); err != nil || !slices.ContainsFunc(list, func(d analysis.OutputDifference) bool {
		return d.Module == "map_layer0" && d.Difference == math.MaxFloat64
	}) {
		t.Errorf("NaN recorded: %v, %+v", err, list)
	}
}

// TestRecordingErrors reads recordings that are not of the network.
func TestRecordingErrors(t *testing.T) {
	net := network(t, "residual_standard", precond.EDM)
	path, _ := record(t, net)
	dev := setup(t, 1, net.Den.Net.Shape()).Dev
	for _, c := range []struct {
		want string
		edit func(r *analysis.Recording)
	}{
		{"x: got [3 8 8 2], want [N 2 8 8]", func(r *analysis.Recording) { r.X.Shape = []int{3, 8, 8, 2} }},
		{"sigma: got 2 values, want 1 or 3", func(r *analysis.Recording) { r.Sigma.Data = []float64{1, 2} }},
		{"sigma: got -1, want positive numbers", func(r *analysis.Recording) { r.Sigma.Data = []float64{-1} }},
		{"labels: got [3 2], want [3 3]", func(r *analysis.Recording) { r.Labels.Shape = []int{3, 2} }},
		{"map_layer0: recorded as [16 3], want [3 16]", func(r *analysis.Recording) {
			a := r.Outputs["map_layer0"]
			a.Shape = []int{16, 3}
			r.Outputs["map_layer0"] = a
		}},
		{`none of the 1 modules recorded is one of its: want names such as "model.enc.8x8_block0"`, func(r *analysis.Recording) {
			r.Outputs = map[string]npz.Array{"down_blocks.0": r.X}
		}},
	} {
		r, err := analysis.ReadRecording(path)
		check(t, err)
		c.edit(r)
		if _, _, err := analysis.CompareOutputs(dev, net, r); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.npz")
	f, err := os.Create(empty)
	check(t, err)
	check(t, npz.Write(f, []string{"x"}, map[string]npz.Array{"x": {Shape: []int{1}, Data: []float64{1}, Descr: "<f4"}}))
	check(t, f.Close())
	if _, err := analysis.ReadRecording(empty); err == nil || !strings.Contains(err.Error(), `got no array "sigma"`) {
		t.Errorf("without sigma: %v", err)
	}
}
