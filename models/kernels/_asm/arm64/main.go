// Command arm64 generates the assembly of package kernels for 64-bit ARM: routines
// with suffix NEON over vectors of 4 floats, or of 2 float64. Run it by go generate in
// the package's directory.
//
// Go's assembler has names for loads and stores of vectors and for integer
// instructions, but not for the arithmetic of floating-point vectors. Those go into the
// file as words, which encode.go computes; each has beside it what a disassembler must
// make of it, and a test of package kernels asks one.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// sets are the generated files, by the routines that they hold.
var sets = []struct {
	name string
	emit func(f *file)
}{
	{"tile", tiles},
	{"winograd", winograd},
	{"vector", func(f *file) { maps(f); rowMaps(f); reductions(f) }},
	{"activation", activations},
	{"depthwise", depthwise},
	{"double", doubles},
	{"bfloat16", bfloat16},
}

func main() {
	dir := flag.String("dir", ".", "folder of package kernels")
	flag.Parse()
	if err := generate(*dir); err != nil {
		fmt.Fprintln(os.Stderr, "arm64:", err)
		os.Exit(1)
	}
}

// generate writes every file, and the Go side of all.
func generate(dir string) error {
	var stubs stubs
	for _, set := range sets {
		f := &file{stubs: &stubs}
		set.emit(f)
		if err := os.WriteFile(filepath.Join(dir, set.name+"_arm64.s"), []byte(f.text()), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "stubs_arm64.go"), []byte(stubs.text()), 0o644)
}
