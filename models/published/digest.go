package published

import (
	"crypto/md5" // which is what some publishers state
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"

	"innate/models/filetype"
)

// Check reads the file at path and compares it with what is published of f. A file
// of which no digest is published passes, unless it is plainly something else.
func (f File) Check(path string) error {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	if f.Size > 0 && info.Size() != f.Size {
		return fmt.Errorf("%s: %d bytes, want %d as published", path, info.Size(), f.Size)
	}
	sha, md := sha256.New(), md5.New()
	var into []io.Writer
	if f.SHA256 != "" {
		into = append(into, sha)
	}
	if f.MD5 != "" {
		into = append(into, md)
	}
	if len(into) == 0 {
		if kind := filetype.Sniff(r, info.Size()); kind.Instead() {
			return fmt.Errorf("%s: %w", path, kind.Refuse(f.What))
		}
		return nil
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(into...)}, struct{ io.Reader }{r}, make([]byte, 1<<20)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, d := range []struct {
		name string
		sum  hash.Hash
		want string
	}{{"SHA-256", sha, f.SHA256}, {"MD5", md, f.MD5}} {
		if got := hex.EncodeToString(d.sum.Sum(nil)); d.want != "" && !strings.HasPrefix(got, d.want) {
			return fmt.Errorf("%s: %s %s, want %s as published: it is another file, or damaged", path, d.name, got[:len(d.want)], d.want)
		}
	}
	return nil
}

// Agreement says in a few words in what a file that passes Check agrees.
func (f File) Agreement() string {
	if by := f.Compared(); by != "" {
		return by + " as published"
	}
	return "no digest is published of it"
}

// Compared says in a few words what Check compares; "" for nothing.
func (f File) Compared() string {
	var what []string
	if f.Size > 0 {
		what = append(what, "size")
	}
	switch n := len(f.SHA256); {
	case n == 2*sha256.Size:
		what = append(what, "SHA-256")
	case n > 0:
		what = append(what, fmt.Sprintf("first %d digits of SHA-256", n))
	}
	if f.MD5 != "" {
		what = append(what, "MD5")
	}
	return strings.Join(what, ", ")
}
