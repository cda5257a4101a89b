// Package npztest writes files of NumPy for tests of those that read them.
package npztest

import (
	"encoding/binary"
	"fmt"
)

// File returns an npy file of version 1 with a header as given, right or wrong,
// and data, a slice of numbers in little-endian order.
func File(header string, data any) []byte {
	b := []byte("\x93NUMPY\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	b = append(b, header...)
	b, err := binary.Append(b, binary.LittleEndian, data)
	if err != nil {
		panic(err)
	}
	return b
}

// Array returns the npy file of an array of a type and shape, in NumPy's
// notation.
func Array(descr, shape string, data any) []byte {
	return File(fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape), data)
}
