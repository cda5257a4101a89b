package edm

import (
	"fmt"
	"maps"
	"math"
	"strings"

	"innate/models"
	"innate/models/adm"
	"innate/models/checkpoint"
	"innate/models/precond"
	"innate/models/unet"
)

// StateDict is a denoiser under the names that EDM's classes load, all of them: the
// resampling filters and iDDPM's noise levels, which are constants here, are tensors there.
func StateDict(den *precond.Denoiser, metadata map[string]string) (*checkpoint.File, error) {
	f := checkpoint.New()
	maps.Copy(f.Metadata, metadata)
	if levels := den.Kind.Levels(); levels != nil {
		u := make([]float32, len(levels))
		for i, v := range levels {
			u[i] = float32(v)
		}
		if err := f.Add(checkpoint.Float32("u", u, len(u))); err != nil {
			return nil, err
		}
	}
	if err := f.AddParams(Prefix, den.Net.Params()); err != nil {
		return nil, err
	}
	if err := f.AddParams(Prefix, den.Net.Buffers()); err != nil {
		return nil, err
	}
	n, err := networkOf(den.Net)
	if err != nil {
		return nil, err
	}
	filters, err := n.filters()
	if err != nil {
		return nil, err
	}
	return f, f.AddParams(Prefix, filters)
}

// networkOf is what a network is built from.
func networkOf(net precond.Net) (Network, error) {
	switch net := net.(type) {
	case *unet.Net:
		return Network{Song: &net.Config}, nil
	case *adm.Net:
		return Network{ADM: &net.Config}, nil
	}
	return Network{}, fmt.Errorf("edm: a network of type %T, want one of EDM's", net)
}

// filters are the buffers called resample_filter of every convolution that changes
// the resolution.
func (n Network) filters() (*models.ParamSet, error) {
	taps, summed := []int{1, 1}, false // summed: the output is, over resolutions
	if n.Song != nil {
		arch := n.Song.Architecture()
		taps, summed = arch.Taps, arch.Decoder == unet.Skip
	}
	set := models.NewParamSet()
	add := func(unit string) {
		name := unit + ".resample_filter"
		if set.Get(name) == nil {
			set.Add(&models.Param{Name: name, Shape: []int{1, 1, len(taps), len(taps)}, Data: outer(taps)})
		}
	}
	layers, err := n.Layers()
	if err != nil {
		return nil, err
	}
	lowest := math.MaxInt
	for _, l := range layers {
		if l.Resolution > 0 {
			lowest = min(lowest, l.Resolution)
		}
	}
	for _, l := range layers {
		block := l.Part + "." + l.Block
		switch {
		case strings.HasSuffix(block, "_aux_residual"):
			add(block)
		case strings.HasSuffix(block, "_aux_skip"): // after a convolution without parameters
			add(strings.TrimSuffix(block, "skip") + "down")
		case summed && strings.HasSuffix(block, "_aux_norm") && l.Resolution > lowest:
			add(strings.TrimSuffix(block, "norm") + "up")
		case strings.HasSuffix(block, "_down"), strings.HasSuffix(block, "_up"):
			add(block + ".conv0")
			add(block + ".skip")
		}
	}
	return set, nil
}

// outer is the filter in two dimensions, which sums to one.
func outer(taps []int) []float32 {
	sum := 0
	for _, t := range taps {
		sum += t
	}
	var out []float32
	for _, a := range taps {
		for _, b := range taps {
			out = append(out, float32(a*b)/float32(sum*sum))
		}
	}
	return out
}
