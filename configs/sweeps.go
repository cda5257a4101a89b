package configs

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// A file dropped into sweeps/ is a sweep that every innate has; nothing else lists them.
//
//go:embed sweeps/*.toml
var sweepFiles embed.FS

// Sweeps lists the names of the shipped sweeps, sorted. Package sweep reads them.
func Sweeps() []string {
	files, err := fs.Glob(sweepFiles, "sweeps/*.toml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "sweeps/"), ".toml")
	}
	return files
}

// SweepText returns the file of a shipped sweep with its comments.
func SweepText(name string) (string, error) {
	b, err := sweepFiles.ReadFile("sweeps/" + name + ".toml")
	if err != nil {
		return "", fmt.Errorf("configs: sweep %q: none of %s", name, oneOf(Sweeps()))
	}
	return string(b), nil
}
