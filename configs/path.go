package configs

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// ExpandHome gives a path that a person typed where no shell reads it, such as
// in a setting, a form or a prompt, the meaning that it has in a shell: ~ and
// ~user at its beginning are home directories. A user who does not exist is a
// part of the name, as in a shell.
func ExpandHome(path string) string {
	tilde, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path
	}
	name, rest, _ := strings.Cut(tilde, "/")
	home := ""
	if name == "" {
		home, _ = os.UserHomeDir() // "" where there is none
	} else if u, err := user.Lookup(name); err == nil {
		home = u.HomeDir
	}
	if home == "" {
		return path
	}
	return filepath.Join(home, rest)
}

// Locate returns what a setting that names a file means in a configuration that
// lies in directory dir: a relative path counts from there, and neither builtin:NAME
// nor fetch:NAME is a path.
func Locate(dir, ref string) string {
	if ref == "" || strings.HasPrefix(ref, "builtin:") || strings.HasPrefix(ref, "fetch:") {
		return ref
	}
	if ref = ExpandHome(ref); filepath.IsAbs(ref) {
		return ref
	}
	return filepath.Join(dir, ref)
}

// Files returns the settings that name files, by key, as they are written; those
// of other methods are left out.
func (c *Config) Files() map[string]string {
	named := map[string]string{
		"model.init": c.Model.Init,
	}
	for k := range c.Judges() {
		named[JudgeName(k)+".features"], named[JudgeName(k)+".reference"] = c.Judge(k).Features, c.Judge(k).Reference
	}
	for k := range maxDiscs {
		named[DiscName(k)+".features"], named[DiscName(k)+".classes"] = c.Nth(k).Features, c.Nth(k).Classes
	}
	files := map[string]string{}
	for key, ref := range named {
		if byKey[key].usedBy(c.Method) && ref != "" {
			files[key] = ref
		}
	}
	return files
}

// Paths returns Files and where the training images lie, which no run copies.
func (c *Config) Paths() map[string]string {
	paths := c.Files()
	if c.Data.Path != "" {
		paths["data.path"] = c.Data.Path
	}
	return paths
}
