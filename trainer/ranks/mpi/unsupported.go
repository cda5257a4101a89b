//go:build !linux || static || !(amd64 || arm64)

package mpi

import (
	"errors"

	"innate/trainer/ranks"
)

// Library is an MPI that is loaded; there is none here.
type Library struct{}

// Load says why.
func Load(func(string) string) (*Library, error) {
	return nil, errors.New("mpi: this innate loads no libraries, want one for Linux on amd64 or arm64, built without the tag static")
}

// Name is the library's own line about itself.
func (*Library) Name() string { return "" }

// Init cannot be.
func (*Library) Init(ranks.Place) (ranks.Adder, error) { return nil, errors.New("mpi: no library") }
