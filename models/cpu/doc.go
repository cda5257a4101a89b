// Package cpu runs graphs on the processor, in the host's memory: the kernels of
// package kernels bound to the operations of package graph, one arena for what
// lies between them, and a pool of threads.
//
// Inputs and parameters are read where they are. A run does not allocate, and
// its results do not depend, to the bit, on the number of threads, nor on how
// storage is shared.
//
// A kernel is registered in table.go; graphtest checks it.
package cpu
