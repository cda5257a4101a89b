package kernels_test

import (
	"fmt"

	"innate/models/kernels"
)

// A convolution is prepared once for its shape and then runs without allocating,
// here a box filter of 3x3 over an image of 3x3 ones, padded by zeros.
func ExampleNewConvForward() {
	pool := kernels.NewPool(1)
	defer pool.Close()
	conv := kernels.NewConvForward(pool, kernels.ConvShape{N: 1, H: 3, W: 3, Ci: 1, Co: 1, K: 3, Stride: 1, Pad: 1}, nil, nil)
	ones := []float32{1, 1, 1, 1, 1, 1, 1, 1, 1}
	y := make([]float32, 9)
	conv.Run(ones, ones, nil, y)
	fmt.Println(y)
	// Output: [4 6 4 6 9 6 4 6 4]
}

// Workers take the jobs of a Run in any order, so each writes what is its own.
func ExamplePool() {
	pool := kernels.NewPool(2)
	defer pool.Close()
	squares := make([]int, 6)
	pool.Run(len(squares), func(_, job int) { squares[job] = job * job })
	fmt.Println(squares)
	// Output: [0 1 4 9 16 25]
}
