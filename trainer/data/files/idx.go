package files

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/trainer/data"
)

// openIDX opens MNIST's files: images, and the labels that lie beside them under the
// name that MNIST gives them. Without those the images have no classes.
func openIDX(p Place, held bool) (Collection, error) {
	at := p.Path
	if p.Names != nil {
		i := slices.IndexFunc(p.Names, func(name string) bool { return idxName(name) && isTest(name) == held })
		if i < 0 {
			if held {
				return nil, nil
			}
			return nil, errors.New("no IDX file of training images")
		}
		at = filepath.Join(p.Path, p.Names[i])
	} else if held {
		return nil, nil
	}
	var pixels []byte
	var n, h, w int
	err := readIDX(at, func(r io.Reader) (err error) {
		pixels, n, h, w, err = data.ReadIDXImages(r)
		return err
	})
	if err != nil {
		return nil, err
	}
	var labels []byte
	beside, err := labelsBeside(at)
	if err == nil && beside != "" {
		err = readIDX(beside, func(r io.Reader) (err error) {
			labels, err = data.ReadIDXLabels(r)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	if labels != nil && len(labels) != n {
		return nil, fmt.Errorf("%s: %d labels, want one for each of %d images", filepath.Base(beside), len(labels), n)
	}
	var classes []int
	dim := 0
	for _, c := range labels {
		classes = append(classes, int(c))
		dim = max(dim, int(c)+1)
	}
	member := func(i int) string { return fmt.Sprintf("%s: image %d", filepath.Base(at), i) }
	return hold("idx", filepath.Base(p.Path), pixels, h, w, 1, classes, dim, member)
}

// gzipExt is how the name of a compressed file ends. What one is, its content says.
const gzipExt = ".gz"

// idxName reports whether a file is called as MNIST's images are.
func idxName(name string) bool {
	name = strings.TrimSuffix(name, gzipExt)
	return strings.HasSuffix(name, "images-idx3-ubyte") || strings.HasSuffix(name, "images.idx3-ubyte")
}

func isTest(name string) bool {
	return strings.HasPrefix(name, "t10k") || strings.HasPrefix(name, "test")
}

// labelsBeside finds the labels of a file of images: the file beside it that is called so,
// compressed as it is or not; "" if there is none, or its name does not say.
func labelsBeside(images string) (string, error) {
	dir, name := filepath.Split(images)
	bare := strings.TrimSuffix(name, gzipExt)
	labels := strings.NewReplacer("images-idx3", "labels-idx1", "images.idx3", "labels.idx1").Replace(bare)
	if labels == bare {
		return "", nil
	}
	ends := []string{strings.TrimPrefix(name, bare), "", gzipExt}
	for _, end := range ends {
		at := filepath.Join(dir, labels+end)
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			return at, err
		}
	}
	return "", nil
}

// readIDX has an IDX file read, decompressed if it is by gzip.
func readIDX(at string, read func(io.Reader) error) error {
	f, err := os.Open(at)
	if err != nil {
		return err
	}
	defer f.Close()
	buffered := bufio.NewReader(f)
	var r io.Reader = buffered
	if head, _ := buffered.Peek(2); string(head) == gzipMagic {
		if r, err = gzip.NewReader(buffered); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(at), err)
		}
	}
	if err := read(r); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(at), err)
	}
	return nil
}
