package metrics

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"strings"
)

// RowFile is a Store in a file: a line that says what is measured, then for every
// batch its features and logits, little-endian float32, and the CRC-32C of their
// bytes. A batch is there whole or not at all: what a kill has cut short, or a power
// failure spoilt, is found by its sum and made again. Once numbers of all are recorded
// the batches may give way to a mark that says so.
type RowFile struct {
	file     *os.File
	kept     *bufio.Reader // of what the file had; nil once it has been read
	head     int64         // where batches begin
	end      int64         // after the last whole batch
	recorded bool
	pending  []byte
}

// recordedMark stands in place of all batches. It cannot be one, whose length is a
// multiple of 4.
const recordedMark = "recorded\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenRowFile opens or creates the file of a measurement. identity, one line, holds
// everything that the features depend on; a file of another one begins anew.
func OpenRowFile(path, identity string) (*RowFile, error) {
	if strings.Contains(identity, "\n") {
		panic("metrics: identity of a measurement: want one line")
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	head := int64(len(identity) + 1)
	f := &RowFile{file: file, kept: bufio.NewReaderSize(file, 1<<20), head: head, end: head}
	first := make([]byte, f.end)
	if _, err := io.ReadFull(f.kept, first); err == nil && string(first) == identity+"\n" {
		mark, err := f.kept.Peek(len(recordedMark) + 1)
		f.recorded = errors.Is(err, io.EOF) && string(mark) == recordedMark
		return f, nil
	}
	f.kept = nil
	if err = errors.Join(file.Truncate(0), f.write(0, []byte(identity+"\n"))); err != nil {
		file.Close()
		return nil, fmt.Errorf("metrics: %s: %w", path, err)
	}
	return f, nil
}

// Recorded reports whether the numbers of all batches were recorded, which the file no
// longer has.
func (f *RowFile) Recorded() bool { return f.recorded }

// SetRecorded ends a measurement whose numbers are recorded, and says so to whoever opens
// the file again.
func (f *RowFile) SetRecorded() error {
	if err := errors.Join(f.file.Truncate(f.head), f.write(f.head, []byte(recordedMark)), f.file.Close()); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// Next implements Store.
func (f *RowFile) Next(features, logits []float32) (ok bool, err error) {
	if f.kept == nil {
		return false, nil
	}
	block := make([]byte, 4*(len(features)+len(logits)+1))
	n, err := io.ReadFull(f.kept, block)
	body := block[:len(block)-4]
	if err != nil || crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(block[len(body):]) {
		f.kept = nil
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, fmt.Errorf("metrics: %s: batch after %d bytes: %w", f.file.Name(), f.end+int64(n), err)
		}
		return false, f.file.Truncate(f.end)
	}
	f.end += int64(len(block))
	for _, part := range [][]float32{features, logits} {
		for i := range part {
			part[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		}
		body = body[4*len(part):]
	}
	return true, nil
}

// Append implements Store.
func (f *RowFile) Append(features, logits []float32) error {
	b := f.pending[:0]
	for _, part := range [][]float32{features, logits} {
		for _, v := range part {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	f.pending = b
	if err := f.write(f.end, b); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	f.end += int64(len(b))
	return nil
}

func (f *RowFile) write(at int64, b []byte) error {
	_, err := f.file.WriteAt(b, at)
	return err
}

// Close keeps what there is for another time.
func (f *RowFile) Close() error { return f.file.Close() }

// Remove ends a measurement whose numbers are recorded.
func (f *RowFile) Remove() error {
	err := os.Remove(f.file.Name())
	if errors.Is(err, os.ErrNotExist) { // somebody else has measured the same
		err = nil
	}
	return errors.Join(f.file.Close(), err)
}
