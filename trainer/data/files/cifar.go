package files

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// cifarBatch is a file of CIFAR-10 or -100, in memory.
type cifarBatch struct {
	name string
	data []byte
}

const (
	cifarSide   = 32
	cifarPixels = cifarSide * cifarSide * 3

	maxBatch = 256 << 20 // bytes of a batch: five times CIFAR-100's largest
	maxCIFAR = 1 << 30   // of all that are read
	maxTar   = 4 << 30   // of a tar, decompressed
)

// The names of batches: binary ones end in .bin, Python's do not.
var (
	trainBatch = regexp.MustCompile(`^(data_batch_[0-9]{1,4}|train)(\.bin)?$`)
	testBatch  = regexp.MustCompile(`^(test_batch|test)(\.bin)?$`)
)

// wantsBatch reports whether a file's name is that of a batch of the wanted half.
func wantsBatch(name string, held bool) bool {
	if held {
		return testBatch.MatchString(name)
	}
	return trainBatch.MatchString(name)
}

// openCIFAR opens CIFAR's batches: in a folder, in a tar, or one by itself.
func openCIFAR(p Place, held bool) (Collection, error) {
	var batches []cifarBatch
	var err error
	switch {
	case p.Names != nil:
		batches, err = folderBatches(p, held)
	case p.Tar:
		batches, err = tarFile(p.Path, p.Gzip, held)
	case held:
		return nil, nil
	default:
		var b cifarBatch
		b, err = fileBatch(p.Path)
		batches = []cifarBatch{b}
	}
	if err != nil || held && len(batches) == 0 {
		return nil, err
	}
	return readCIFAR(filepath.Base(p.Path), batches)
}

func folderBatches(p Place, held bool) (batches []cifarBatch, err error) {
	for _, name := range p.Names {
		if !wantsBatch(name, held) {
			continue
		}
		b, err := fileBatch(filepath.Join(p.Path, name))
		if err != nil {
			return nil, err
		}
		batches = append(batches, b)
	}
	return batches, nil
}

func fileBatch(at string) (cifarBatch, error) {
	f, err := os.Open(at)
	if err != nil {
		return cifarBatch{}, err
	}
	defer f.Close()
	b, err := readBounded(f, maxBatch)
	if err != nil {
		err = fmt.Errorf("%s: %w", filepath.Base(at), err)
	}
	return cifarBatch{filepath.Base(at), b}, err
}

func tarFile(at string, zipped, held bool) ([]cifarBatch, error) {
	f, err := os.Open(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if zipped {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	return tarBatches(r, held)
}

// tarBatches reads the batches in a tar. Nothing is unpacked, so that names lead
// nowhere; a batch that is a link, or lies above the tar, is refused all the same.
func tarBatches(r io.Reader, held bool) (batches []cifarBatch, err error) {
	whole := io.LimitReader(r, maxTar)
	t := tar.NewReader(whole)
	total := int64(0)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			_, err = io.Copy(io.Discard, whole) // to the checksum of a gzip
			return batches, err
		}
		if err != nil {
			return nil, fmt.Errorf("tar: %w", err)
		}
		name := path.Base(h.Name)
		if !wantsBatch(name, held) || hidden(h.Name) {
			continue
		}
		switch {
		case path.IsAbs(h.Name) || slices.Contains(strings.Split(h.Name, "/"), ".."):
			return nil, fmt.Errorf("tar: member %.100q leads out of it", h.Name)
		case h.Typeflag != tar.TypeReg:
			return nil, fmt.Errorf("tar: member %.100q is a link or a device, want a file", h.Name)
		case slices.ContainsFunc(batches, func(b cifarBatch) bool { return b.name == name }):
			return nil, fmt.Errorf("tar: member %.100q appears twice", name)
		case h.Size > maxBatch || total+h.Size > maxCIFAR:
			return nil, fmt.Errorf("tar: member %.100q of %d bytes, want at most %d, and %d in all", h.Name, h.Size, maxBatch, maxCIFAR)
		}
		b, err := readBounded(t, maxBatch)
		if err != nil {
			return nil, fmt.Errorf("tar: member %.100q: %w", h.Name, err)
		}
		total += int64(len(b))
		batches = append(batches, cifarBatch{name, b})
	}
}

// readCIFAR makes a collection of batches: the images of the first, the second and so
// on by their numbers, of which none may be missing where there are several.
func readCIFAR(name string, batches []cifarBatch) (Collection, error) {
	if len(batches) == 0 {
		return nil, errors.New("no batch of CIFAR: want data_batch_1 and so on, or data_batch_1.bin")
	}
	number := func(b cifarBatch) int { // 0 where its name has none
		digits, _, _ := strings.Cut(strings.TrimPrefix(b.name, "data_batch_"), ".")
		n, _ := strconv.Atoi(digits)
		return n
	}
	slices.SortStableFunc(batches, func(a, b cifarBatch) int { return number(a) - number(b) })
	for i, b := range batches {
		if got := number(b); len(batches) > 1 && got != i+1 {
			return nil, fmt.Errorf("%s: got %s as batch %d, want the batches from 1 on, each once", name, b.name, i+1)
		}
	}
	var pixels []byte
	var classes []int
	var starts []int // the first image of each batch
	dim := 0
	for _, b := range batches {
		read := readPythonBatch
		if strings.HasSuffix(b.name, ".bin") {
			read = readBinaryBatch
		}
		planes, labels, of, err := read(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		if dim != 0 && dim != of {
			return nil, fmt.Errorf("%s: %d classes, want %d as in %s", b.name, of, dim, batches[0].name)
		}
		if len(pixels) > maxCIFAR-len(planes) {
			return nil, fmt.Errorf("%s: more than %d bytes in all batches", b.name, maxCIFAR)
		}
		dim, starts = of, append(starts, len(classes))
		classes = append(classes, labels...)
		pixels = interleave(pixels, planes)
	}
	member := func(i int) string {
		k, _ := slices.BinarySearch(starts, i+1)
		return fmt.Sprintf("%s: image %d", batches[k-1].name, i-starts[k-1])
	}
	return hold("cifar", name, pixels, cifarSide, cifarSide, 3, classes, dim, member)
}

// interleave appends images [N 3 32 32] as [N 32 32 3].
func interleave(pixels, planes []byte) []byte {
	const plane = cifarSide * cifarSide
	pixels = slices.Grow(pixels, len(planes))
	for ; len(planes) > 0; planes = planes[cifarPixels:] {
		for i := range plane {
			pixels = append(pixels, planes[i], planes[plane+i], planes[2*plane+i])
		}
	}
	return pixels
}

// readBinaryBatch reads records of a label and three planes; of CIFAR-100, whose files
// are called train and test, a coarse and a fine label.
func readBinaryBatch(b cifarBatch) (planes []byte, classes []int, dim int, err error) {
	labels, dim := 1, 10
	if strings.HasPrefix(b.name, "train") || b.name == "test.bin" {
		labels, dim = 2, 100
	}
	record := labels + cifarPixels
	if len(b.data) == 0 || len(b.data)%record != 0 {
		return nil, nil, 0, fmt.Errorf("%d bytes, want a multiple of %d", len(b.data), record)
	}
	planes = make([]byte, 0, len(b.data)/record*cifarPixels)
	for r := b.data; len(r) > 0; r = r[record:] {
		class := int(r[labels-1])
		if class >= dim {
			return nil, nil, 0, fmt.Errorf("image %d: class %d, want 0 to %d", len(classes), class, dim-1)
		}
		classes = append(classes, class)
		planes = append(planes, r[labels:record]...)
	}
	return planes, classes, dim, nil
}
