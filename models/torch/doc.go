// Package torch is a device over a PyTorch that a person has installed: graphs
// run by operations of ATen, on the processor or on an NVIDIA GPU. The binary
// needs nothing but that PyTorch at run time; package libtorch below it finds,
// loads and calls it. Without one, New says what is missing and what to do.
//
// # Layout
//
// A value of the graph with four axes, an image [N H W C] mostly, is a tensor of
// PyTorch's order [N C H W], so that convolutions, norms and resampling take it as
// it is; every other value keeps its axes. What has four axes and is no image, a
// convolution's weight [Co Ci K K], follows the same rule as a value, and is seen
// in its own order by the operations that want it so. In memory images are
// row-major in PyTorch's order, or, with Options.ChannelsLast, in the graph's.
//
// A parameter, its moments, its average and its gradient are row-major in the
// parameter's own order: PyTorch's fused optimizers pair their elements by place
// in memory.
//
// # Life of values
//
// A program holds the value of a node until the last operation that reads it has
// run. What lies in between is PyTorch's allocator's, which keeps memory to use it
// again; there is no arena.
//
// # Several processes
//
// Gradients lie in one piece of memory. On GPUs NCCL adds it up over all processes where
// it lies (package nccl below), if every process has it; elsewhere it goes through the
// host's memory. So do sums in the midst of a run, as of batch statistics: a program that has
// some is launched operation by operation, and not as a CUDA graph.
//
// # Threads
//
// libtorch ties errors, the current device and its stream to a thread, so that
// one goroutine, locked to its thread, makes all calls of a device. NCCL's other calls
// than sums are made by a thread of its own, which may wait for other processes.
package torch
