// Package edm knows the published networks: what EDM's constructors mean by their
// arguments (arguments.go), and the checkpoints that were published by name
// (checkpoints.go). It opens what package torchfile reads of their network pickles
// (open.go).
package edm
