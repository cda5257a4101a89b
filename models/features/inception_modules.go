package features

import "innate/models/graph"

// pooling is what a branch of Inception's begins with.
type pooling int

const (
	none    pooling = iota
	mean            // of 3x3 pixels, which keeps the size
	largest         // likewise
	coarser         // the largest of 3x3 in steps of 2
)

func (p pooling) window() graph.Window {
	if p == coarser {
		return graph.Window{Side: 3, Stride: 2}
	}
	return graph.Window{Side: 3, Stride: 1, Pad: 1}
}

// unit is a convolution of kh x kw, a batch norm and a ReLU, by NVIDIA's name and
// torchvision's. pad is that of its rows.
type unit struct {
	name, torch              string
	out, kh, kw, stride, pad int
}

// branch is a pooling and units, one after the other.
type branch struct {
	pool  pooling
	units []unit
}

// module is branches side by side. Those that begin with units of the same names share
// them.
type module struct {
	name, torch string
	branches    []branch
}

// same is a unit that keeps the size of a map, of any odd kernel.
func same(name, torch string, out, kh, kw int) unit {
	return unit{name, torch, out, kh, kw, 1, kh / 2}
}

// valid is a unit without padding.
func valid(name, torch string, out, k, stride int) unit {
	return unit{name, torch, out, k, k, stride, 0}
}

func chain(units ...unit) branch { return branch{none, units} }

// alone is a module of one unit.
func alone(u unit) module { return module{branches: []branch{chain(u)}} }

func poolOnly() module { return module{branches: []branch{{pool: coarser}}} }

// moduleA has kernels of 5x5 and twice 3x3; the pooled branch ends with so many channels.
func moduleA(name, torch string, pooled int) module {
	return module{name, torch, []branch{
		chain(same("conv", "branch1x1", 64, 1, 1)),
		chain(same("tower.conv", "branch5x5_1", 48, 1, 1), same("tower.conv_1", "branch5x5_2", 64, 5, 5)),
		chain(same("tower_1.conv", "branch3x3dbl_1", 64, 1, 1), same("tower_1.conv_1", "branch3x3dbl_2", 96, 3, 3), same("tower_1.conv_2", "branch3x3dbl_3", 96, 3, 3)),
		{mean, []unit{same("tower_2.conv", "branch_pool", pooled, 1, 1)}},
	}}
}

// moduleC has long kernels, of 7 pixels, between which maps have mid channels.
func moduleC(name, torch string, mid int) module {
	return module{name, torch, []branch{
		chain(same("conv", "branch1x1", 192, 1, 1)),
		chain(same("tower.conv", "branch7x7_1", mid, 1, 1), same("tower.conv_1", "branch7x7_2", mid, 1, 7), same("tower.conv_2", "branch7x7_3", 192, 7, 1)),
		chain(same("tower_1.conv", "branch7x7dbl_1", mid, 1, 1), same("tower_1.conv_1", "branch7x7dbl_2", mid, 7, 1), same("tower_1.conv_2", "branch7x7dbl_3", mid, 1, 7),
			same("tower_1.conv_3", "branch7x7dbl_4", mid, 7, 1), same("tower_1.conv_4", "branch7x7dbl_5", 192, 1, 7)),
		{mean, []unit{same("tower_2.conv", "branch_pool", 192, 1, 1)}},
	}}
}

// moduleE forks branches a second time.
func moduleE(name, torch string, pool pooling) module {
	a := same("tower_conv", "branch3x3_1", 384, 1, 1)
	b, b1 := same("tower_1_conv", "branch3x3dbl_1", 448, 1, 1), same("tower_1_conv_1", "branch3x3dbl_2", 384, 3, 3)
	return module{name, torch, []branch{
		chain(same("conv", "branch1x1", 320, 1, 1)),
		chain(a, same("tower_mixed_conv", "branch3x3_2a", 384, 1, 3)),
		chain(a, same("tower_mixed_conv_1", "branch3x3_2b", 384, 3, 1)),
		chain(b, b1, same("tower_1_mixed_conv", "branch3x3dbl_3a", 384, 1, 3)),
		chain(b, b1, same("tower_1_mixed_conv_1", "branch3x3dbl_3b", 384, 3, 1)),
		{pool, []unit{same("tower_2_conv", "branch_pool", 192, 1, 1)}},
	}}
}

// inceptionModules is the whole network, of images of 299 pixels: 35 pixels from mixed
// on, 17 from mixed_3 on and 8 from mixed_8 on.
var inceptionModules = []module{
	alone(valid("conv", "Conv2d_1a_3x3", 32, 3, 2)),
	alone(valid("conv_1", "Conv2d_2a_3x3", 32, 3, 1)),
	alone(same("conv_2", "Conv2d_2b_3x3", 64, 3, 3)),
	poolOnly(),
	alone(valid("conv_3", "Conv2d_3b_1x1", 80, 1, 1)),
	alone(valid("conv_4", "Conv2d_4a_3x3", 192, 3, 1)),
	poolOnly(),
	moduleA("mixed", "Mixed_5b", 32), moduleA("mixed_1", "Mixed_5c", 64), moduleA("mixed_2", "Mixed_5d", 64),
	{"mixed_3", "Mixed_6a", []branch{
		chain(valid("conv", "branch3x3", 384, 3, 2)),
		chain(same("tower.conv", "branch3x3dbl_1", 64, 1, 1), same("tower.conv_1", "branch3x3dbl_2", 96, 3, 3), valid("tower.conv_2", "branch3x3dbl_3", 96, 3, 2)),
		{pool: coarser},
	}},
	moduleC("mixed_4", "Mixed_6b", 128), moduleC("mixed_5", "Mixed_6c", 160), moduleC("mixed_6", "Mixed_6d", 160), moduleC("mixed_7", "Mixed_6e", 192),
	{"mixed_8", "Mixed_7a", []branch{
		chain(same("tower.conv", "branch3x3_1", 192, 1, 1), valid("tower.conv_1", "branch3x3_2", 320, 3, 2)),
		chain(same("tower_1.conv", "branch7x7x3_1", 192, 1, 1), same("tower_1.conv_1", "branch7x7x3_2", 192, 1, 7), same("tower_1.conv_2", "branch7x7x3_3", 192, 7, 1),
			valid("tower_1.conv_3", "branch7x7x3_4", 192, 3, 2)),
		{pool: coarser},
	}},
	moduleE("mixed_9", "Mixed_7b", mean), moduleE("mixed_10", "Mixed_7c", largest),
}

// eachInception calls f for every unit of every branch with the channels that it gets.
func eachInception(f func(name string, u unit, in int)) {
	in := 3
	for _, m := range inceptionModules {
		out := 0
		for _, br := range m.branches {
			channels := in
			for _, u := range br.units {
				f(join(m.name, u.name), u, channels)
				channels = u.out
			}
			out += channels
		}
		in = out
	}
}

// join is the name of something within a module, which has none where it is all of it.
func join(module, name string) string {
	if module == "" {
		return name
	}
	return module + "." + name
}
