package loop_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/loop"
)

// TestSaverForgets: a checkpoint that is on disk is garbage, also before the loop asks
// for it and until it makes the next. It is as large as the run, and would else be there
// twice.
func TestSaverForgets(t *testing.T) {
	f, gone := checkpoint.New(), make(chan struct{})
	runtime.AddCleanup(f, func(gone chan struct{}) { close(gone) }, gone)
	path := filepath.Join(t.TempDir(), "checkpoints", "1.safetensors")
	failures := []error{fs.ErrPermission, nil} // of what follows, as where older files cannot be removed
	saved, err := loop.SaveAndForget(path, f, func() error {
		err := failures[0]
		failures = failures[1:]
		return err
	})
	check(t, err)
	_, err = os.Stat(path)
	check(t, err)
	for tries := 0; ; tries++ {
		runtime.GC()
		select {
		case <-gone:
			runtime.KeepAlive(saved)
			return
		case <-time.After(100 * time.Millisecond):
			if tries == 100 {
				t.Fatal("a file that was written is still held")
			}
		}
	}
}
