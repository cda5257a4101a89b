package features

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/nn"
)

// stateDict lists what a state dict of PyTorch has to hold, in order.
type stateDict struct {
	kind    string
	tensors []stateTensor

	// unused are the beginnings of names that a whole network has and its maps do
	// not need.
	unused []string
}

// stateTensor is one tensor, and how it is drawn where there is no file.
type stateTensor struct {
	name  string
	shape []int
	draw  nn.Init
}

// add appends a tensor.
func (d *stateDict) add(name string, draw nn.Init, shape ...int) {
	d.tensors = append(d.tensors, stateTensor{name, shape, draw})
}

// conv appends a convolution's weight [out in k k].
func (d *stateDict) conv(name string, bias bool, out, in, k int) {
	weight, shift := nn.Default(in*k*k, 0)
	d.add(name+".weight", weight, out, in, k, k)
	if bias {
		d.add(name+".bias", shift, out)
	}
}

// linear appends a linear layer's weight [out in] and bias.
func (d *stateDict) linear(name string, out, in int) {
	d.matrix(name, out, in)
	_, bias := nn.Default(in, 0)
	d.add(name+".bias", bias, out)
}

// matrix appends a linear layer's weight alone.
func (d *stateDict) matrix(name string, out, in int) {
	weight, _ := nn.Default(in, 0)
	d.add(name+".weight", weight, out, in)
}

// norm appends a layer norm's weight and bias.
func (d *stateDict) norm(name string, channels int) {
	d.add(name+".weight", nn.Ones, channels)
	d.add(name+".bias", nil, channels)
}

// batchNorm appends a batch norm with its statistics.
func (d *stateDict) batchNorm(name string, channels int) {
	d.norm(name, channels)
	d.add(name+".running_mean", nil, channels)
	d.add(name+".running_var", nn.Ones, channels)
}

// random draws all tensors. A nil rng leaves them zero.
func (d *stateDict) random(rng *rand.Rand) *models.ParamSet {
	set := models.NewParamSet()
	for _, t := range d.tensors {
		p := set.Add(models.NewParam(t.name, t.shape...))
		if t.draw != nil && rng != nil {
			t.draw(rng, p.Data)
		}
	}
	return set
}

// read takes the tensors from a file, in which their names begin with prefix and may
// be others.
func (d *stateDict) read(f *checkpoint.File, prefix string, names naming) (*models.ParamSet, error) {
	return d.take(f, prefix, find(f, prefix, names))
}

// check refuses a file that read would refuse for its names and shapes. It reads no
// values.
func (d *stateDict) check(f *checkpoint.File, prefix string, names naming) error {
	return d.checkFound(f, prefix, find(f, prefix, names))
}

// checkFound is check of what has been found. All that is missing, of another shape or
// of no use is named.
func (d *stateDict) checkFound(f *checkpoint.File, prefix string, all map[string]*found) error {
	var wrong []string
	known := map[string]bool{}
	for _, t := range d.tensors {
		known[t.name] = true
		if got := all[t.name]; got == nil {
			wrong = append(wrong, fmt.Sprintf("%q: missing", prefix+t.name))
		} else if text := got.check(t.shape); text != "" {
			wrong = append(wrong, text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		unused := strings.HasSuffix(name, ".num_batches_tracked") || slices.ContainsFunc(d.unused, func(p string) bool { return strings.HasPrefix(name, p) })
		if !known[name] && !unused {
			wrong = append(wrong, fmt.Sprintf("%q: not of the network", name))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("features: %s: %s: %s", f.Path, d.kind, wrongTensors(wrong))
	}
	return nil
}

// take is read of what has been found.
func (d *stateDict) take(f *checkpoint.File, prefix string, all map[string]*found) (*models.ParamSet, error) {
	if err := d.checkFound(f, prefix, all); err != nil {
		return nil, err
	}
	set := models.NewParamSet()
	for _, t := range d.tensors {
		values, err := all[t.name].values()
		if err != nil {
			return nil, err
		}
		set.Add(&models.Param{Name: t.name, Shape: slices.Clone(t.shape), Data: values})
	}
	if err := set.CheckFinite(); err != nil {
		return nil, fmt.Errorf("features: %s: %w", f.Path, err)
	}
	return set, nil
}

// hasAll reports whether a file has tensors of all these names.
func hasAll(f *checkpoint.File, names ...string) bool {
	for _, name := range names {
		if _, err := f.Tensor(name); err != nil {
			return false
		}
	}
	return true
}

// folded is a convolution with the batch norm behind it, of fixed statistics: one
// convolution. It costs a pass over the map less forward, and one less backward.
type folded struct {
	name         string
	weight, bias *models.Param
}

// norm is a batch norm of fixed statistics; nil for a gain of 1.
type norm struct{ gain, shift, mean, variance []float32 }

// kept is what a network has of its file: the weights that it computes with, batch norms
// folded into them, and the fingerprint of those in the file.
type kept struct {
	params      *models.ParamSet
	fingerprint string
}

// Weights are the parameters that the network computes with.
func (k kept) Weights() *models.ParamSet { return k.params }

// Fingerprint is that of the weights and statistics in the network's file.
func (k kept) Fingerprint() string { return k.fingerprint }

// folding makes what is kept of a file's weights, in their memory: large weights are
// never there twice.
type folding struct {
	kept
	from *models.ParamSet // of the file; changes
}

func newFolding(from *models.ParamSet) *folding {
	return &folding{kept{models.NewParamSet(), from.Fingerprint()}, from}
}

// fold joins a convolution and a batch norm by torchvision's and timm's names.
func (f *folding) fold(conv, bn string, eps float64) folded {
	return f.foldNorm(conv, norm{
		f.from.Get(bn + ".weight").Data, f.from.Get(bn + ".bias").Data, f.from.Get(bn + ".running_mean").Data, f.from.Get(bn + ".running_var").Data,
	}, eps)
}

// foldNorm joins a convolution, with a bias or without, and a batch norm.
func (f *folding) foldNorm(name string, n norm, eps float64) folded {
	out := folded{name, f.from.Get(name + ".weight"), f.from.Get(name + ".bias")}
	if out.bias == nil {
		out.bias = models.NewParam(name+".bias", out.weight.Shape[0])
	}
	w, b := out.weight.Data, out.bias.Data
	per := len(w) / len(b)
	for c := range b {
		gain := 1.0
		if n.gain != nil {
			gain = float64(n.gain[c])
		}
		scale := gain / math.Sqrt(float64(n.variance[c])+eps)
		for i := c * per; i < (c+1)*per; i++ {
			w[i] = float32(float64(w[i]) * scale)
		}
		b[c] = float32((float64(b[c])-float64(n.mean[c]))*scale + float64(n.shift[c]))
	}
	f.params.Add(out.weight)
	f.params.Add(out.bias)
	return out
}
