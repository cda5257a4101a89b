package sampleio_test

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/sampleio"
)

// level is the float that 8-bit level u stands for.
func level(u int) float32 { return float32(u)/127.5 - 1 }

// numbered makes n images [h w c] with value 10*image + place inside it.
func numbered(n, h, w, c int) []float32 {
	var x []float32
	for i := range n {
		for j := range h * w * c {
			x = append(x, level(10*i+j))
		}
	}
	return x
}

func read(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// writeGrid writes the nearly square grid of images [n h w c].
func writeGrid(path string, images []float32, n, h, w, c int) error {
	img, err := sampleio.Grid(images, n, h, w, c, 0)
	if err != nil {
		return err
	}
	return sampleio.WritePNG(path, img)
}

func TestWriteGridGray(t *testing.T) {
	path := filepath.Join(t.TempDir(), "000001.png")
	if err := writeGrid(path, numbered(5, 2, 3, 1), 5, 2, 3, 1); err != nil {
		t.Fatal(err)
	}
	img, ok := read(t, path).(*image.Gray)
	if !ok || img.Bounds() != image.Rect(0, 0, 9, 4) { // three columns, two rows
		t.Fatalf("%T of %v, want gray of 9x4", img, img.Bounds())
	}
	for y := range 4 {
		for x := range 9 {
			tile := y/2*3 + x/3
			want := uint8(0) // the empty place
			if tile < 5 {
				want = uint8(10*tile + y%2*3 + x%3)
			}
			if got := img.GrayAt(x, y).Y; got != want {
				t.Errorf("pixel %d,%d is %d, want %d", x, y, got, want)
			}
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v; want 0644", info.Mode(), err)
	}
}

func TestWriteGridColour(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	if err := writeGrid(path, numbered(2, 1, 2, 3), 2, 1, 2, 3); err != nil {
		t.Fatal(err)
	}
	img := read(t, path)
	if img.Bounds() != image.Rect(0, 0, 4, 1) {
		t.Fatalf("grid of %v, want 4x1", img.Bounds())
	}
	if o, ok := img.(interface{ Opaque() bool }); !ok || !o.Opaque() {
		t.Error("the file has transparency")
	}
	for x, want := range []color.NRGBA{{0, 1, 2, 255}, {3, 4, 5, 255}, {10, 11, 12, 255}, {13, 14, 15, 255}} {
		if got := color.NRGBAModel.Convert(img.At(x, 0)); got != want {
			t.Errorf("pixel %d is %v, want %v", x, got, want)
		}
	}
}

func TestGridColumns(t *testing.T) {
	for _, c := range []struct{ n, cols, w, h int }{
		{1, 0, 1, 1}, {4, 0, 2, 2}, {6, 0, 3, 2}, {7, 0, 3, 3}, {64, 0, 8, 8}, {6, 2, 2, 3}, {6, 4, 4, 2}, {3, 10, 3, 1},
	} {
		img, err := sampleio.Grid(make([]float32, c.n), c.n, 1, 1, 1, c.cols)
		if err != nil || img.Bounds() != image.Rect(0, 0, c.w, c.h) {
			t.Errorf("%d images in %d columns: %v, %v; want %dx%d", c.n, c.cols, img.Bounds(), err, c.w, c.h)
		}
	}
}

func TestGridClips(t *testing.T) {
	img, err := sampleio.Grid([]float32{-7, 7, 0}, 3, 1, 1, 1, 3)
	if err != nil {
		t.Fatal(err)
	}
	for x, want := range []uint8{0, 255, 128} {
		if got := img.(*image.Gray).GrayAt(x, 0).Y; got != want {
			t.Errorf("pixel %d is %d, want %d", x, got, want)
		}
	}
}

func TestGridErrors(t *testing.T) {
	for want, c := range map[string][5]int{
		"grid of 0 images":      {0, 1, 1, 1, 0},
		"1x1x2 in 0 columns":    {1, 1, 1, 2, 0},
		"in -1 columns":         {2, 1, 1, 1, -1},
		"2 values, want 3":      {3, 1, 1, 1, 0},
		"2 values, want 12 for": {2, 1, 2, 3, 0},
	} {
		_, err := sampleio.Grid(make([]float32, 2), c[0], c[1], c[2], c[3], c[4])
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestWriteGridUnwritable(t *testing.T) {
	dir := t.TempDir()
	one := []float32{0}
	err := writeGrid(filepath.Join(dir, "absent", "a.png"), one, 1, 1, 1, 1)
	if !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "sampleio: ") {
		t.Errorf("absent directory: %v", err)
	}
	taken := filepath.Join(dir, "taken.png")
	if err := os.Mkdir(taken, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := writeGrid(taken, one, 1, 1, 1, 1); err == nil || !strings.Contains(err.Error(), "taken.png") {
		t.Errorf("a directory of that name: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("a failed write left %d files", len(left)-1)
	}
}

func TestWriteGridReadOnlyDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "a.png")
	if err := writeGrid(path, []float32{1}, 1, 1, 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	if err := writeGrid(path, []float32{-1}, 1, 1, 1, 1); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("read-only directory: %v", err)
	}
	if got := read(t, path).(*image.Gray).GrayAt(0, 0).Y; got != 255 {
		t.Errorf("the old file was changed to %d", got)
	}
}
