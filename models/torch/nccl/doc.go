// Package nccl adds up values that lie on the GPUs of several processes, by NVIDIA's
// library of that name, which pip installs beside PyTorch. It is loaded at run time.
//
// Every process has a Comm, its place among the others. One thread, whose current GPU
// is the process's, joins, watches and ends it; Sum may be called from another one.
// What a Comm is asked to add up is queued on a stream of the GPU, and fails, if it
// does, later: Check tells. Abort ends what waits for a process that is gone.
package nccl

// Variable is the environment variable that names the library, or is Off.
const (
	Variable = "INNATE_NCCL"
	Off      = "off"
)
