package published

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Prefix marks a reference to one of Files, by its name.
const Prefix = "fetch:"

// Variable names the folder of fetched files, for who has no room at home.
const Variable = "INNATE_CACHE"

// Dir is the folder of fetched files: $INNATE_CACHE, or else innate in
// $XDG_CACHE_HOME or ~/.cache. It need not exist.
func Dir() (string, error) {
	if dir := os.Getenv(Variable); dir != "" {
		return filepath.Abs(dir)
	}
	dir := os.Getenv("XDG_CACHE_HOME")
	if !filepath.IsAbs(dir) { // the specification wants others ignored
		home := os.Getenv("HOME")
		if home == "" {
			return "", fmt.Errorf("published: no %s, XDG_CACHE_HOME or HOME, want a folder for fetched files", Variable)
		}
		dir = filepath.Join(home, ".cache")
	}
	return filepath.Join(dir, "innate"), nil
}

// Find returns the file of a name, with fetch: before it or without.
func Find(name string) (File, error) {
	name = strings.TrimPrefix(name, Prefix)
	i := slices.IndexFunc(Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return File{}, fmt.Errorf("published: no file is called %q, want one of those that innate fetch --list names", name)
	}
	return Files[i], nil
}

// Path is where the file lies once it is here.
func (f File) Path() (string, error) {
	dir, err := Dir()
	return filepath.Join(dir, f.Name), err
}

// Resolve returns the path that a reference means: of fetch:NAME that of the file,
// which must be here; any other reference is returned as it is.
func Resolve(ref string) (string, error) {
	if !strings.HasPrefix(ref, Prefix) {
		return ref, nil
	}
	f, err := Find(ref)
	if err != nil {
		return "", err
	}
	path, err := f.Path()
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", absent{f, path}
	}
	return path, nil
}

// absent is the error of a file that is not here; it is fs.ErrNotExist.
type absent struct {
	file File
	path string
}

func (a absent) Error() string {
	return fmt.Sprintf("%s%s: not here: innate fetch %s brings it; or put %s there as %s", Prefix, a.file.Name, a.file.Name, a.file.URL, a.path)
}

func (absent) Is(target error) bool { return target == fs.ErrNotExist }
