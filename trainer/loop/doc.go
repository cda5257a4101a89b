// Package loop is the training process's inside: one goroutine owns every
// tensor and runs one step after the other.
//
// A step reads top to bottom in step.go: commands and config edits are applied
// first, then the method trains on one batch, then what is due at that number of
// images happens: a slice of a running FID evaluation, a tick, a sample grid, a
// checkpoint. Commands and edits arrive by channel; status leaves as immutable
// snapshots. Nothing here locks a tensor.
//
// The methods (edm.go, classifier.go, gdd.go) know how to train on one batch and
// which tensors they own; everything around that is the same for all of them.
package loop
