package files

import (
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// openFolder opens all images below a folder. Links to files are followed, links to
// folders are not.
func openFolder(p Place, held bool) (Collection, error) {
	if held {
		return nil, nil
	}
	e := &encoded{close: func() error { return nil }}
	sizes := map[string]int64{}
	root, err := filepath.EvalSymlinks(p.Path)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(root, func(at string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, at)
		name := filepath.ToSlash(rel)
		switch {
		case err != nil:
			return err
		case hidden(name) && entry.IsDir():
			return fs.SkipDir
		case !isImage(name):
			return nil
		case len(e.members) == maxMembers:
			return fmt.Errorf("more than %d images", maxMembers)
		}
		info, err := os.Stat(at)
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		e.members, sizes[name] = append(e.members, name), info.Size()
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(e.members) == 0 {
		return nil, errNoImages
	}
	slices.Sort(e.members)
	e.open = func(i int) (io.ReadCloser, error) {
		return os.Open(filepath.Join(root, filepath.FromSlash(e.members[i])))
	}
	labels, err := readLabelFile(filepath.Join(root, LabelFile))
	if err != nil {
		return nil, err
	}
	e.print = fingerprint("folder", func(w hash.Hash) {
		for _, m := range e.members {
			fmt.Fprintln(w, m, sizes[m])
		}
		w.Write(labels)
	})
	e.labels, err = labelsOf(e.members, labels)
	return e, err
}

// readLabelFile reads a file of labels; nil where there is none.
func readLabelFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readBounded(f, maxLabelFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", LabelFile, err)
	}
	return b, nil
}
