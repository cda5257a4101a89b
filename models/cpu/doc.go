// Package cpu runs graphs on the processor, in the host's memory: the kernels of
// package kernels bound to the operations of package graph, memory planned for
// all of them, and a pool of threads.
//
// A run does not allocate, and its results do not depend, to the bit, on the
// number of threads, nor on how storage is shared.
//
// A kernel is registered in table.go; graphtest checks it.
//
// # Memory
//
// Who owns what, and for how long:
//
//   - Parameters and a graph's inputs belong to their maker. They are read
//     where they are, and only assignments and optimizers write to them.
//   - What operations of a program make for each other lies in its arena, where
//     values share storage as their lifetimes allow (graph.Plan). It means nothing
//     between two runs.
//   - Scratch, such as packed weights or the partial sums of a weight gradient,
//     means nothing between two operations. All operations have the same one, as
//     large as the one that needs most: kernels state what they need when a program
//     is planned, and own no memory.
//   - Scratch and arena of all programs of a Device lie over each other in its
//     workspace, since no two programs run at once. The training stages, the
//     generator of samples and the feature network of an evaluation together take
//     what the largest of them needs. The workspace is memory of the system and not
//     of Go's heap. It is taken when a program first runs, and may move when a
//     larger one does.
//   - Results and constants belong to the program until it is released, so that a
//     gradient or a loss stays what it was while other programs run.
//
// A program that replaces another takes over its results' memory, or has it given
// back first; so a change of what is frozen needs no more memory at any moment
// than training needs before or after it. Memory that no program needs goes back
// to the system at once.
package cpu
