package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultE2EOneBranch kills a run again and again, mostly beyond its last
// checkpoint, and changes its rates each time, so that every resume leaves a
// branch. Whenever it has stopped properly, what status, the log, the best
// network, the pictures and the event files say must be of one branch.
func TestFaultE2EOneBranch(t *testing.T) {
	binary := e2e(t)
	text := withTinyNetworks(t, t.TempDir(), tinyConfig)
	text = strings.NewReplacer("checkpoint_kimg = 0.004", "checkpoint_kimg = 0.12", "fid_kimg = 0.5", "fid_kimg = 0.02",
		"samples = 600", "samples = 20", "sample_kimg = 0.2", "sample_kimg = 0.02", "total_kimg = 2", "total_kimg = 1000").Replace(text)
	dir, rng := filepath.Join(t.TempDir(), "run"), rand.New(rand.NewPCG(7, 8))
	check(t, trainer.CreateAt(dir, text, "tiny"))
	path := filepath.Join(dir, run.ConfigFile)
	asides := 0
	for i := range 6 {
		p := startTrainer(t, binary, dir)
		if !p.await(t, dir, 120+4*rng.Int64N(30)) {
			t.Fatalf("the run ended by itself\n%s", p.out.String())
		}
		check(t, p.cmd.Process.Signal(syscall.SIGKILL))
		<-p.ended
		now, err := configs.ReadFile(path)
		check(t, err)
		now, err = configs.Set(now, "live.gen_lr", fmt.Sprintf("%de-4", 1+i))
		check(t, err)
		check(t, configs.WriteFile(path, now))

		p = startTrainer(t, binary, dir)
		if !p.await(t, dir, 4) {
			t.Fatalf("the run ended by itself\n%s", p.out.String())
		}
		check(t, p.cmd.Process.Signal(syscall.SIGTERM))
		if err := <-p.ended; err != nil {
			t.Fatalf("%v\n%s", err, p.out.String())
		}
		oneBranch(t, dir)
		aside, err := filepath.Glob(filepath.Join(dir, run.CheckpointsDir, "best-*"))
		check(t, err)
		asides = max(asides, len(aside))
	}
	t.Logf("up to %d best networks were set aside", asides)
}

// oneBranch checks that nothing in a stopped run's directory is beyond it or of
// another branch.
func oneBranch(t *testing.T, dir string) {
	t.Helper()
	info, err := run.ReadInfo(dir)
	check(t, err)
	s := info.Status
	history, err := runlog.ReadAll(dir)
	check(t, err)
	best, at := math.Inf(1), int64(-1)
	for _, tick := range history.Rows {
		if fid, ok := tick.Value("fid"); ok && fid < best {
			best, at = fid, tick.Nimg
		}
		if tick.Nimg > s.Nimg {
			t.Errorf("a tick at %d images of a run at %d", tick.Nimg, s.Nimg)
		}
	}
	if at < 0 || s.BestFID == nil || *s.BestFID != best {
		t.Errorf("at %d images: status says best FID %v, the log %v", s.Nimg, deref(s.BestFID), best)
	}
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointsDir, "best.safetensors"))
	check(t, err)
	net, err := loop.OpenFeatures(filepath.Join(dir, "inputs", "fid.features", "cnn.safetensors"), features.OwnInput)
	check(t, err)
	if got, want := f.Metadata["nimg"]+": "+f.Metadata[loop.StatedKey("fid", net.Label)], fmt.Sprintf("%d: %.4f", at, best); got != want {
		t.Errorf("at %d images: best.safetensors is %s, want %s", s.Nimg, got, want)
	}
	pictures, err := filepath.Glob(filepath.Join(dir, run.SamplesDir, "0*.png"))
	check(t, err)
	for _, path := range pictures {
		if n, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".png"), 10, 64); err != nil || n > s.Nimg {
			t.Errorf("%s of a run at %d images", path, s.Nimg)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, run.TensorBoardDir, "events.out.tfevents.*"))
	check(t, err)
	for _, path := range files {
		data, err := os.ReadFile(path)
		check(t, err)
		for _, step := range stepsOf(data) {
			if step > s.Nimg+1 { // a session begins behind its checkpoint
				t.Errorf("%s: step %d of a run at %d images", filepath.Base(path), step, s.Nimg)
			}
		}
	}
}

func deref(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// stepsOf reads the steps of an event file.
func stepsOf(data []byte) []int64 {
	var steps []int64
	for len(data) >= 12 {
		length := binary.LittleEndian.Uint64(data)
		if uint64(len(data)) < 16+length {
			break // torn
		}
		event := data[12 : 12+length]
		data = data[16+length:]
		for len(event) > 0 {
			field, kind, n := protowire.ConsumeField(event)
			if n < 0 {
				break
			}
			if field == 2 && kind == protowire.VarintType {
				_, _, tag := protowire.ConsumeTag(event)
				step, _ := protowire.ConsumeVarint(event[tag:])
				steps = append(steps, int64(step))
			}
			event = event[n:]
		}
	}
	return steps
}
