package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestInspectReadsTheHeader inspects a network of 10 GB, which is a hole in the
// file system, by path and as the checkpoint of a run: no value is read, and
// nothing of its size is allocated.
func TestInspectReadsTheHeader(t *testing.T) {
	const values = 2_500_000_000
	dir := t.TempDir()
	t.Setenv("INNATE_RUNS", filepath.Join(dir, "runs"))
	made := ok(create("", "", "mnist-edm", edits{}))(t)
	check(t, os.MkdirAll(filepath.Join(made, "checkpoints"), 0o755))
	path := filepath.Join(made, "checkpoints", "000001000.safetensors")
	header := fmt.Sprintf(`{"__metadata__":{"kind":"large"},"w":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, values, 4*values)
	check(t, os.WriteFile(path, append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), 0o644))
	check(t, os.Truncate(path, int64(8+len(header)+4*values)))
	for _, ref := range []string{path, "0"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		read := bytesRead(t)
		status, out, stderr := line(t, "inspect", ref)
		read = bytesRead(t) - read
		runtime.ReadMemStats(&after)
		if want := "1 tensors, 2500000000 values"; status != 0 || !strings.Contains(out, want) || !strings.Contains(out, "kind: large") {
			t.Errorf("%s: status %d, %s%s, want %s", ref, status, out, stderr, want)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 || read > 1<<20 {
			t.Errorf("%s: %d bytes allocated and %d read, want a few kilobytes", ref, grown, read)
		}
	}
}

// bytesRead is what this process has read, from files and all else.
func bytesRead(t *testing.T) (n int64) {
	said := ok(os.ReadFile("/proc/self/io"))(t)
	_, err := fmt.Sscanf(string(said), "rchar: %d", &n)
	check(t, err)
	return n
}
