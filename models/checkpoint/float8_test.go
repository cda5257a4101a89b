package checkpoint_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
)

// TestEighths widens all 256 values of each type of one byte and compares the bits
// with those of PyTorch 2.15, as a hash, every NaN being 7fc00000.
func TestEighths(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for d, want := range map[checkpoint.DType]string{
		checkpoint.F8E4M3:     "422eccfaa21e72a6b26855bb10cdcfead6c1ce3262ecd813c99d8cbf9677f2e2",
		checkpoint.F8E5M2:     "229a94c5f728edf2259da970a0e1dfb45cc1d69cce2b30e37659f3212ec4b8b9",
		checkpoint.F8E4M3FNUZ: "ac4866f772a7c08077713fde1fa54131d49c26339c885e971a24fc0fac6e33f4",
		checkpoint.F8E5M2FNUZ: "aac12d2730bf26ca53bfa107a7a6a8df192aba8cf58b971eec9126f83991e6d4",
		checkpoint.F8E8M0:     "2fb2732a956043772ccd2c1664ae5d2558c62f9c06780c04d95f1ff0050f2f2f",
	} {
		values, err := checkpoint.Deferred("a", d, writes(all), 256).Float32s()
		must(t, err)
		var bits []byte
		for _, v := range values {
			b := math.Float32bits(v)
			if v != v {
				b = 0x7fc00000
			}
			bits = binary.LittleEndian.AppendUint32(bits, b)
		}
		if sum := sha256.Sum256(bits); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s: %v, want PyTorch's values", d, values)
		}
	}
}

// writes is what Deferred takes for bytes at hand.
func writes(b []byte) func(w io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

// TestDeferred reads values when they are wanted, and refuses those that do not
// fit.
func TestDeferred(t *testing.T) {
	n := 0
	f := checkpoint.New()
	must(t, f.Add(checkpoint.Deferred("a", checkpoint.U8, func(w io.Writer) error { n++; return writes([]byte{1, 2, 3})(w) }, 3)))
	if n != 0 {
		t.Errorf("read %d times before it was asked for", n)
	}
	got, err := checkpoint.Read(write(t, f))
	must(t, err)
	if b, err := got.Tensors()[0].Bytes(); err != nil || !slices.Equal(b, []byte{1, 2, 3}) {
		t.Errorf("values %v, %v; want 1 2 3", b, err)
	}
	for _, c := range []struct {
		read func(w io.Writer) error
		want string
	}{
		{writes([]byte{1}), `tensor "a": 1 bytes, want 3 for U8 [3]`},
		{func(io.Writer) error { return errors.New("disk on fire") }, `tensor "a": disk on fire`},
	} {
		f := checkpoint.New()
		must(t, f.Add(checkpoint.Deferred("a", checkpoint.U8, c.read, 3)))
		if err := checkpoint.Write(t.TempDir()+"/x", f); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestWidenedInPieces: values that arrive cut anywhere are the same, and bytes too many or
// too few are an error.
func TestWidenedInPieces(t *testing.T) {
	want := []float32{1, -2.5, 3e-5, float32(math.Inf(1)), 65504}
	for _, d := range []checkpoint.DType{checkpoint.F64, checkpoint.F32} {
		var raw []byte
		for _, v := range want {
			if d == checkpoint.F64 {
				raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(float64(v)))
			} else {
				raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
			}
		}
		for piece := 1; piece <= len(raw); piece++ {
			got, err := checkpoint.Deferred("a", d, inPieces(raw, piece), len(want)).Float32s()
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s in pieces of %d bytes: %v, %v; want %v", d, piece, got, err, want)
			}
			for what, raw := range map[string][]byte{"too many": append(slices.Clip(raw), 0), "too few": raw[:len(raw)-1]} {
				if got, err := checkpoint.Deferred("a", d, inPieces(raw, piece), len(want)).Float32s(); err == nil || got != nil {
					t.Errorf("%s, %s in pieces of %d bytes: %v, want an error", d, what, piece, got)
				}
			}
		}
	}
}

// inPieces writes at most n bytes at a time.
func inPieces(raw []byte, n int) func(io.Writer) error {
	return func(w io.Writer) error {
		for piece := range slices.Chunk(raw, n) {
			if _, err := w.Write(piece); err != nil {
				return err
			}
		}
		return nil
	}
}
