package graph_test

import (
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
)

// BenchmarkFused times fused operations at the sizes of a small U-Net (64 images
// of 28x28, 16 channels) and of its discriminator: value alone, and value with
// all gradients. It reports ns per element of the first input.
func BenchmarkFused(b *testing.B) {
	image, c := []int{64, 28, 28, 16}, []int{16}
	tests := []struct {
		name string
		in   [][]int
		f    func(g *graph.Builder, in ...graph.Node) graph.Node
	}{
		{"group_norm_silu", [][]int{image, c, c}, func(g *graph.Builder, in ...graph.Node) graph.Node {
			return g.GroupNormSiLU(in[0], in[1], in[2], 4, 1e-6)
		}},
		{"batch_norm_leaky", [][]int{image, c, c}, func(g *graph.Builder, in ...graph.Node) graph.Node {
			y, _, _ := g.BatchNormLeakyReLU(in[0], in[1], in[2], 1e-5, 0.2)
			return y
		}},
		{"conv3x3", [][]int{image, {16, 16, 3, 3}, c}, func(g *graph.Builder, in ...graph.Node) graph.Node {
			return g.Conv(in[0], in[1], in[2], graph.ConvOpts{Stride: 1, Pad: 1})
		}},
		{"up", [][]int{image}, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Upsample2(in[0], []int{1, 1}) }},
		{"down", [][]int{image}, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Downsample2(in[0], []int{1, 1}, 0) }},
		{"up_tent", [][]int{image}, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Upsample2(in[0], []int{1, 3, 3, 1}) }},
		{"down_tent", [][]int{image}, func(g *graph.Builder, in ...graph.Node) graph.Node {
			return g.Downsample2(in[0], []int{1, 3, 3, 1}, 1)
		}},
		{"bilinear", [][]int{{64, 16, 16, 32}}, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Bilinear(in[0], 32, 32, true) }},
		{"attention", [][]int{{64, 7, 7, 192}}, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Attention(in[0], 1) }},
	}
	dev := devicetest.Open(b, 1)
	defer dev.Close()
	for _, c := range tests {
		for _, gradients := range []bool{false, true} {
			name := c.name
			if gradients {
				name += "_grad"
			}
			b.Run(name, func(b *testing.B) {
				g, outputs := withGradients(b, c.f, c.in)
				if !gradients {
					outputs = outputs[:1]
				}
				m, err := dev.Compile(g, device.Request{Outputs: outputs})
				if err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					m.Run()
				}
				size := graph.Shape(c.in[0]).Size()
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(size), "ns/element")
			})
		}
	}
}
