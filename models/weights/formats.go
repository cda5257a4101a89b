package weights

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"innate/models/atomicfile"
	"innate/models/checkpoint"
	"innate/models/npz"
	"innate/models/registry"
	"innate/models/torchfile"
)

// The formats in which weights leave.
const (
	Safetensors = "safetensors"
	NPZ         = "npz"
	Torch       = "torch"
)

// Formats write a file of weights, by the name of the format.
var Formats = registry.New[func(path string, f *checkpoint.File) error]("format")

func init() {
	Formats.Add(Safetensors, checkpoint.Write)
	Formats.Add(NPZ, writeNPZ)
	Formats.Add(Torch, torchfile.Write)
}

// FormatOf is the format that a file's name asks for.
func FormatOf(path string) string {
	switch filepath.Ext(path) {
	case ".npz":
		return NPZ
	case ".pt", ".pth":
		return Torch
	}
	return Safetensors
}

// arrays are NumPy's names of the types that it has.
var arrays = map[checkpoint.DType]string{
	checkpoint.F64: "<f8", checkpoint.F32: "<f4", checkpoint.F16: "<f2", checkpoint.C64: "<c8", checkpoint.Bool: "|b1",
	checkpoint.I64: "<i8", checkpoint.I32: "<i4", checkpoint.I16: "<i2", checkpoint.I8: "|i1",
	checkpoint.U64: "<u8", checkpoint.U32: "<u4", checkpoint.U16: "<u2", checkpoint.U8: "|u1",
}

// writeNPZ writes tensors as arrays of their names. Types that NumPy lacks become
// float32, which has all their values; metadata have no place in the format.
func writeNPZ(path string, f *checkpoint.File) error {
	err := atomicfile.Write(path, atomicfile.SyncDir, func(to io.Writer) error {
		out := bufio.NewWriterSize(to, 1<<20)
		w := npz.NewWriter(out)
		for _, t := range f.Tensors() {
			descr, raw, err := asArray(t)
			if err != nil {
				return err
			}
			if err := w.Add(t.Name, descr, t.Shape, raw); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		return out.Flush()
	})
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

func asArray(t checkpoint.Tensor) (descr string, raw []byte, err error) {
	if descr = arrays[t.DType]; descr != "" {
		raw, err = t.Raw()
		return descr, raw, err
	}
	values, err := t.Float32s()
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return "<f4", raw, err
}
