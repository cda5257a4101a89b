package models

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// Fingerprint tells weights from others: the SHA-256, in hexadecimal, of every
// parameter's name, shape and values, in the order of the names. Where the weights
// were read from has no part in it.
func (s *ParamSet) Fingerprint() string {
	sum := sha256.New()
	sorted := slices.SortedFunc(slices.Values(s.list), func(a, b *Param) int { return cmp.Compare(a.Name, b.Name) })
	var block []byte
	for _, p := range sorted {
		fmt.Fprintf(sum, "%q %v\n", p.Name, p.Shape)
		for part := range slices.Chunk(p.Data, 4096) {
			block = block[:0]
			for _, v := range part {
				block = binary.LittleEndian.AppendUint32(block, math.Float32bits(v))
			}
			sum.Write(block)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
