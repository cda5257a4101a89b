// Package machine looks at the computer that a run is on: processor, memory,
// disk, GPU, and single processes. Every look may take a while and belongs
// outside a screen's loop; what cannot be read is NaN or missing, not an error,
// so that the rest still shows.
//
// GPUs are asked for through nvidia-smi. NVML, the library behind it, would
// answer faster, but calling a C library takes cgo, and innate is built without.
package machine
