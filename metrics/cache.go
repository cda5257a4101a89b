package metrics

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"innate/models/atomicfile"
)

// Cache keeps what feature networks said of sets of images, and factors of covariances,
// by content, in files of a folder, so that nobody computes them again. What it cannot
// keep or read it does without.
type Cache struct {
	Dir      string
	MaxBytes int64       // of all files; those that were used last stay
	Warn     func(error) // of what was not kept
}

// cacheExt ends the names of whole entries, which begin with the digest of what they are.
const cacheExt = ".features"

// leftOver is how old an unfinished file is that nobody writes any more.
const leftOver = 24 * time.Hour

// CachedRows is a Store of one set of images: for every image its features and logits,
// little-endian float32, then a line that says what was measured, and the CRC-32C of
// the values. It serves one pass, which is to end with Finish or with Close.
type CachedRows struct {
	cache     *Cache
	prefix    string // of the path
	identity  func() (string, error)
	file      *os.File
	kept      *bufio.Reader // nil while an entry is made
	made      *bufio.Writer
	sum       uint32
	used      bool  // a pass has appended
	remaining int64 // bytes of rows that are still to be written
	buffer    []byte
	failed    error
}

// nameOf is a part of the name of an entry.
func nameOf(text string, digits int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:digits]
}

// prefixOf begins the paths of entries with a hint.
func (c *Cache) prefixOf(hint string) string { return filepath.Join(c.Dir, nameOf(hint, 16)+"-") }

// May reports whether there are entries with the hint.
func (c *Cache) May(hint string) bool {
	paths, _ := filepath.Glob(c.prefixOf(hint) + "*" + cacheExt)
	return len(paths) > 0
}

// Open finds the entry of nimg images, with width values of each, or begins it. identity
// is one line that holds all that the values depend on, hint a part of it that is known
// at once: where no entry has it, identity is not asked for before Finish, when all images
// have been seen. An entry that is not whole, or whose sum is not right, begins anew.
func (c *Cache) Open(hint string, identity func() (string, error), nimg, width int) (*CachedRows, error) {
	r := &CachedRows{cache: c, prefix: c.prefixOf(hint), identity: identity, remaining: 4 * int64(nimg) * int64(width)}
	if c.May(hint) {
		line, err := identity()
		if err != nil {
			return nil, err
		}
		if r.openKept(line) {
			return r, nil
		}
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("metrics: features to keep: %w", err)
	}
	var err error
	if r.file, err = os.CreateTemp(c.Dir, atomicfile.TempPattern); err != nil {
		return nil, fmt.Errorf("metrics: features to keep: %w", err)
	}
	r.made = bufio.NewWriterSize(r.file, 1<<20)
	return r, nil
}

// path is that of the entry of an identity.
func (r *CachedRows) path(identity string) string {
	if strings.Contains(identity, "\n") {
		panic("metrics: identity of features: want one line")
	}
	return r.prefix + nameOf(identity, 32) + cacheExt
}

// openKept opens a whole entry and checks all of it.
func (r *CachedRows) openKept(identity string) bool {
	path := r.path(identity)
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	whole := func() bool {
		tail := make([]byte, len(identity)+1+4)
		info, err := file.Stat()
		if err != nil || info.Size() != r.remaining+int64(len(tail)) {
			return false
		}
		r.kept = bufio.NewReaderSize(file, 1<<20)
		sum := crc32.New(castagnoli)
		if _, err := io.CopyN(sum, r.kept, r.remaining); err != nil {
			return false
		}
		if _, err := io.ReadFull(r.kept, tail); err != nil || string(tail[:len(identity)+1]) != identity+"\n" ||
			binary.LittleEndian.Uint32(tail[len(identity)+1:]) != sum.Sum32() {
			return false
		}
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return false
		}
		r.kept.Reset(file)
		return true
	}()
	if !whole {
		r.kept = nil
		file.Close()
		return false
	}
	touch(path)
	r.file = file
	return true
}

// touch notes that a file was used now; a folder that is not ours keeps its times.
func touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

// Next implements Store.
func (r *CachedRows) Next(features, logits []float32) (ok bool, err error) {
	if r.kept == nil {
		return false, nil
	}
	n := len(features) + len(logits)
	r.buffer = slices.Grow(r.buffer[:0], 4*n)[:4*n]
	if _, err := io.ReadFull(r.kept, r.buffer); err != nil {
		return false, fmt.Errorf("metrics: %s: %w", r.file.Name(), err)
	}
	for _, part := range [][]float32{features, logits} {
		for i := range part {
			part[i] = math.Float32frombits(binary.LittleEndian.Uint32(r.buffer[4*i:]))
		}
		r.buffer = r.buffer[4*len(part):]
	}
	return true, nil
}

// Append implements Store. What goes wrong shows in Finish.
func (r *CachedRows) Append(features, logits []float32) error {
	r.used, r.buffer = true, r.buffer[:0]
	for _, part := range [][]float32{features, logits} {
		for _, v := range part {
			r.buffer = binary.LittleEndian.AppendUint32(r.buffer, math.Float32bits(v))
		}
	}
	r.sum = crc32.Update(r.sum, castagnoli, r.buffer)
	r.remaining -= int64(len(r.buffer))
	if r.failed == nil {
		_, r.failed = r.made.Write(r.buffer)
	}
	return nil
}

// Finish keeps the entry of a pass that has seen all images, and makes room for it. A
// pass that looked at pixels has used none.
func (r *CachedRows) Finish() {
	if !r.used {
		r.Close()
		return
	}
	err := r.failed
	if err == nil && r.remaining != 0 {
		err = fmt.Errorf("%d bytes of features too few", r.remaining)
	}
	identity := ""
	if err == nil {
		identity, err = r.identity()
	}
	if err == nil {
		_, err = r.made.Write(binary.LittleEndian.AppendUint32([]byte(identity+"\n"), r.sum))
	}
	err = errors.Join(err, r.made.Flush(), r.file.Close())
	if err == nil {
		err = os.Rename(r.file.Name(), r.path(identity))
	}
	if err != nil {
		os.Remove(r.file.Name())
		r.cache.Warn(fmt.Errorf("metrics: features are not kept: %w", err))
	}
	r.made = nil
	r.cache.evict()
}

// Close ends a pass; what it has not finished is not kept.
func (r *CachedRows) Close() {
	r.file.Close() // once more after Finish
	if r.made != nil {
		os.Remove(r.file.Name())
	}
}

// evict removes what was not used for longest until the rest has room, and what killed
// processes left.
func (c *Cache) evict() {
	type entry struct {
		path string
		info os.FileInfo
	}
	var list []entry
	total := int64(0)
	for _, pattern := range []string{"*" + cacheExt, "*" + factorExt, atomicfile.TempPattern} {
		paths, _ := filepath.Glob(filepath.Join(c.Dir, pattern))
		for _, path := range paths {
			info, err := os.Stat(path)
			switch {
			case err != nil: // somebody else has removed it
			case pattern != atomicfile.TempPattern:
				list, total = append(list, entry{path, info}), total+info.Size()
			case time.Since(info.ModTime()) > leftOver:
				os.Remove(path)
			}
		}
	}
	slices.SortFunc(list, func(a, b entry) int { return a.info.ModTime().Compare(b.info.ModTime()) })
	for _, e := range list {
		if total <= c.MaxBytes {
			return
		}
		if err := os.Remove(e.path); err != nil {
			c.Warn(fmt.Errorf("metrics: features that are kept: %w", err))
			return
		}
		total -= e.info.Size()
	}
}
