package loop_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/cpu"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// adjust sets a setting of a run without a trainer.
func adjust(t *testing.T, dir, key, value string) {
	t.Helper()
	check(t, trainer.Adjust(dir, map[string]string{key: value}))
}

// always sets a fixed setting of a run without a trainer as if it had been so from
// the start: in its checkpoints, too.
func always(t *testing.T, dir, key, value string) {
	t.Helper()
	adjust(t, dir, key, value)
	list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	check(t, err)
	for _, c := range list {
		f, err := checkpoint.Read(c.Path)
		check(t, err)
		f.Metadata["config"], err = configs.Set(f.Metadata["config"], key, value)
		check(t, err)
		check(t, checkpoint.Write(c.Path, f))
	}
}

// halfway makes a run that has trained on 32 of 64 images.
func halfway(t *testing.T, dir, text string) {
	t.Helper()
	check(t, trainer.CreateAt(dir, text, ""))
	adjust(t, dir, "live.total_kimg", "0.032")
	train(t, dir)
	adjust(t, dir, "live.total_kimg", "0.064")
}

// tensorBytes are those of the tensors in a safetensors file, less its header, in which
// a fork's configuration says where it comes from.
func tensorBytes(file []byte) []byte { return file[8+binary.LittleEndian.Uint64(file):] }

// fullLength makes a fork train on 64 images.
func fullLength(text string) (string, error) { return configs.Set(text, "live.total_kimg", "0.064") }

// TestFaultMove moves a project in the middle of a run, and loses the files that
// the run was made from: it resumes, and so does a fork, to where it would have
// come.
func TestFaultMove(t *testing.T) {
	t.Parallel()
	nets, base := networks(t), t.TempDir()
	text := config("gdd", nets)
	stays := filepath.Join(base, "stays", "run")
	halfway(t, stays, text)
	goes, there := filepath.Join(base, "goes"), filepath.Join(base, "there")
	halfway(t, filepath.Join(goes, "run"), text)

	train(t, stays)
	check(t, os.Rename(goes, there))
	check(t, os.RemoveAll(nets))
	moved := filepath.Join(there, "run")
	forked, err := trainer.Fork(trainer.ForkOptions{RunsDir: filepath.Join(base, "forks"), Source: moved, Edit: fullLength})
	check(t, err)
	dev := cpu.New(1)
	defer dev.Close()
	for _, dir := range []string{moved, forked.Dir} {
		train(t, dir)
		_, err := loop.DrawTeacher(context.Background(), dev, dir, loadConfig(t, dir))
		check(t, err)
	}
	want := tensorBytes(lastCheckpoint(t, stays))
	for _, dir := range []string{moved, forked.Dir} {
		if !bytes.Equal(tensorBytes(lastCheckpoint(t, dir)), want) {
			t.Errorf("%s came elsewhere than the run that stayed", dir)
		}
	}
}

// TestFaultMoveOldRun moves runs made before there were copies, which name files
// by absolute paths: a checkpoint has what model.init was, and what else is
// missing is said with the line of its setting.
func TestFaultMoveOldRun(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gdd", "edm"} {
		nets := networks(t)
		text := config(method, nets)
		if method == "edm" {
			text = strings.Replace(text, "[model]\n", fmt.Sprintf("[model]\ninit = %q\n", nets+"/teacher.safetensors"), 1)
		}
		dir := filepath.Join(t.TempDir(), "run")
		halfway(t, dir, text)
		always(t, dir, "model.init", "/gone/teacher.safetensors")
		adjust(t, dir, "live.layers_kimg", "0.008")
		forked, err := trainer.Fork(trainer.ForkOptions{RunsDir: t.TempDir(), Source: dir, Edit: fullLength})
		check(t, err)
		always(t, forked.Dir, "model.init", "/gone/teacher.safetensors")
		for _, d := range []string{dir, forked.Dir} {
			train(t, d)
			events, err := os.ReadFile(filepath.Join(d, runlog.EventsFile))
			if check(t, err); !strings.Contains(string(events), "model.init: checkpoint: stat /gone/teacher.safetensors: no such file") {
				t.Errorf("%s: events do not say what is missing:\n%s", method, events)
			}
		}
		layers, err := os.ReadFile(filepath.Join(dir, runlog.LayersFile))
		if check(t, err); !strings.Contains(string(layers), `"nimg":40`) || !strings.Contains(string(layers[bytes.LastIndex(layers, []byte(`"distance"`)):]), "null") {
			t.Errorf("%s: distances from weights that are gone:\n%s", method, layers)
		}
		adjust(t, dir, "live.total_kimg", "0.072")
		for _, key := range []string{"disc.features", "fid.features", "fid.reference"} {
			if method == "edm" && key == "disc.features" {
				continue
			}
			before := loadConfig(t, dir).Files()[key]
			always(t, dir, key, "/gone/file")
			err := loop.Run(context.Background(), loop.Options{Dir: dir})
			if want := key + ": "; err == nil || !strings.Contains(err.Error(), "config.toml:") || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "want the file at that place") {
				t.Errorf("%s: %s: got %v", method, key, err)
			}
			always(t, dir, key, before)
		}
	}
}

func loadConfig(t *testing.T, dir string) *configs.Config {
	t.Helper()
	c, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	return c
}

// TestFaultMovedFiles resumes a run of before there were copies whose project has
// moved, once its owner has named the new places. Another file is refused.
func TestFaultMovedFiles(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	dir := filepath.Join(t.TempDir(), "run")
	halfway(t, dir, config("gdd", nets))
	const key = "fid.features"
	old, there := filepath.Join(t.TempDir(), "cnn.safetensors"), filepath.Join(t.TempDir(), "cnn.safetensors")
	other := filepath.Join(t.TempDir(), "other.safetensors")
	cnn, err := os.ReadFile(filepath.Join(nets, "cnn.safetensors"))
	check(t, err)
	for _, path := range []string{old, there, other} {
		check(t, os.WriteFile(path, cnn, 0o644))
	}
	always(t, dir, key, old)
	refused := func(path string) {
		t.Helper()
		adjust(t, dir, key, path)
		if err := loop.Run(context.Background(), loop.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "fixed once a run has started") {
			t.Errorf("%s: got %v, want it refused", path, err)
		}
	}
	refused(there) // the old one is there, so this is another
	check(t, os.Remove(old))
	refused(other)
	adjust(t, dir, key, there)
	train(t, dir)
}
