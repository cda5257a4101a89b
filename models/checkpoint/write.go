package checkpoint

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"innate/models/atomicfile"
)

// Write stores f at path, replacing what is there in one step: a reader sees
// the old file or the new one, also after a crash. Tensors of wider elements
// are written first, so that all values are aligned.
func Write(path string, f *File) error {
	err := atomicfile.Write(path, atomicfile.SyncDir, func(to io.Writer) error {
		w := bufio.NewWriterSize(to, 1<<20)
		header, err := f.encode(w)
		if err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
		// The header has the sum of values that are known once they are written, and
		// may be costly to have twice.
		at, ok := to.(io.WriterAt)
		if !ok {
			return fmt.Errorf("%s: a writer that cannot go back", path)
		}
		_, err = at.WriteAt(header, lengthSize)
		return err
	})
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// lengthSize is the bytes before the header.
const lengthSize = 8

// encode writes the file's bytes to w, with a header that lacks the checksums, and
// returns the one that has them.
func (f *File) encode(w io.Writer) (header []byte, err error) {
	tensors := slices.Clone(f.tensors)
	slices.SortStableFunc(tensors, func(a, b Tensor) int { return b.DType.bits() - a.DType.bits() })
	if header, err = f.header(tensors); err != nil {
		return nil, err
	}
	if len(header) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, want at most %d", len(header), maxHeader)
	}
	if err := binary.Write(w, binary.LittleEndian, uint64(len(header))); err != nil {
		return nil, err
	}
	if _, err := w.Write(header); err != nil {
		return nil, err
	}
	sums := map[string]uint32{}
	buf := make([]byte, 0, 1<<16) // one for all tensors, which would else be garbage
	for _, t := range tensors {
		sum := crc32.New(castagnoli)
		if err := t.write(io.MultiWriter(w, sum), buf); err != nil {
			return nil, err
		}
		sums[t.Name] = sum.Sum32()
	}
	all := uint32(0)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range tensors {
		all = joinSums(all, sums[t.Name], int64(t.bytes()))
	}
	copy(sumIn(header, valuesSumKey), digits(all))
	copy(sumIn(header, headerSumKey), digits(crc32.Checksum(header, castagnoli)))
	return header, nil
}

// write writes the tensor's values, by way of buf's memory.
func (t Tensor) write(w io.Writer, buf []byte) error {
	switch {
	case t.read != nil:
		return t.stream(w)
	case t.f32 == nil:
		raw, err := t.values()
		if err != nil {
			return err
		}
		_, err = w.Write(raw)
		return err
	}
	for part := range slices.Chunk(t.f32, cap(buf)/4) {
		buf = buf[:0]
		for _, v := range part {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// header builds the JSON in the order of the values, padded with spaces to a
// multiple of eight bytes. The checksums in it are noSum.
func (f *File) header(tensors []Tensor) ([]byte, error) {
	out := []byte{'{', ' '} // see headMark
	put := func(key string, value any) error {
		k, err := json.Marshal(key)
		if err != nil {
			return err
		}
		v, err := json.Marshal(value)
		if err != nil {
			return err
		}
		if len(out) > 2 {
			out = append(out, ',')
		}
		out = append(append(append(out, k...), ':'), v...)
		return nil
	}
	meta := map[string]string{}
	maps.Copy(meta, f.Metadata)
	delete(meta, oldSumKey)
	meta[headerSumKey], meta[valuesSumKey] = noSum, noSum
	if err := put(metadataKey, meta); err != nil {
		return nil, err
	}
	at := int64(0)
	for _, t := range tensors {
		end := at + int64(t.bytes())
		shape := t.Shape
		if shape == nil {
			shape = []int{}
		}
		if err := put(t.Name, entry{DType: t.DType, Shape: shape, Offsets: []int64{at, end}}); err != nil {
			return nil, err
		}
		at = end
	}
	out = append(out, '}')
	for len(out)%8 != 0 {
		out = append(out, ' ')
	}
	return out, nil
}
