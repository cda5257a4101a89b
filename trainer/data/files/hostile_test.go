package files_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"innate/trainer/data/files"
)

// claims is a PNG of 100 kB that says it is larger.
func claims(w, h uint32) []byte {
	var b bytes.Buffer
	chunk := func(kind string, content []byte) {
		binary.Write(&b, binary.BigEndian, uint32(len(content)))
		body := append([]byte(kind), content...)
		b.Write(body)
		binary.Write(&b, binary.BigEndian, crc32.ChecksumIEEE(body))
	}
	b.WriteString("\x89PNG\r\n\x1a\n")
	chunk("IHDR", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h), 8, 2, 0, 0, 0))
	chunk("IDAT", make([]byte, 100_000))
	chunk("IEND", nil)
	return b.Bytes()
}

// patched is a zip of one image in whose directory the size is changed.
func patched(t *testing.T, size uint32) []byte {
	b := zipOf(t, member{"a.png", pngOf(t, 8, 1)})
	at := bytes.Index(b, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(b[at+24:], size)
	return b
}

// read is a file of testdata.
func read(t *testing.T, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	check(t, err)
	return b
}

// TestHostile: files that lie are refused with a reason, in bounded time and memory;
// of those that open, their images.
func TestHostile(t *testing.T) {
	whole := edmZip(t, 3)
	a := member{"a.png", pngOf(t, 4, 1)}
	batch := func(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg} }
	halfTar := tarOf(t, true, batch("data_batch_1.bin"))
	halfTar = halfTar[:len(halfTar)-10]
	json := func(text string) []byte { return zipOf(t, a, member{"dataset.json", []byte(text)}) }
	for name, c := range map[string]struct {
		file string
		b    []byte
		want string
	}{
		"truncated zip":         {"x.zip", whole[:len(whole)-30], "a zip archive that was cut short, want a zip of images; a download or a copy did not come to its end"},
		"size that lies, small": {"x.zip", patched(t, 20), "a.png: "},
		"size that lies, large": {"x.zip", patched(t, 1<<31), "want at most 67108864"},
		"60000x60000":           {"x.zip", zipOf(t, member{"a.png", claims(60000, 60000)}), "image of 60000x60000 in 100"},
		"2^31 wide":             {"x.zip", zipOf(t, member{"a.png", claims(1<<31-1, 1)}), "a.png: "},
		"a byte a kilopixel":    {"x.zip", zipOf(t, member{"a.png", claims(8000, 8000)}), "a.png: "},
		"member twice":          {"x.zip", zipOf(t, a, a), `member "a.png" appears twice`},
		"key twice":             {"x.zip", json(`{"labels": null, "labels": [["a.png", 0]]}`), `key "labels" appears twice`},
		"image twice":           {"x.zip", json(`{"labels": [["a.png", 0], ["a.png", 1]]}`), `"a.png" appears twice`},
		"missing member":        {"x.zip", json(`{"labels": [["a.png", 0], ["b.png", 1]]}`), `"b.png" is no image here`},
		"missing label":         {"x.zip", json(`{"labels": [["b.png", 0]]}`), `no label of "a.png"`},
		"class beyond":          {"x.zip", json(`{"labels": [["a.png", 4294967296]]}`), "class 4294967296, want 0 to 65535"},
		"class below":           {"x.zip", json(`{"labels": [["a.png", -1]]}`), "class -1, want"},
		"half a class":          {"x.zip", json(`{"labels": [["a.png", 1.5]]}`), "class 1.5, want"},
		"animation":             {"x.zip", zipOf(t, member{"a.webp", read(t, "animated.webp")}), "a.webp: an animation, want one image"},
		"text for a class":      {"x.zip", json(`{"labels": [["a.png", "cat"]]}`), `label "\"cat\"", want a class or a list of numbers`},
		"json that ends":        {"x.zip", json(`{"labels": [["a.png", 0]`), "dataset.json: "},
		"json twice":            {"x.zip", json(`{"labels": null}{}`), "more than one value"},
		"deep json":             {"x.zip", json(`{"x": ` + strings.Repeat("[", 100_000)), "dataset.json: "},
		"no images":             {"x.zip", zipOf(t, member{"a.txt", nil}), "no images"},
		"no format":             {"x.bin", []byte("\xffhello"), `starts with "\xffhello", want CIFAR`},
		"text":                  {"x.bin", []byte("hello"), "a text, want CIFAR"},
		"empty":                 {"x.bin", nil, "an empty file, want CIFAR"},
		"half a gzipped tar":    {"x.tar.gz", halfTar, "unexpected EOF: the file was cut short"},
		"idx of 2^31":           {"x", idx(0x803, []uint32{1 << 31, 28, 28}, nil), "size 2147483648 of axis 0"},
		"idx that ends":         {"x", idx(0x803, []uint32{1 << 20, 16, 16}, make([]byte, 10)), "10 bytes of data"},
		"cifar of odd length":   {"data_batch_1.bin", cifarBin(2, 0)[:6000], "6000 bytes, want a multiple of 3073"},
		"cifar of class 10":     {"data_batch_1.bin", cifarRecord(10, 0), "image 0: class 10, want 0 to 9"},
		"cifar with a gap":      {"x.tar", tarOf(t, false, batch("data_batch_1.bin"), batch("data_batch_3.bin")), "got data_batch_3.bin as batch 2, want"},
		"cifar in two forms":    {"x.tar", tarOf(t, false, batch("data_batch_1.bin"), batch("data_batch_1")), "got data_batch_1 as batch 2, want"},
		"pickle that runs":      {"data_batch_1", []byte("\x80\x02cos\nsystem\n(U\x02lstR."), `"os.system", which innate does not`},
		"pickle of a list":      {"data_batch_1", []byte("\x80\x02]."), "holds "},
		"tar with a link":       {"x.tar", tarOf(t, false, tar.Header{Name: "data_batch_1.bin", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}), "is a link or a device"},
		"tar upwards":           {"x.tar", tarOf(t, true, tar.Header{Name: "../../data_batch_1.bin", Typeflag: tar.TypeReg}), "leads out of it"},
		"tar of nothing":        {"x.tar", tarOf(t, false, tar.Header{Name: "readme", Typeflag: tar.TypeReg}), "no batch of CIFAR"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			set, _, err := files.Open(place(t, c.file, c.b), false)
			if err == nil {
				_, err = set.Decode(0, nil)
				set.Close()
			}
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 512<<20 {
				t.Errorf("took %d MB, want at most 512", got>>20)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// FuzzZip reads directories and labels of zips, and their first images.
func FuzzZip(f *testing.F) {
	f.Add(edmZip(f, 3, 1))
	f.Add(zipOf(f, member{"a.png", pngOf(f, 4, 1)}, member{"dataset.json", []byte(`{"labels": [["a.png", [1, 2]]]}`)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := files.OpenZipBytes(b)
		if err != nil {
			return
		}
		if l := c.Labels(); l.Classes != nil && len(l.Classes) != c.Len() || l.Vectors != nil && len(l.Vectors) != c.Len() {
			t.Fatalf("%d labels for %d images", len(l.Classes)+len(l.Vectors), c.Len())
		}
		for i := range min(c.Len(), 4) {
			if p, err := c.Decode(i, nil); err == nil {
				whole(t, p)
			}
		}
	})
}

// FuzzImage decodes images of every kind.
func FuzzImage(f *testing.F) {
	f.Add(pngOf(f, 4, 1))
	f.Add(grayPNG(f, 3, 7))
	f.Add(claims(60000, 60000))
	for _, name := range []string{"rgb.jpg", "lossless.webp", "lossy.webp"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		check(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := files.DecodeBytes(b); err == nil {
			whole(t, p)
		}
	})
}

// FuzzCIFAR reads batches of both kinds, and tars of them.
func FuzzCIFAR(f *testing.F) {
	f.Add(cifarBin(2, 1))
	f.Add(cifarPython(2, 1))
	f.Add(tarOf(f, false, tar.Header{Name: "x/data_batch_1", Typeflag: tar.TypeReg}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte) (files.Collection, error){
			files.TarBytes,
			func(b []byte) (files.Collection, error) { return files.BatchBytes("data_batch_1", b) },
			func(b []byte) (files.Collection, error) { return files.BatchBytes("data_batch_1.bin", b) },
		} {
			c, err := read(b)
			if err != nil {
				continue
			}
			p, err := c.Decode(c.Len()-1, nil)
			check(t, err)
			whole(t, p)
			if classes := c.Labels().Classes; len(classes) != c.Len() {
				t.Fatalf("%d classes of %d images", len(classes), c.Len())
			}
		}
	})
}

// whole fails unless a picture has what it says.
func whole(t *testing.T, p files.Picture) {
	t.Helper()
	if p.H < 1 || p.W < 1 || p.C != 1 && p.C != 3 || len(p.Pix) != p.H*p.W*p.C {
		t.Fatalf("%d bytes of %s", len(p.Pix), p.Shape())
	}
}
