// Package loop is the training process's inside: one goroutine owns every
// tensor and runs one step after the other.
//
// A step reads top to bottom in step.go: commands and config edits are applied
// first, then the method trains on one batch, then what is due at that number of
// images happens: statistics of the layers, a slice of a running FID evaluation, a
// tick, a sample grid, a checkpoint. A tick is also judged (health.go): a run whose
// losses diverge says so, and pauses or rolls back where the config says so. Commands and
// edits arrive by channel; status leaves as immutable snapshots. Nothing here locks
// a tensor.
//
// A run survives what happens to its process and its disk. A checkpoint has all
// that an exact resume needs (persist.go), is written in the background
// (saver.go) and kept as long as the settings say (retention.go). All writes to
// the run directory pass one gate, which pauses the run while the directory
// takes none (storage.go); a directory that is gone ends it (home.go).
//
// The methods (package method) know how to train on one batch and
// which tensors they own; everything around that is the same for all of them.
package loop
