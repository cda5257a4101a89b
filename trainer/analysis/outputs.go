package analysis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/nn"
	"innate/models/npz"
	"innate/models/precond"
)

// Recording is an input of a denoiser and what the modules of another implementation
// made of it.
type Recording struct {
	X       npz.Array // noisy images [N C R R]
	Sigma   npz.Array // their noise levels [N], or one for all
	Labels  npz.Array // of a class-conditional denoiser: one-hot [N classes]
	Outputs map[string]npz.Array
}

// The names of a Recording's arrays in a file, and of the denoiser's own output. All
// others are modules.
const (
	recordedX      = "x"
	recordedSigma  = "sigma"
	recordedLabels = "labels"
	Denoised       = "denoised"
)

// modulePrefix is what modules have before their names where the denoiser, and not the
// network in it, was asked for them.
const modulePrefix = "model."

// ReadRecording reads the npz file of a recording: x, sigma and labels, and an array for
// each module by its name: [N C H W] of images, [N C] of embeddings.
func ReadRecording(path string) (*Recording, error) {
	arrays, err := npz.Load(path)
	if err != nil {
		return nil, err
	}
	r := &Recording{X: arrays[recordedX], Sigma: arrays[recordedSigma], Labels: arrays[recordedLabels], Outputs: map[string]npz.Array{}}
	for _, name := range []string{recordedX, recordedSigma} {
		if len(arrays[name].Data) == 0 {
			return nil, fmt.Errorf("%s: got no array %q, want x, sigma, labels of a class-conditional network, and outputs by module", path, name)
		}
	}
	for name, a := range arrays {
		if name != recordedX && name != recordedSigma && name != recordedLabels {
			r.Outputs[strings.TrimPrefix(name, modulePrefix)] = a
		}
	}
	return r, nil
}

// OutputDifference is how far the output of a module is from the recorded one.
type OutputDifference struct {
	Module     string  `json:"module"`     // by EDM's name: enc.32x32_block0.conv1
	Shape      []int   `json:"shape"`      // as recorded
	Difference float64 `json:"difference"` // the largest, of the largest recorded value; math.MaxFloat64 where a value is not finite
	Largest    float64 `json:"largest"`    // recorded value
}

// CompareOutputs runs the denoiser on what was recorded. The modules come in the order in
// which they compute; beside them are the names of those recorded that innate has no
// output of by itself, such as norms, which it computes together with what follows.
func CompareOutputs(dev device.Device, net *Network, r *Recording) (list []OutputDifference, others []string, err error) {
	den := net.Den
	n, err := r.check(den.Net.Shape())
	if err != nil {
		return nil, nil, fmt.Errorf("analysis: %s: %w", net.Name, err)
	}
	var x, label, denoised graph.Node
	var levels *precond.Levels
	nodes, order := map[string]graph.Node{}, []string{}
	g, err := graph.Build(func(g *graph.Builder) {
		s := den.Net.Shape()
		x = g.Input("x", n, s.Resolution, s.Resolution, s.Channels)
		if s.LabelDim > 0 {
			label = g.Input("label", n, s.LabelDim)
		}
		levels = den.NewLevels(g, n)
		g.Watch(func(layer, tap string, n graph.Node) graph.Node {
			if _, known := nodes[layer]; tap == nn.TapOutput && !known {
				nodes[layer], order = n, append(order, layer)
			}
			return n
		})
		denoised = den.Forward(g, x, levels, nn.Cond{Label: label})
	})
	if err != nil {
		return nil, nil, err
	}
	nodes[Denoised], order = denoised, append(order, Denoised)
	order = slices.DeleteFunc(order, func(name string) bool { _, recorded := r.Outputs[name]; return !recorded })
	outputs := []graph.Node{}
	for _, name := range order {
		if err := sameShape(nodes[name].Shape(), r.Outputs[name].Shape); err != nil {
			return nil, nil, fmt.Errorf("analysis: %s: %s: %w", net.Name, name, err)
		}
		outputs = append(outputs, nodes[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
		if !slices.Contains(order, name) {
			others = append(others, name)
		}
	}
	if len(order) == 0 {
		return nil, others, fmt.Errorf("analysis: %s: none of the %d modules recorded is one of its: want names such as %q", net.Name, len(r.Outputs), modulePrefix+nameOfBlock(den))
	}
	program, err := dev.Compile(g, device.Request{Outputs: outputs})
	if err != nil {
		return nil, nil, err
	}
	defer program.Release()
	channelsLast(g.Data(x), r.X)
	if !label.IsZero() && r.Labels.Data != nil {
		channelsLast(g.Data(label), r.Labels)
	}
	sigma := make([]float64, n)
	for i := range sigma {
		sigma[i] = r.Sigma.Data[i%len(r.Sigma.Data)]
	}
	den.Set(g, levels, sigma)
	if err := program.Run(); err != nil {
		return nil, nil, err
	}
	for _, name := range order {
		list = append(list, difference(name, program.Value(nodes[name]), r.Outputs[name]))
	}
	return list, others, nil
}

// nameOfBlock is the name of a block of the network.
func nameOfBlock(den *precond.Denoiser) string {
	if blocks := den.Net.Blocks(); len(blocks) > 0 {
		return blocks[0].Name
	}
	return "enc"
}

// check returns the number of images that the recording is of.
func (r *Recording) check(s precond.Shape) (n int, err error) {
	shape := r.X.Shape
	if len(shape) != 4 || shape[0] < 1 || shape[1] != s.Channels || shape[2] != s.Resolution || shape[3] != s.Resolution {
		return 0, fmt.Errorf("x: got %v, want [N %d %d %d]", shape, s.Channels, s.Resolution, s.Resolution)
	}
	n = shape[0]
	if got := len(r.Sigma.Data); got != 1 && got != n {
		return 0, fmt.Errorf("sigma: got %d values, want 1 or %d", got, n)
	}
	for _, v := range r.Sigma.Data {
		if !(v > 0) || math.IsInf(v, 0) {
			return 0, fmt.Errorf("sigma: got %g, want positive numbers", v)
		}
	}
	if got := r.Labels.Shape; r.Labels.Data != nil && !slices.Equal(got, []int{n, s.LabelDim}) {
		return 0, fmt.Errorf("labels: got %v, want [%d %d]", got, n, s.LabelDim)
	}
	return n, nil
}

// sameShape compares a shape, channels last, with a recorded one, channels first.
func sameShape(got graph.Shape, recorded []int) error {
	want := slices.Clone([]int(got))
	if len(want) == 4 {
		want = []int{got[0], got[3], got[1], got[2]}
	}
	if !slices.Equal(recorded, want) {
		return fmt.Errorf("recorded as %v, want %v", recorded, want)
	}
	return nil
}

// channelsLast copies an array [N C …] to [N … C].
func channelsLast(dst []float32, a npz.Array) {
	n, c := a.Shape[0], a.Shape[1]
	places := len(a.Data) / (n * c)
	for i := range n {
		for j := range c {
			for p := range places {
				dst[(i*places+p)*c+j] = float32(a.Data[(i*c+j)*places+p])
			}
		}
	}
}

// difference compares values with what was recorded.
func difference(name string, got []float32, recorded npz.Array) OutputDifference {
	want := make([]float32, len(got))
	channelsLast(want, recorded)
	d := OutputDifference{Module: name, Shape: recorded.Shape}
	for i, v := range want {
		by := math.Abs(float64(got[i]) - float64(v))
		if math.IsNaN(by) || math.IsInf(by, 0) {
			return OutputDifference{Module: name, Shape: recorded.Shape, Difference: math.MaxFloat64}
		}
		d.Difference, d.Largest = max(d.Difference, by), max(d.Largest, math.Abs(float64(v)))
	}
	if d.Largest > 0 {
		d.Difference /= d.Largest
	}
	return d
}
