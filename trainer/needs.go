package trainer

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/models/published"
	"innate/models/weights"
)

// Need is a file that a new run of a configuration would open.
type Need struct {
	Key string // of the setting that names it
	Ref string // as the setting names it
	Err error  // why the run could not start with it; nil if it could

	Size int64  // bytes; 0 for what is built in, or not here
	Copy int64  // bytes that it adds to a run: 0 of a file that an earlier need has, too
	Note string // what is known of its contents

	path string // of the file; "" for what is built in, or not here
}

// Needs examines the files that a configuration names, in the order of their keys.
// Those that others publish are compared with what is published of them. Relative
// paths count from the working directory.
func Needs(c *configs.Config) []Need {
	files := c.Files()
	var needs []Need
	var inputs []input
	for _, key := range slices.Sorted(maps.Keys(files)) {
		n := Need{Key: key, Ref: files[key], Err: checkFile(key, files[key])}
		if n.Err == nil {
			n.Err = n.examine()
		}
		if in := (input{key: key, from: n.path}); n.Size > 0 && !slices.ContainsFunc(inputs, in.same) {
			n.Copy, inputs = n.Size, append(inputs, in)
		}
		needs = append(needs, n)
	}
	return needs
}

// examine says what is known of a file that can be opened.
func (n *Need) examine() error {
	if strings.HasPrefix(n.Ref, weights.Prefix) {
		n.Note = "built in"
		return nil
	}
	path, err := published.Resolve(configs.Locate("", n.Ref))
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	n.path, n.Size = path, info.Size()
	f, err := published.Find(filepath.Base(path))
	if err != nil { // which is nothing to say of a file of one's own
		return nil
	}
	n.Note = f.Agreement()
	if err = f.Check(path); err != nil && !strings.HasPrefix(n.Ref, published.Prefix) {
		n.Note, err = fmt.Sprintf("not the published file of that name: %v", err), nil
	}
	return err
}
