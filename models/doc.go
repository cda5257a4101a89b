// Package models holds what every network shares: named parameters and the
// rules that select them by name.
//
// A parameter keeps the name and the layout it has in an EDM checkpoint, less
// the "model." wrapper: convolutions are [Cout Cin kH kW], linear layers are
// [out in]. The same name serves import, freezing, optimizer state, logs and
// screen.
package models
