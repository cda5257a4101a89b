package strokes_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"innate/trainer/data/strokes"
)

// pictures draws n pictures of thick lines with soft edges, one of them empty and
// one of noise alone.
func pictures(n, side int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, n*side*side)
	for i := range n {
		picture := pixels[i*side*side : (i+1)*side*side]
		for range 2 {
			x, y, dx, dy := rng.Float64()*float64(side), rng.Float64()*float64(side), rng.NormFloat64(), rng.NormFloat64()
			for range 3 * side / 2 {
				if px, py := int(x), int(y); px >= 0 && py >= 0 && px+1 < side && py < side {
					picture[py*side+px], picture[py*side+px+1] = 254, byte(rng.IntN(256))
				}
				x, y = x+dx/4, y+dy/4
			}
		}
		switch i {
		case 1:
			clear(picture)
		case 2:
			for p := range picture {
				picture[p] = byte(rng.Uint32())
			}
		}
	}
	return pixels
}

func TestRoundTrip(t *testing.T) {
	for _, c := range []struct{ n, side int }{{0, 28}, {1, 1}, {5, 3}, {200, 28}, {17, 64}, {3, 256}} {
		want := pictures(c.n, c.side)
		got, n, side, err := strokes.Decode(strokes.Encode(want, c.side))
		if err != nil || n != c.n || side != c.side || !bytes.Equal(got, want) {
			t.Errorf("%d of side %d: got %d of side %d, equal %v, %v", c.n, c.side, n, side, bytes.Equal(got, want), err)
		}
	}
}

// TestBroken decodes what is cut short and what has a wrong byte: an error, or
// other pictures where nothing could tell, but no panic.
func TestBroken(t *testing.T) {
	whole := strokes.Encode(pictures(40, 12), 12)
	for n := 0; n < len(whole); n += 17 {
		if _, _, _, err := strokes.Decode(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were decoded", n, len(whole))
		}
	}
	for i := 0; i < len(whole); i += 1 + i/16*13 {
		broken := bytes.Clone(whole)
		broken[i] ^= 0x55
		if _, _, _, err := strokes.Decode(broken); i < 12 && err == nil {
			t.Errorf("byte %d was not missed", i)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	pixels := pictures(10000, 28)
	code := strokes.Encode(pixels, 28)
	b.SetBytes(int64(len(pixels)))
	for b.Loop() {
		if _, _, _, err := strokes.Decode(code); err != nil {
			b.Fatal(err)
		}
	}
}
