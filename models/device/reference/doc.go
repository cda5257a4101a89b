// Package reference is a device that runs graphs in float64, one value after the
// other, by the definition of every operation. It is for tests: what another
// device computes is held against it, and it shows what a device must do. It
// shares nothing with package cpu but the graph.
package reference
