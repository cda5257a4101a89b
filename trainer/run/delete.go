package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// leftovers lists what editors, file managers and network file systems leave
// beside files that somebody edits or looks at, as patterns of names in any folder
// of a run directory. Nobody made these on purpose, so they do not keep a run
// from being deleted.
var leftovers = []string{
	"*~",                       // backups of Emacs, gedit, joe and others; Vim's undo, .config.toml.un~
	".*.sw[a-p]",               // swap files of Vim and nano
	"4913",                     // Vim's probe of the folder
	"#*#",                      // autosaves of Emacs
	".#*",                      // locks of Emacs, links that lead nowhere
	ConfigFile + ".save",       // what nano had open when it was killed
	ConfigFile + ".save.*",     // and when it was again
	".*.kate-swp",              // swap files of Kate
	".*.kak.??????",            // half-written files of Kakoune
	".goutputstream-??????",    // half-written files of gedit and others that use GLib
	"*___jb_tmp___",            // half-written files of JetBrains
	"*___jb_old___",            // and those that they replace
	".DS_Store",                // views of macOS
	"._*",                      // attributes of macOS on other file systems
	".directory",               // views of Dolphin
	"Thumbs.db", "desktop.ini", // views of Windows
	".nfs*",         // files of NFS that are removed but open
	".fuse_hidden*", // and of FUSE
}

// Delete removes a run with everything in its directory. It refuses one that
// has a trainer, a directory that is not a run, and, unless force is set, one
// with files in it that no trainer has written.
func Delete(dir string, force bool) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := checkRun(dir); err != nil {
		return err
	}
	lock, err := Acquire(dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	foreign, err := foreignFiles(dir)
	if err != nil {
		return err
	}
	if len(foreign) > 0 && !force {
		return fmt.Errorf("run: %s: not deleted: it holds what no trainer wrote: %s", dir, strings.Join(foreign, ", "))
	}
	// Nobody sees half a run: it goes under another name first, and is no run
	// from then on.
	gone := filepath.Join(filepath.Dir(dir), fmt.Sprintf(".deleted-%s-%d", filepath.Base(dir), os.Getpid()))
	if err := os.Rename(dir, gone); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if err := os.Remove(filepath.Join(gone, ConfigFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("run: %w", err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// checkRun refuses a directory that Create has not made.
func checkRun(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if info.Mode().Type() == fs.ModeSymlink {
		to, err := filepath.EvalSymlinks(dir)
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		return fmt.Errorf("run: %s: a link to %s, want the directory itself", dir, to)
	}
	if !IsRun(dir) {
		return fmt.Errorf("run: %s: no run: it has no %s", dir, ConfigFile)
	}
	for _, sub := range []string{SamplesDir, CheckpointsDir} {
		if info, err := os.Lstat(filepath.Join(dir, sub)); err != nil || !info.IsDir() {
			return fmt.Errorf("run: %s: no run: it has no directory %s", dir, sub)
		}
	}
	return nil
}

// foreignFiles lists what a run directory holds beyond the table, the first
// few of it.
func foreignFiles(dir string) ([]string, error) {
	const enough = 3
	var foreign []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since it was listed
		}
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		rel, _ := filepath.Rel(dir, path) // path begins with dir
		if _, ours := FileOf(rel); ours || rel == "." || !e.IsDir() && matches(leftovers, e.Name()) {
			return nil
		}
		if len(foreign) == enough {
			foreign = append(foreign, "…")
			return fs.SkipAll
		}
		foreign = append(foreign, rel)
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	return foreign, err
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := filepath.Match(p, path)
		return ok
	})
}
