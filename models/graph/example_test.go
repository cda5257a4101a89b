package graph_test

import (
	"fmt"

	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
)

// A loss, the gradient of one of two parameters, and one run. The gradient of b,
// which nobody asks for, is not computed.
func Example() {
	w := &models.Param{Name: "w", Shape: []int{2, 3}, Data: []float32{1, 0, 2, 0, 1, 1}}
	b := &models.Param{Name: "b", Shape: []int{2}, Data: []float32{1, -1}}
	var x, loss, dw graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", 1, 3)
		y := g.Linear(x, g.Param(w), g.Param(b))
		loss = g.Sum(g.Square(y))
		grads, err := g.Grad(loss, g.Param(w))
		if err != nil {
			panic(err)
		}
		dw = grads[0]
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	dev := cpu.New(1)
	defer dev.Close()
	m, err := dev.Compile(g, device.Request{Outputs: []graph.Node{loss, dw}})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(g.Data(x), []float32{1, 2, 3})
	m.Run()
	fmt.Println(m.Value(loss), m.Value(dw))
	// Output: [80] [16 32 48 8 16 24]
}

// Shapes that do not fit are an error that names the layer.
func ExampleBuild() {
	_, err := graph.Build(func(g *graph.Builder) {
		defer g.Scope("enc.28x28_block0.conv0")()
		x := g.Input("x", 1, 28, 28, 3)
		w := g.Param(models.NewParam("w", 16, 4, 3, 3))
		g.Conv(x, w, graph.Node{}, graph.ConvOpts{Stride: 1, Pad: 1})
	})
	fmt.Println(err)
	// Output: graph: enc.28x28_block0.conv0: conv [1 28 28 3] [16 4 3 3]: weight [16 4 3 3] for 4 channels, want 3
}
