//go:build !linux

package cpu

import "innate/models"

// pages are memory of Go's heap.
type pages struct{}

func (*pages) take(n int) ([]float32, error) { return models.AlignedFloats(n), nil }

func (*pages) give() {}

func trim([]float32) {}
