// Package machine looks at the computer that a run is on: processor, memory,
// disk, GPU, and single processes. Every look may take a while and belongs
// outside a screen's loop; what cannot be read is NaN or missing, not an error,
// so that the rest still shows.
//
// GPUs are asked for through NVML, and through nvidia-smi where NVML cannot be
// loaded.
package machine
