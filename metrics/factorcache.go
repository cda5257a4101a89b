package metrics

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"

	"innate/metrics/spectrum"
	"innate/models/atomicfile"
)

// factorExt ends the names of factors of covariances, which a Cache keeps beside features.
const factorExt = ".factor"

// factorIdentity begins such a file: by what it was computed.
const factorIdentity = "innate factor 1\n"

// leastFactor is from how many dimensions on a factor is kept: of fewer it is made
// sooner than read. A test has fewer.
var leastFactor = 512

// Reference is NewReference with the factor of the covariance from the cache, where an
// equal covariance has been factored before, to the same bits. A nil cache keeps nothing.
func (c *Cache) Reference(s Stats) (*Reference, error) {
	if c == nil || s.Dim() < leastFactor {
		return NewReference(s)
	}
	if err := s.Validate(); err != nil {
		return nil, err
	}
	path := filepath.Join(c.Dir, contentOf(s.Sigma)+factorExt)
	if f := readFactor(path, s.Dim()); f != nil {
		touch(path)
		return newReference(s, f), nil
	}
	ref, err := NewReference(s)
	if err != nil {
		return nil, err
	}
	err = os.MkdirAll(c.Dir, 0o755)
	if err == nil {
		err = atomicfile.WriteBytes(path, atomicfile.NoSync, factorBytes(ref.factor))
	}
	if err != nil {
		c.Warn(fmt.Errorf("metrics: a factor is not kept: %w", err))
	}
	c.evict()
	return ref, nil
}

// contentOf is a digest of values.
func contentOf(values []float64) string {
	sum, block := sha256.New(), make([]byte, 0, 8<<10)
	for i, v := range values {
		block = binary.LittleEndian.AppendUint64(block, math.Float64bits(v))
		if len(block) == cap(block) || i == len(values)-1 {
			sum.Write(block)
			block = block[:0]
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// factorBytes are a line that says what it is, rank, dimensions and whether it is
// triangular, the order [D] and the values [Rank D], all of 8 bytes, and their CRC-32C.
func factorBytes(f *spectrum.Factor) []byte {
	b := []byte(factorIdentity)
	triangular := 0
	if f.Triangular {
		triangular = 1
	}
	for _, v := range append([]int{f.Rank, len(f.Order), triangular}, f.Order...) {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range f.U {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readFactor reads a factor of d dimensions; nil where there is no whole one.
func readFactor(path string, d int) *spectrum.Factor {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	most := len(factorIdentity) + 8*(3+d+d*d) + 4
	b, err := io.ReadAll(io.LimitReader(file, int64(most)+1))
	if body := len(b) - 4; err == nil && body >= 0 && crc32.Checksum(b[:body], castagnoli) == binary.LittleEndian.Uint32(b[body:]) {
		if f, err := parseFactor(b[:body], d); err == nil {
			return f
		}
	}
	return nil
}

// errFactor is all that is said of a file that is none: its factor is made anew.
var errFactor = errors.New("metrics: not a factor")

func parseFactor(b []byte, d int) (*spectrum.Factor, error) {
	b, ok := bytes.CutPrefix(b, []byte(factorIdentity))
	if !ok || len(b) < 8*(3+d) || len(b)%8 != 0 {
		return nil, errFactor
	}
	next := func() uint64 {
		v := binary.LittleEndian.Uint64(b)
		b = b[8:]
		return v
	}
	rank, width, triangular := next(), next(), next()
	if width != uint64(d) || rank > uint64(d) || len(b) != 8*d*(int(rank)+1) {
		return nil, errFactor
	}
	f := &spectrum.Factor{Rank: int(rank), Triangular: triangular == 1, Order: make([]int, d), U: make([]float64, int(rank)*d)}
	for i := range f.Order {
		v := next()
		if v >= uint64(d) {
			return nil, errFactor
		}
		f.Order[i] = int(v)
	}
	for i := range f.U {
		f.U[i] = math.Float64frombits(next())
	}
	return f, nil
}
