package libtorch

import "fmt"

// DType is the type of a tensor's values.
type DType uint8

// The types in use.
const (
	Float32 DType = iota
	BFloat16
	Float64
	Int64
	dtypeCount
)

var dtypeNames = [dtypeCount]string{"float32", "bfloat16", "float64", "int64"}

// Kind is a kind of device.
type Kind uint8

// The kinds in use.
const (
	CPU Kind = iota
	CUDA
)

var kindNames = [...]string{"cpu", "cuda"}

// Device is one device; Index counts those of a kind, from 0.
type Device struct {
	Kind  Kind
	Index int
}

// String names the device as PyTorch does.
func (d Device) String() string {
	if d.Kind == CPU {
		return "cpu"
	}
	return fmt.Sprintf("%s:%d", kindNames[d.Kind], d.Index)
}

// Tensor is a handle of a tensor of libtorch; 0 stands for none.
type Tensor uintptr
