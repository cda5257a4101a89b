package files

import (
	"errors"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
	"path"
	"slices"
	"strings"

	"innate/trainer/data"
)

// Collection is what images lie at a path.
type Collection interface {
	Len() int
	Member(i int) string // where image i lies, for people
	Labels() Labels
	// Decode decodes image i; see Damaged. Several goroutines may call it.
	Decode(i int, want fits) (Picture, error)
	// Fingerprint names the contents: it changes when images do, as far as can be told
	// without decoding them.
	Fingerprint() string
	Close() error
}

// maxMembers bounds the images of a collection, and whatever lies beside them.
const maxMembers = 1 << 24

// imageExts are the names' ends of images that are read.
var imageExts = []string{".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".npy"}

// isImage reports whether a member is to be read: an image that no system hides.
func isImage(name string) bool {
	return slices.Contains(imageExts, strings.ToLower(path.Ext(name))) && !hidden(name)
}

// hidden reports whether a member is one of those that systems leave behind.
func hidden(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") && part != "." && part != ".." || part == "__MACOSX" {
			return true
		}
	}
	return false
}

// encoded is a collection of image files, sorted by name.
type encoded struct {
	members []string
	labels  Labels
	print   string
	open    func(i int) (io.ReadCloser, error)
	close   func() error
}

func (e *encoded) Len() int            { return len(e.members) }
func (e *encoded) Member(i int) string { return e.members[i] }
func (e *encoded) Labels() Labels      { return e.labels }
func (e *encoded) Fingerprint() string { return e.print }
func (e *encoded) Close() error        { return e.close() }

func (e *encoded) Decode(i int, want fits) (Picture, error) {
	p, err := e.decode(i, want)
	if err != nil {
		return Picture{}, about(e.members[i], err)
	}
	return p, nil
}

func (e *encoded) decode(i int, want fits) (Picture, error) {
	r, err := e.open(i)
	if err != nil {
		return Picture{}, err
	}
	defer r.Close()
	b, err := readBounded(r, maxEncoded)
	if err != nil {
		return Picture{}, err
	}
	return decode(b, want)
}

// readBounded reads to the end, where a zip verifies its checksum, at most limit bytes.
func readBounded(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return b, err
}

// fingerprint is of what identifies members in turn.
func fingerprint(kind string, write func(w hash.Hash)) string {
	h := crc64.New(crc64.MakeTable(crc64.ECMA))
	write(h)
	return fmt.Sprintf("%s-%016x", kind, h.Sum64())
}

// held is a collection whose images are bytes in memory.
type held struct {
	*data.Memory
	kind   string
	member func(i int) string
	labels Labels
}

// hold makes a collection of pixels [N H W C] and their classes.
func hold(kind, name string, pixels []byte, h, w, c int, classes []int, dim int, member func(i int) string) (Collection, error) {
	m, err := data.NewMemory(name, pixels, h, w, c, classes, dim)
	if err != nil {
		return nil, err
	}
	return &held{m, kind, member, Labels{Classes: classes, Dim: dim}}, nil
}

func (h *held) Member(i int) string { return h.member(i) }
func (h *held) Labels() Labels      { return h.labels }
func (h *held) Close() error        { return nil }

func (h *held) Fingerprint() string {
	return fingerprint(h.kind, func(w hash.Hash) {
		w.Write(h.Pixels())
		fmt.Fprint(w, h.labels.Classes)
	})
}

func (h *held) Decode(i int, want fits) (Picture, error) {
	height, width, c := h.Shape()
	if want != nil {
		if err := want(height, width); err != nil {
			return Picture{}, &Damaged{h.member(i), err}
		}
	}
	size := height * width * c
	return Picture{h.Pixels()[i*size : (i+1)*size], height, width, c}, nil
}

// errNoImages is of a place in which nothing is read.
var errNoImages = errors.New("no images: want PNG, JPEG, WebP or npy")
