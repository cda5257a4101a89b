package loop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
)

// TestPredictMemory holds a prediction against what a run leaves behind, and its
// parts against each other.
func TestPredictMemory(t *testing.T) {
	dir := networks(t)
	for _, name := range []string{"gdd", "edm", "classifier"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := config(name, dir)
			cfg, err := configs.Parse(run.ConfigFile, text)
			check(t, err)
			m, err := loop.PredictMemory(cfg, "")
			check(t, err)

			most := 0
			for _, p := range m.Programs {
				if p.Activations <= 0 || p.Scratch <= 0 || p.Results <= 0 || p.Inputs <= 0 {
					t.Errorf("program %+v", p)
				}
				most = max(most, p.Activations+p.Scratch)
			}
			if m.Workspace != most {
				t.Errorf("workspace of %d bytes, want what the largest program needs, %d", m.Workspace, most)
			}
			trains, weights := 0, 0
			for _, n := range m.Networks {
				if n.Role == method.Trained {
					trains += 4 * n.Trainable
					weights += n.Bytes
				}
			}
			if m.Optimizer != 2*trains || m.Weights != weights || m.Gradients < trains {
				t.Errorf("optimizer %d, weights %d, gradients %d bytes, for %d bytes of weights of which %d train", m.Optimizer, m.Weights, m.Gradients, weights, trains)
			}
			if sum := m.Workspace + m.Weights + m.Gradients + m.Optimizer + m.Average + m.Frozen + m.Start + m.Packed + m.Data +
				m.Evaluation + m.Samples + m.Copy + m.Process; sum != m.Peak || m.Process <= 0 {
				t.Errorf("parts of %d bytes, of a peak of %d, the process alone %d", sum, m.Peak, m.Process)
			}

			trained := newRun(t, text)
			train(t, trained)
			files := checkpointFiles(t, trained)
			disk := 0
			for _, f := range append(files, filepath.Join(trained, run.CheckpointsDir, "best.safetensors")) {
				if info, err := os.Stat(f); err == nil {
					disk += int(info.Size())
				}
			}
			if len(files) != m.Checkpoints {
				t.Errorf("%d checkpoints, predicted %d", len(files), m.Checkpoints)
			}
			// The header of a file is estimated, and the first checkpoints know of no
			// best network yet.
			if off, most := max(m.Disk-disk, disk-m.Disk), disk/10+len(files)<<13; off > most {
				t.Errorf("%d bytes on disk, predicted %d: %d off, want at most %d", disk, m.Disk, off, most)
			}
		})
	}
}

// TestMicroBatchMemory plans the same run in micro-batches: what programs share is
// less by more than half, the gradients that are added up come on top.
func TestMicroBatchMemory(t *testing.T) {
	dir := networks(t)
	for _, name := range []string{"gdd", "edm", "classifier"} {
		predict := func(micro string) *loop.Memory {
			text := config(name, dir)
			for _, kv := range [][2]string{{"run.batch", "32"}, {"run.micro_batch", micro}} {
				var err error
				text, err = configs.Set(text, kv[0], kv[1])
				check(t, err)
			}
			cfg, err := configs.Parse(run.ConfigFile, text)
			check(t, err)
			m, err := loop.PredictMemory(cfg, "")
			check(t, err)
			return m
		}
		whole, parts := predict("0"), predict("8")
		work := func(m *loop.Memory) int { // of a step
			most := 0
			for _, p := range m.Programs {
				if p.Stage == "g" || p.Stage == "d" || p.Stage == "r1" || p.Stage == "step" {
					most = max(most, p.Activations)
				}
			}
			return most
		}
		if work(parts) > work(whole)/2 {
			t.Errorf("%s: activations of %d bytes in micro-batches, of %d without", name, work(parts), work(whole))
		}
		trains := 0
		for _, n := range parts.Networks {
			trains += 4 * n.Trainable
		}
		if parts.Gradients < 2*trains {
			t.Errorf("%s: %d bytes of gradients, want at least those of %d that are trained and their sums", name, parts.Gradients, trains)
		}
	}
}

// TestPredictSchedule foretells a thaw: each entry of a schedule takes what a run that
// begins with it would, the moments of what trained before come on top, and the disk is
// that of the largest checkpoint.
func TestPredictSchedule(t *testing.T) {
	dir := networks(t)
	predict := func(freeze string) *loop.Memory {
		cfg, err := configs.Parse(run.ConfigFile, strings.Replace(config("gdd", dir), "[freeze]\npreset = \"gdd-i\"\n", freeze, 1))
		check(t, err)
		m, err := loop.PredictMemory(cfg, "")
		check(t, err)
		return m
	}
	const none, gddI = "[freeze]\npreset = \"none\"\n", "[freeze]\npreset = \"gdd-i\"\n"
	const later = "[[freeze.schedule]]\nat_kimg = 0.008\npreset = "
	frozen, free := predict(gddI), predict(none)
	thaw, back := predict(gddI+later+"\"none\"\n"), predict(none+later+"\"gdd-i\"\n[[freeze.schedule]]\nat_kimg = 1000\n")
	if len(frozen.Schedule) != 0 || frozen.Most != frozen.Peak || len(thaw.Schedule) != 1 || len(back.Schedule) != 1 {
		t.Fatalf("entries %v, %v and %v, want those within the run", frozen.Schedule, thaw.Schedule, back.Schedule)
	}
	e := thaw.Schedule[0]
	if e.Trainable != free.Networks[0].Trainable || e.Workspace != free.Workspace || e.Optimizer != free.Optimizer || e.Checkpoint != free.Checkpoint {
		t.Errorf("after a thaw %+v, want as of a run that begins so: %+v", e, free)
	}
	if e.Work <= 1 || thaw.Most != e.Peak || e.Peak <= thaw.Peak || thaw.Disk != free.Disk || thaw.Peak > frozen.Peak+frozen.Peak/10 {
		t.Errorf("a thaw: %+v, at most %d of %d before, %d on disk; want more of all", e, thaw.Most, thaw.Peak, thaw.Disk)
	}
	if e := back.Schedule[0]; e.Optimizer != free.Optimizer || e.Work >= 1 || e.Trainable != frozen.Networks[0].Trainable {
		t.Errorf("after freezing %+v, want the moments of before, %d bytes, and less work", e, free.Optimizer)
	}
	if free.WaysBack != 5 || free.WaysBackDisk != 5*free.Checkpoint {
		t.Errorf("%d ways back of %d bytes, want 5 checkpoints", free.WaysBack, free.WaysBackDisk)
	}
}
