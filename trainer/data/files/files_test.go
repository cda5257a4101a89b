package files_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/trainer/data"
	"innate/trainer/data/files"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pngOf is an image of side pixels whose values follow from k.
func pngOf(t testing.TB, side, k int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.SetRGBA(i%side, i/side, color.RGBA{byte(k), byte(i), byte(k + i), 255})
	}
	var b bytes.Buffer
	check(t, (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img))
	return b.Bytes()
}

func grayPNG(t testing.TB, side int, v byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = v
	}
	var b bytes.Buffer
	check(t, png.Encode(&b, img))
	return b.Bytes()
}

// member is a file of an archive.
type member struct {
	name string
	data []byte
}

// zipOf writes members, every other one deflated.
func zipOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i, m := range members {
		method := zip.Store
		if i%2 == 1 {
			method = zip.Deflate
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: method})
		check(t, err)
		_, err = w.Write(m.data)
		check(t, err)
	}
	check(t, z.Close())
	return b.Bytes()
}

// place writes a file for a test and returns its path.
func place(t testing.TB, name string, b []byte) string {
	t.Helper()
	at := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(at, b, 0o644))
	return at
}

func edmName(i int) string { return fmt.Sprintf("%05d/img%08d.png", i/1000, i) }

// edmZip is a data set as EDM writes it, with labels; bad images are broken.
func edmZip(t testing.TB, n int, bad ...int) []byte {
	var members []member
	var labels []string
	for i := range n {
		b := pngOf(t, 8, i)
		if slices.Contains(bad, i) {
			b = b[:len(b)/2]
		}
		members = append(members, member{edmName(i), b})
		labels = append(labels, fmt.Sprintf("[%q, %d]", edmName(i), i%3))
	}
	members = append(members, member{"dataset.json", []byte(`{"labels": [` + strings.Join(labels, ", ") + `]}`)}, member{"__MACOSX/._x.png", nil}, member{".DS_Store", nil})
	slices.Reverse(members)
	return zipOf(t, members...)
}

func openSet(t testing.TB, at string, o data.Options) data.Dataset {
	t.Helper()
	o.Path = at
	set, err := data.Open(files.Name, o)
	check(t, err)
	t.Cleanup(func() { data.Close(set) })
	return set
}

// images reads the images of a set, and their labels.
func images(t testing.TB, set data.Dataset, idx ...int) (pixels, labels []float32) {
	t.Helper()
	h, w, c := set.Shape()
	pixels, labels = make([]float32, len(idx)*h*w*c), make([]float32, len(idx)*set.Classes())
	check(t, set.Images(idx, pixels))
	if len(labels) > 0 {
		check(t, set.Labels(idx, labels))
	}
	return pixels, labels
}

func TestZip(t *testing.T) {
	set := openSet(t, place(t, "x.zip", edmZip(t, 12)), data.Options{})
	if h, w, c := set.Shape(); h != 8 || w != 8 || c != 3 || set.Len() != 12 || set.Classes() != 3 {
		t.Fatalf("%d images of %dx%dx%d in %d classes, want 12 of 8x8x3 in 3", set.Len(), h, w, c, set.Classes())
	}
	pixels, labels := images(t, set, 7, 0)
	if got, want := pixels[:6], []float32{7/127.5 - 1, -1, 7/127.5 - 1, 7/127.5 - 1, 1/127.5 - 1, 8/127.5 - 1}; !slices.Equal(got, want) {
		t.Errorf("image 7 begins with %v, want %v", got, want)
	}
	if !slices.Equal(labels, []float32{0, 1, 0, 1, 0, 0}) {
		t.Errorf("labels %v, want those of classes 1 and 0", labels)
	}
}

// TestFolder: the same images in a folder are the same data set.
func TestFolder(t *testing.T) {
	b := edmZip(t, 6)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	check(t, err)
	dir := t.TempDir()
	check(t, os.CopyFS(dir, z))
	folder, archive := openSet(t, dir, data.Options{}), openSet(t, place(t, "x.zip", b), data.Options{})
	p, l := images(t, folder, 0, 1, 2, 3, 4, 5)
	q, m := images(t, archive, 0, 1, 2, 3, 4, 5)
	if !slices.Equal(p, q) || !slices.Equal(l, m) || folder.Len() != archive.Len() {
		t.Error("a folder's images differ from those of its zip")
	}
}

// TestClassesOfFolders: without dataset.json the folders at the top are the classes.
func TestClassesOfFolders(t *testing.T) {
	at := place(t, "x.zip", zipOf(t, member{"dog/b/1.png", pngOf(t, 4, 1)}, member{"cat/2.png", pngOf(t, 4, 2)}, member{"dog/3.png", pngOf(t, 4, 3)}))
	c, format, err := files.Open(at, false)
	check(t, err)
	defer c.Close()
	l := c.Labels()
	if format != "zip" || !slices.Equal(l.Classes, []int{0, 1, 1}) || !slices.Equal(l.Names, []string{"cat", "dog"}) {
		t.Errorf("%s with %+v, want cat, dog, dog", format, l)
	}

	// What lies in no folder is the first class, whatever the others are called; and
	// folders do not make CIFAR of what is called as its files are.
	dir := t.TempDir()
	for _, name := range []string{"a.png", "-x/b.png", "train/c.png", "meta/d.png"} {
		check(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		check(t, os.WriteFile(filepath.Join(dir, name), pngOf(t, 4, 1), 0o644))
	}
	c, format, err = files.Open(dir, false)
	check(t, err)
	l = c.Labels()
	if format != "folder" || !slices.Equal(l.Names, []string{".", "-x", "meta", "train"}) || !slices.Equal(l.Classes, []int{1, 0, 2, 3}) {
		t.Errorf("%s with %+v, want a folder with classes ., -x, meta, train", format, l)
	}
}

// TestLabels: lists of numbers are labels as they are, and null is none.
func TestLabels(t *testing.T) {
	a, b := member{"a.png", pngOf(t, 4, 1)}, member{"b.png", pngOf(t, 4, 2)}
	set := openSet(t, place(t, "x.zip", zipOf(t, a, b, member{"dataset.json", []byte(`{"labels": [["b.png", [1, 2.5]], ["a.png", [0, -1]]], "more": {}}`)})), data.Options{})
	if _, labels := images(t, set, 0, 1); !slices.Equal(labels, []float32{0, -1, 1, 2.5}) {
		t.Errorf("labels %v", labels)
	}
	set = openSet(t, place(t, "x.zip", zipOf(t, a, b, member{"dataset.json", []byte(`{"labels": null}`)})), data.Options{})
	if set.Classes() != 0 {
		t.Errorf("%d classes of null, want none", set.Classes())
	}
	// As programs of Windows write names and texts, and others whole numbers.
	c, err := files.OpenZipBytes(zipOf(t, member{`x\a.png`, a.data}, member{`x\b.png`, b.data}, member{"dataset.json", []byte("\ufeff" + `{"labels": [["x/a.png", 1.0], ["x\\b.png", 0]]}`)}))
	check(t, err)
	if l := c.Labels(); !slices.Equal(l.Classes, []int{1, 0}) {
		t.Errorf("classes %v, want 1, 0", l.Classes)
	}
}

// TestBroken: the next whole image takes a broken one's place, with its label, however
// many workers decode and whatever was read before; each is named once.
func TestBroken(t *testing.T) {
	at := place(t, "x.zip", edmZip(t, 9, 3, 4, 8))
	want := map[int]int{3: 5, 4: 5, 8: 0, 2: 2}
	whole := openSet(t, place(t, "whole.zip", edmZip(t, 9)), data.Options{})
	for _, o := range []data.Options{{Workers: 1}, {Workers: 7, CacheMB: 1}, {Workers: 3}} {
		set := openSet(t, at, o)
		for range 2 {
			for _, i := range []int{4, 8, 3, 2} {
				p, l := images(t, set, i, i)
				q, m := images(t, whole, want[i], want[i])
				if !slices.Equal(p, q) || !slices.Equal(l, m) {
					t.Errorf("%+v: image %d is not %d", o, i, want[i])
				}
			}
		}
		notes := set.(*files.Set).Notes()
		slices.Sort(notes)
		if len(notes) != 3 || notes[0] != "data: x.zip: 00000/img00000003.png: png: invalid format: not enough pixel data; 00000/img00000005.png takes its place" {
			t.Errorf("notes %q", notes)
		}
	}
	set := openSet(t, at, data.Options{Stop: true})
	err := set.Images([]int{1, 8, 3}, make([]float32, 3*8*8*3))
	var damage *files.Damaged
	if !errors.As(err, &damage) || damage.Member != edmName(8) {
		t.Errorf("got %v, want that of the first broken image", err)
	}
}

// TestLoaded reads batches with one worker and with many, from the cache and without,
// and resumes in the middle: the same bits.
func TestLoaded(t *testing.T) {
	at := place(t, "x.zip", edmZip(t, 20, 7))
	read := func(o data.Options, from data.SamplerState, n int) (all []float32, states []data.SamplerState) {
		l := data.NewLoader(openSet(t, at, o), 6, 9, data.Share{})
		defer l.Close()
		if from.Len > 0 {
			check(t, l.Restore(from))
		}
		for range n {
			b, err := l.Next()
			check(t, err)
			all = append(append(all, b.Images...), b.Labels...)
			states = append(states, l.State())
		}
		return all, states
	}
	want, states := read(data.Options{Workers: 1}, data.SamplerState{}, 10)
	for _, o := range []data.Options{{Workers: 5}, {Workers: 2, CacheMB: 1}} {
		if got, _ := read(o, data.SamplerState{}, 10); !slices.Equal(got, want) {
			t.Errorf("%+v reads other bits", o)
		}
		if got, _ := read(o, states[3], 6); !slices.Equal(got, want[len(want)/10*4:]) {
			t.Errorf("%+v: a resume reads other bits", o)
		}
	}
}

// TestGray: gray images among RGB ones become RGB; images of other sizes are refused
// with what to do.
func TestGray(t *testing.T) {
	set := openSet(t, place(t, "x.zip", zipOf(t, member{"a.png", grayPNG(t, 4, 9)}, member{"b.png", pngOf(t, 4, 1)})), data.Options{})
	if _, _, c := set.Shape(); c != 3 {
		t.Fatalf("%d channels, want 3", c)
	}
	if p, _ := images(t, set, 0); p[0] != p[1] || p[1] != p[2] || p[0] != 9/127.5-1 {
		t.Errorf("gray became %v", p[:3])
	}
	_, err := data.Open(files.Name, data.Options{Path: place(t, "y.zip", zipOf(t, member{"a.png", pngOf(t, 4, 1)}, member{"b.png", pngOf(t, 5, 1)}))})
	if err == nil || !strings.Contains(err.Error(), "images of several sizes: a.png is 4x4x3, b.png is 5x5x3; innate data") {
		t.Errorf("got %v, want both sizes", err)
	}
}

// TestNPY reads arrays [C H W] of bytes.
func TestNPY(t *testing.T) {
	head := "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 1, 2), }"
	head += strings.Repeat(" ", 117-len(head)) + "\n"
	b := "\x93NUMPY\x01\x00\x76\x00" + head + "\x01\x02\x03\x04\x05\x06"
	p, err := files.DecodeBytes([]byte(b))
	check(t, err)
	if p.Shape() != "1x2x3" || !slices.Equal(p.Pix, []byte{1, 3, 5, 2, 4, 6}) {
		t.Errorf("%s %v, want channels last", p.Shape(), p.Pix)
	}
}

// cifarRecord is a record of a label and planes whose values follow from k.
func cifarRecord(label, k int) []byte {
	b := []byte{byte(label)}
	for i := range 3072 {
		b = append(b, byte(k+i/1024*50+i%7))
	}
	return b
}

func cifarBin(n, from int) (b []byte) {
	for i := range n {
		b = append(b, cifarRecord((from+i)%10, from+i)...)
	}
	return b
}

// cifarPython is a batch as Python 2 pickled it.
func cifarPython(n, from int) []byte {
	var b bytes.Buffer
	str := func(s string) { b.WriteByte('U'); b.WriteByte(byte(len(s))); b.WriteString(s) }
	long := func(s []byte) { b.WriteByte('T'); binary.Write(&b, binary.LittleEndian, uint32(len(s))); b.Write(s) }
	num := func(n int) { b.WriteByte('M'); binary.Write(&b, binary.LittleEndian, uint16(n)) }
	b.WriteString("\x80\x02}(")
	str("data")
	b.WriteString("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01")
	num(n)
	num(3072)
	b.WriteString("\x86cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89")
	var planes []byte
	for i := range n {
		planes = append(planes, cifarRecord(0, from+i)[1:]...)
	}
	long(planes)
	b.WriteString("tb")
	str("labels")
	b.WriteString("](")
	for i := range n {
		b.WriteString("K" + string(byte((from+i)%10)))
	}
	b.WriteString("eu.")
	return b.Bytes()
}

func tarOf(t testing.TB, zipped bool, members ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range members {
		var content []byte
		if h.Typeflag == tar.TypeReg {
			content = cifarBin(2, 0)
			if !strings.HasSuffix(h.Name, ".bin") {
				content = cifarPython(2, 0)
			}
		}
		h.Size, h.Mode = int64(len(content)), 0o644
		check(t, w.WriteHeader(&h))
		_, err := w.Write(content)
		check(t, err)
	}
	check(t, w.Close())
	if !zipped {
		return b.Bytes()
	}
	var z bytes.Buffer
	g := gzip.NewWriter(&z)
	_, err := g.Write(b.Bytes())
	check(t, errors.Join(err, g.Close()))
	return z.Bytes()
}

// TestCIFAR reads the same images in all of CIFAR-10's forms.
func TestCIFAR(t *testing.T) {
	bin, py := t.TempDir(), t.TempDir()
	check(t, os.MkdirAll(filepath.Join(py, "cifar-10-batches-py"), 0o755))
	for k := range 11 { // 10 comes after 2, not after 1
		check(t, os.WriteFile(filepath.Join(bin, fmt.Sprintf("data_batch_%d.bin", k+1)), cifarBin(2, 2*k), 0o644))
		check(t, os.WriteFile(filepath.Join(py, "cifar-10-batches-py", fmt.Sprintf("data_batch_%d", k+1)), cifarPython(2, 2*k), 0o644))
	}
	check(t, os.WriteFile(filepath.Join(bin, "test_batch.bin"), cifarBin(3, 40), 0o644))
	var want []float32
	for _, at := range []string{bin, py} {
		set := openSet(t, at, data.Options{})
		if set.Len() != 22 || set.Classes() != 10 {
			t.Fatalf("%s: %d images in %d classes, want 22 in 10", at, set.Len(), set.Classes())
		}
		p, l := images(t, set, 0, 21, 5)
		if p[0] != -1 || p[1] != float32(52)/127.5-1 || p[3072] != float32(21)/127.5-1 || l[10+1] != 1 || l[20+5] != 1 {
			t.Errorf("%s: pixels %v, labels %v", at, p[:3], l)
		}
		if want == nil {
			want = p
		} else if !slices.Equal(want, p) {
			t.Errorf("Python's images differ from the binary ones")
		}
	}
	held, err := data.OpenTest(files.Name, data.Options{Path: bin})
	check(t, err)
	if held == nil || held.Len() != 3 {
		t.Errorf("held out: %v, want 3 images", held)
	}
	for _, zipped := range []bool{false, true} {
		b := tarOf(t, zipped, tar.Header{Name: "cifar-10-batches-py/data_batch_1", Typeflag: tar.TypeReg}, tar.Header{Name: "cifar-10-batches-py/readme.html", Typeflag: tar.TypeReg},
			tar.Header{Name: "cifar-10-batches-py/data_batch_2", Typeflag: tar.TypeReg})
		if set := openSet(t, place(t, "cifar.tar.gz", b), data.Options{}); set.Len() != 4 {
			t.Errorf("a tar has %d images, want 4", set.Len())
		}
	}
}

func idx(magic uint32, sizes []uint32, content []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, s := range sizes {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return append(b, content...)
}

func TestIDX(t *testing.T) {
	dir := t.TempDir()
	var z bytes.Buffer
	g := gzip.NewWriter(&z)
	g.Write(idx(0x803, []uint32{2, 1, 3}, []byte{1, 2, 3, 4, 5, 6}))
	check(t, g.Close())
	check(t, os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte.gz"), z.Bytes(), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "train-labels-idx1-ubyte.gz"), idx(0x801, []uint32{2}, []byte{1, 0}), 0o644))
	for _, at := range []string{dir, filepath.Join(dir, "train-images-idx3-ubyte.gz")} {
		p, l := images(t, openSet(t, at, data.Options{}), 1)
		if !slices.Equal(l, []float32{1, 0}) || len(p) != 3 || p[2] != 6/127.5-1 {
			t.Errorf("%s: pixels %v, label %v", at, p, l)
		}
	}
}

// TestIDXLabelsBeside finds the labels of images however either is compressed: someone
// unpacks one of the two, and the run would have no classes.
func TestIDXLabelsBeside(t *testing.T) {
	for _, c := range []struct{ images, labels string }{
		{"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"},
		{"train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz"},
		{"train-images.idx3-ubyte", "train-labels.idx1-ubyte"},
	} {
		dir := t.TempDir()
		check(t, os.WriteFile(filepath.Join(dir, c.images), idx(0x803, []uint32{2, 1, 1}, []byte{1, 2}), 0o644))
		check(t, os.WriteFile(filepath.Join(dir, c.labels), idx(0x801, []uint32{2}, []byte{2, 1}), 0o644))
		for _, at := range []string{dir, filepath.Join(dir, c.images)} {
			if _, l := images(t, openSet(t, at, data.Options{}), 1); !slices.Equal(l, []float32{0, 1, 0}) {
				t.Errorf("%s beside %s: label %v, want class 1 of 3", c.labels, at, l)
			}
		}
	}
}

// TestFingerprint: it follows the contents.
func TestFingerprint(t *testing.T) {
	print := func(b []byte) string {
		set := openSet(t, place(t, "x.zip", b), data.Options{})
		return set.(interface{ Fingerprint() string }).Fingerprint()
	}
	if a, b, c := print(edmZip(t, 5)), print(edmZip(t, 5)), print(edmZip(t, 6)); a != b || a == c {
		t.Errorf("fingerprints %s and %s of the same, %s of another", a, b, c)
	}
}
