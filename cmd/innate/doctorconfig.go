package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/prometheus/procfs"

	"innate/configs"
	"innate/models/atomicfile"
	"innate/models/published"
	"innate/trainer"
	"innate/trainer/data"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
)

// finding is a line of what doctor says of a configuration.
type finding struct {
	name, text string
	bad        bool // the run would not start, or not live long
}

// doctorConfig prints what a run of a configuration needs and whether it is here, and
// fails if the run would not start.
func doctorConfig(c *cli, config string, e edits) error {
	name, text, err := openConfig(config)
	if err != nil {
		return err
	}
	_, cfg, err := e.parse(name, text)
	if err != nil {
		return err
	}
	found := []finding{{name: "config", text: fmt.Sprintf("%s: %s, batch %d", filepath.Base(config), cfg.Method, cfg.Run.Batch)}}
	files, copies := examineFiles(cfg)
	found = append(found, files...)
	if bad(found) == 0 {
		found = append(found, examineRoom(cfg, run.RunsDir(c.runs), copies)...)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, f := range found {
		mark := "ok"
		if f.bad {
			mark = "NO"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", mark, f.name, f.text)
	}
	w.Flush()
	if n := bad(found); n > 0 {
		return fmt.Errorf("doctor: %s: a run would not start: %d of %d checks failed", config, n, len(found))
	}
	return nil
}

func bad(found []finding) (n int) {
	for _, f := range found {
		if f.bad {
			n++
		}
	}
	return n
}

// examineFiles says of each file that a configuration names whether it is here and
// whole, and of the data set and the settings whether a method takes them. copies
// are the bytes that the run will have of the files.
func examineFiles(cfg *configs.Config) (found []finding, copies int64) {
	for _, n := range trainer.Needs(cfg) {
		text := []string{n.Ref}
		if n.Size > 0 {
			text = append(text, mebibytes(n.Size))
		}
		if n.Note != "" {
			text = append(text, n.Note)
		}
		f := finding{name: n.Key, text: strings.Join(text, ", "), bad: n.Err != nil}
		if n.Err != nil {
			f.text = n.Err.Error()
			if !strings.Contains(f.text, n.Ref) {
				f.text = n.Ref + ": " + f.text
			}
			f.text = remedied(n.Key, f.text)
		}
		found, copies = append(found, f), copies+n.Copy
	}
	set, err := method.OpenData(cfg, "")
	if err != nil {
		text := err.Error()
		if path := configs.Locate("", cfg.Data.Path); cfg.Data.Path != "" && !strings.HasPrefix(cfg.Data.Path, published.Prefix) && missing(path) {
			text += fmt.Sprintf("; innate data SRC -o %s makes it of the images in SRC, or --set data.path names others", path)
		}
		return append(found, finding{name: "data.dataset", text: text, bad: true}), copies
	}
	h, w, channels := set.Shape()
	found = append(found, finding{name: "data.dataset", text: fmt.Sprintf("%s, %d images of %dx%d, %d channels", cfg.Data.Title(), set.Len(), h, w, channels)})
	if err := data.Close(set); err != nil {
		return append(found, finding{name: "data.dataset", text: err.Error(), bad: true}), copies
	}
	if bad(found) == 0 { // some of the checks need the files
		if err := method.Check(cfg); err != nil {
			found = append(found, finding{name: cmp.Or(configs.KeyOf(err), "settings"), text: err.Error(), bad: true})
		}
	}
	return found, copies
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// remedied adds what to do about a reference that is missing, or another network's.
func remedied(key, text string) string {
	name, ok := strings.CutSuffix(key, ".reference")
	if !ok || strings.Contains(text, "innate fetch") {
		return text
	}
	return fmt.Sprintf("%s; innate fid ref FILE --features NETWORK makes one by the network of %s.features", text, name)
}

// examineRoom compares what a run will take of memory and disk with what there is.
// copies are the bytes that it will have of files.
func examineRoom(cfg *configs.Config, runs string, copies int64) []finding {
	free, freeErr := freeMemory() // before the networks are here
	m, err := loop.PredictMemory(cfg, "")
	if err != nil {
		return []finding{{name: cmp.Or(configs.KeyOf(err), "memory"), text: remedied(configs.KeyOf(err), err.Error()), bad: true}}
	}
	memory := finding{name: "memory", text: mebibytes(int64(m.Most)) + " at most"}
	if freeErr == nil {
		memory.text += fmt.Sprintf(", of %s that are free", mebibytes(free))
		memory.bad = int64(m.Most) > free
	}
	// One checkpoint more lies there while it is written.
	want := int64(m.Disk) + int64(m.Checkpoint) + copies
	disk := finding{name: "disk", text: fmt.Sprintf("%s, of which a checkpoint has %s", mebibytes(want), mebibytes(int64(m.Checkpoint)))}
	if m.WaysBack > 0 {
		disk.text += fmt.Sprintf("; up to %s more after %d live changes", mebibytes(int64(m.WaysBackDisk)), m.WaysBack)
	}
	if have, err := atomicfile.Free(runs); err == nil {
		disk.text += fmt.Sprintf("; %s are free for %s", mebibytes(have), runs)
		disk.bad = want > have
	}
	return []finding{memory, disk}
}

// freeMemory is what a process may still take, in bytes: of the machine, or of its
// control group, if that has less.
func freeMemory() (int64, error) {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0, err
	}
	info, err := fs.Meminfo()
	if err != nil {
		return 0, err
	}
	if info.MemAvailableBytes == nil {
		return 0, errors.New("the kernel does not say")
	}
	free := int64(min(*info.MemAvailableBytes, math.MaxInt64))
	if limit, err := groupBytes("memory.max"); err == nil {
		if used, err := groupBytes("memory.current"); err == nil {
			free = min(free, max(0, limit-used))
		}
	}
	return free, nil
}

// groupBytes reads a number of the process's control group, as containers see it; an
// error where there is none, or it is max.
func groupBytes(name string) (int64, error) {
	b, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", name))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}
