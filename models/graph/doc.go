// Package graph builds expression graphs of float32 tensors, differentiates
// them and runs them. It is the only package that imports Gorgonia, whose graph
// carries the nodes; operations, gradients and execution are our own.
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
// Running. Compile plans a Machine for a list of outputs: it executes the nodes
// that these need and no others, so that the weight gradient of a frozen layer
// costs nothing. Run reads inputs and parameters in place and does not
// allocate. Results do not depend on the number of threads, nor on how storage
// is shared.
//
// An operation is a Def (its shape, its gradient) and a Kernel registered for
// it; graphtest checks both in a few lines.
package graph
