package cluster_test

import (
	"os"
	"path/filepath"
	"testing"
)

// standIn puts commands of that name on the path, and nothing else but what a shell
// needs: each is the body of a script. It returns a folder in which they may leave
// files, $OUT to them.
func standIn(t *testing.T, commands map[string]string) (out string) {
	t.Helper()
	bin, out := t.TempDir(), t.TempDir()
	for name, body := range commands {
		check(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	}
	for _, name := range []string{"cat", "sleep", "printf"} {
		check(t, os.Symlink("/bin/"+name, filepath.Join(bin, name)))
	}
	t.Setenv("PATH", bin)
	t.Setenv("OUT", out)
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
