// Package libtorch calls a PyTorch that a person has installed, from a binary
// that was built without cgo: it loads libtorch at run time and uses nothing but
// the extern "C" functions that libtorch exports for AOTInductor (aoti_torch_*)
// and as its stable ABI (torch_*). It needs no compiler, no headers and no
// Python. It knows tensors and operations of ATen, and nothing of graphs.
//
// # Threads
//
// The text of an error, grad mode, the current device and the current stream
// belong to a thread of libtorch. Everything but Find is therefore for one
// goroutine that has called runtime.LockOSThread.
//
// # Errors
//
// libtorch does not check the arguments of a call: a wrong type or a missing
// tensor ends the process. So calls are made by one function a type, in the order
// of the operation's schema, and only by code whose every operation has a test.
// The first error stays in the Lib, and calls after it do nothing, until Err is
// asked.
package libtorch
