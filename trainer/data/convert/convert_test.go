package convert_test

import (
	"archive/zip"
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/trainer/data/convert"
	"innate/trainer/data/files"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

//go:embed testdata/transforms.txt
var golden string

// picture is that of testdata/generate.py.
func picture(h, w, c int, seed uint32) files.Picture {
	p := files.Picture{Pix: make([]byte, h*w*c), H: h, W: w, C: c}
	x := seed
	for i := range p.Pix {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		if p.Pix[i] = byte(i * 255 / len(p.Pix)); i/7%2 == 1 {
			p.Pix[i] = byte(x >> 8)
		}
	}
	return p
}

// TestTransforms compares with EDM's rules over Pillow, to the bit.
func TestTransforms(t *testing.T) {
	for line := range strings.Lines(golden) {
		var name, sum string
		var h, w, c, toW, toH int
		var seed uint32
		_, err := fmt.Sscan(line, &name, &h, &w, &c, &seed, &toW, &toH, &sum)
		check(t, err)
		p, ok := convert.Transform{Name: strings.Trim(name, "-"), H: toH, W: toW}.Apply(picture(h, w, c, seed))
		got := "none"
		if ok {
			got = fmt.Sprintf("%d %08x", p.C, crc32.ChecksumIEEE(p.Pix))
		}
		if !strings.HasSuffix(strings.TrimSpace(line), " "+got) {
			t.Errorf("%s: got %s", strings.TrimSpace(line), got)
		}
	}
}

// source is a folder of images in two classes; one is broken, one gray.
func source(t *testing.T) files.Collection {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"cat/a.png", "cat/b.png", "dog/c.png", "dog/d.png"} {
		img := image.NewRGBA(image.Rect(0, 0, 20, 30+i))
		for k := range img.Pix {
			img.Pix[k] = byte(k*(i+3)) | byte(255*(k%4/3))
		}
		var b bytes.Buffer
		check(t, png.Encode(&b, img))
		if name == "cat/b.png" {
			b.Truncate(b.Len() / 2)
		}
		at := filepath.Join(dir, filepath.FromSlash(name))
		check(t, os.MkdirAll(filepath.Dir(at), 0o755))
		check(t, os.WriteFile(at, b.Bytes(), 0o644))
	}
	c, _, err := files.Open(dir, false)
	check(t, err)
	return c
}

// TestWrite makes a zip and reads it back: EDM's names, which count what was left out,
// EDM's labels, stored images without compression, and the same bytes each time.
func TestWrite(t *testing.T) {
	c := source(t)
	transform := convert.Transform{Name: convert.CenterCrop, H: 16, W: 16}
	var b, again bytes.Buffer
	r, err := convert.WriteTo(context.Background(), &b, c, "folder", transform)
	check(t, err)
	_, err = convert.WriteTo(context.Background(), &again, c, "folder", transform)
	check(t, err)
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("another zip of the same images")
	}
	if r.Images != 3 || len(r.Broken) != 1 || !strings.HasPrefix(r.Broken[0], "cat/b.png: ") || fmt.Sprint(r.Classes) != "[{cat 1} {dog 2}]" || fmt.Sprint(r.Sizes) != "[{16x16x3 3}]" {
		t.Errorf("report %+v", r)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	check(t, err)
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		if f.Method != zip.Store {
			t.Errorf("%s: method %d, want stored", f.Name, f.Method)
		}
	}
	if want := []string{"00000/img00000000.png", "00000/img00000002.png", "00000/img00000003.png", "dataset.json"}; !slices.Equal(names, want) {
		t.Errorf("members %v, want %v", names, want)
	}
	f, err := z.Open("dataset.json")
	check(t, err)
	text, err := io.ReadAll(f)
	check(t, err)
	if want := `{"labels": [["00000/img00000000.png", 0], ["00000/img00000002.png", 1], ["00000/img00000003.png", 1]]}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	at := filepath.Join(t.TempDir(), "x.zip")
	check(t, os.WriteFile(at, b.Bytes(), 0o644))
	back, format, err := files.Open(at, false)
	check(t, err)
	defer back.Close()
	whole, sheet, err := convert.Survey(context.Background(), back, format, 2)
	check(t, err)
	if whole.Images != 3 || len(whole.Broken) != 0 || whole.LabelDim != 2 || len(sheet.Images) != 2 {
		t.Errorf("read back: %+v, %d images shown", whole, len(sheet.Images))
	}
	p, err := back.Decode(1, nil)
	check(t, err)
	src, err := c.Decode(2, nil)
	check(t, err)
	if want, _ := transform.Apply(src); !bytes.Equal(p.Pix, want.Pix) {
		t.Error("an image changed on its way through the zip")
	}
}

// TestMNIST: images of 28 pixels get EDM's black border.
func TestMNIST(t *testing.T) {
	b := binary.BigEndian.AppendUint32(nil, 0x803)
	for _, n := range []uint32{1, 28, 28} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	at := filepath.Join(t.TempDir(), "images")
	check(t, os.WriteFile(at, append(b, bytes.Repeat([]byte{200}, 28*28)...), 0o644))
	c, format, err := files.Open(at, false)
	check(t, err)
	out := filepath.Join(t.TempDir(), "x.zip")
	_, err = convert.Write(context.Background(), out, c, format, convert.Transform{})
	check(t, err)
	back, _, err := files.Open(out, false)
	check(t, err)
	defer back.Close()
	p, err := back.Decode(0, nil)
	check(t, err)
	if p.Shape() != "32x32x1" || p.Pix[2*32+1] != 0 || p.Pix[2*32+2] != 200 || p.Pix[30*32+29] != 0 {
		t.Errorf("%s, pixels %v", p.Shape(), p.Pix[:70])
	}
}

func TestRefused(t *testing.T) {
	c := source(t)
	for want, tr := range map[string]convert.Transform{
		"convert: cat/a.png: image of 30x20x3, want a square whose side is a power of two": {},
		"convert: cat/a.png: image of 20x20x3, want a square":                              {Name: convert.CenterCrop, H: 20, W: 20},
		`convert: transform "crop", want center-crop or center-crop-wide`:                  {Name: "crop", H: 16, W: 16},
		"convert: center-crop without a resolution":                                        {Name: convert.CenterCrop},
		"convert: center-crop-wide to 16x16, want more width than height":                  {Name: convert.CenterCropWide, H: 16, W: 16},
		"convert: none of 4 images can be used: cat/b.png: ":                               {Name: convert.CenterCropWide, H: 64, W: 128},
	} {
		out := filepath.Join(t.TempDir(), "x.zip")
		_, err := convert.Write(context.Background(), out, c, "folder", tr)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", tr, err, want)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%+v: left a file", tr)
		}
	}
}
