package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"innate/models/atomicfile"
)

// WriteStatus writes the heartbeat, atomically where there is room for a new
// file. On a full disk it goes over the old one, which takes no room: the
// heartbeat says why the run is paused, then above all. The error stays that of
// the new file.
func WriteStatus(dir string, s Status) error {
	err := writeJSONFile(dir, StatusFile, s)
	if err != nil {
		overwriteStatus(filepath.Join(dir, StatusFile), s)
	}
	return err
}

// overwriteStatus writes a status over one that is there, with spaces up to its
// end.
func overwriteStatus(path string, s Status) {
	b, err := json.Marshal(s)
	if err != nil {
		return
	}
	writing.Lock()
	defer writing.Unlock()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		b = append(b, bytes.Repeat([]byte(" "), max(0, int(info.Size())-len(b)))...)
		_, _ = f.WriteAt(b, 0) // one that is longer may still find room in its last block
	}
}

// WriteLayers writes layers.json atomically.
func WriteLayers(dir string, layers []Layer) error { return writeJSONFile(dir, LayersFile, layers) }

// ReadLayers reads layers.json: the layers of a run without a trainer.
func ReadLayers(dir string) ([]Layer, error) {
	b, err := readFile(filepath.Join(dir, LayersFile))
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	var layers []Layer
	if err := json.Unmarshal(b, &layers); err != nil {
		return nil, fmt.Errorf("run: %s: %w", filepath.Join(dir, LayersFile), err)
	}
	return layers, nil
}

// writing keeps the writers of a heartbeat in order: the loop, and its clock.
var writing sync.Mutex

// writeJSONFile waits for no disk: a heartbeat lost in a power failure is none.
func writeJSONFile(dir, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("run: %s: %w", name, err)
	}
	writing.Lock()
	defer writing.Unlock()
	if err := atomicfile.WriteBytes(filepath.Join(dir, name), atomicfile.NoSync, append(b, '\n')); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// WriteText writes a small file of a run by its name, in one step.
func WriteText(dir, name, text string) error {
	if err := atomicfile.WriteBytes(filepath.Join(dir, name), atomicfile.NoSync, []byte(text)); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}
