// Package sessiontest invents what a run may say of its layers. It is for tests
// alone.
package sessiontest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"innate/trainer/run"
	"innate/tui/session"
)

// UNet describes a network shaped like EDM's: blocks per resolution, channels
// times 1, 2, … with attention at the deepest resolution.
func UNet(sides []int, blocks, channels int) []run.Layer {
	var out []run.Layer
	add := func(unit, kind string, side int, frozen bool, shape ...int) {
		part, block := "map", ""
		if p := strings.SplitN(unit, ".", 3); len(p) > 1 {
			part, block = p[0], p[1]
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		out = append(out,
			run.Layer{Name: unit + ".weight", Kind: kind, Part: part, Block: block, Resolution: side, Shape: shape, Count: n, Frozen: frozen},
			run.Layer{Name: unit + ".bias", Kind: kind, Part: part, Block: block, Resolution: side, Shape: shape[:1], Count: shape[0], Frozen: frozen})
	}
	add("map_layer0", "linear", 0, false, 4*channels, channels)
	add("map_layer1", "linear", 0, false, 4*channels, 4*channels)
	block := func(part string, side int, name string, in, c int, attention bool) {
		b := fmt.Sprintf("%s.%dx%d_%s", part, side, side, name)
		add(b+".norm0", "norm", side, false, in)
		add(b+".conv0", "conv", side, true, c, in, 3, 3)
		add(b+".affine", "linear", side, false, c, 4*channels)
		add(b+".norm1", "norm", side, false, c)
		add(b+".conv1", "conv", side, true, c, c, 3, 3)
		if in != c || name == "down" {
			add(b+".skip", "conv", side, false, c, in, 1, 1)
		}
		if attention {
			add(b+".norm2", "norm", side, false, c)
			add(b+".qkv", "conv", side, false, 3*c, c, 1, 1)
			add(b+".proj", "conv", side, true, c, c, 1, 1)
		}
	}
	c := channels
	for i, side := range sides {
		if i == 0 {
			add(fmt.Sprintf("enc.%dx%d_conv", side, side), "conv", side, false, c, 1, 3, 3)
		} else {
			block("enc", side, "down", c, c, false)
		}
		for j := range blocks {
			in := c
			c = channels * (i + 1)
			block("enc", side, fmt.Sprintf("block%d", j), in, c, i == len(sides)-1)
		}
	}
	for i := len(sides) - 1; i >= 0; i-- {
		side := sides[i]
		if i == len(sides)-1 {
			block("dec", side, "in0", c, c, true)
			block("dec", side, "in1", c, c, false)
		} else {
			block("dec", side, "up", c, c, false)
		}
		for j := range blocks + 1 {
			in := 2 * c
			c = channels * (i + 1)
			block("dec", side, fmt.Sprintf("block%d", j), in, c, i == len(sides)-1)
		}
	}
	top := fmt.Sprintf("dec.%dx%d_aux_", sides[0], sides[0])
	add(top+"norm", "norm", sides[0], false, c)
	add(top+"conv", "conv", sides[0], false, 1, c, 3, 3)
	return out
}

// Teacher is a small network with half of its convolutions frozen.
func Teacher() []run.Layer { return UNet([]int{28, 14, 7}, 1, 16) }

// Measure invents measurements of layers: gradients fall, distances grow, frozen layers have
// neither.
func Measure(l *session.Layers, layers []run.Layer, times int) {
	r := rand.New(rand.NewPCG(7, 7))
	speed := make([]float64, len(layers))
	for i := range speed {
		speed[i] = math.Exp(r.NormFloat64())
	}
	for k := range times {
		v := [3][]float64{make([]float64, len(layers)), make([]float64, len(layers)), make([]float64, len(layers))}
		x := float64(k+1) / 64
		for i := range layers {
			if layers[i].Frozen {
				v[0][i], v[1][i], v[2][i] = math.NaN(), math.NaN(), math.NaN()
				continue
			}
			noise := 0.9 + 0.2*r.Float64()
			v[0][i] = 0.3 * noise / (0.2 + x*speed[i])
			v[1][i] = 2e-3 * noise / (0.3 + x*speed[i])
			v[2][i] = 0.1 * speed[i] * math.Sqrt(x)
		}
		l.Measure(int64(k+1)*1000, v[0], v[1], v[2])
	}
}

// Pair returns a network of two units in one block, of 9 and 1 values and 6.
func Pair() []run.Layer {
	return []run.Layer{
		{Name: "enc.8x8_b.conv0.weight", Kind: "conv", Resolution: 8, Count: 9},
		{Name: "enc.8x8_b.conv0.bias", Kind: "conv", Resolution: 8, Count: 1},
		{Name: "enc.8x8_b.affine.weight", Kind: "linear", Resolution: 8, Count: 6},
	}
}
