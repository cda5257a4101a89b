// Package graph builds expression graphs of float32 tensors, differentiates
// them and plans how they run. It is the only package that imports Gorgonia,
// whose graph carries the nodes; operations, gradients and plans are our own.
//
// Layout. Values are row-major, activations [N H W C], convolution weights
// [Cout Cin kH kW], linear weights [out in]; a scalar has no axes.
//
// Building. A Builder's methods add nodes and panic when shapes do not fit;
// Build alone turns that panic into an error, which names the layer set with
// Builder.Scope. Equal applications of an operation are one node.
//
// Gradients. Builder.Grad adds the nodes of a gradient by reverse accumulation.
// It can be called on its own results; fused operations without a second
// derivative must then be expanded, with the option TwiceDifferentiable.
//
// Planning. A Plan for a list of outputs holds the nodes that these need and no
// others, so that the weight gradient of a frozen layer costs nothing, how long
// each value must live, and where in one arena. A device of package device runs
// it; nothing here knows of any.
//
// An operation is a Def: its shape, its gradient, and its expansion if it is
// fused. Each device has its own implementation of it; graphtest checks both in a
// few lines.
package graph
