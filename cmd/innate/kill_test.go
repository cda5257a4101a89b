package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// kills is how often the run is killed.
const kills = 50

// A run of 500 steps with a checkpoint after each, so that one is being written
// at nearly every moment.
const (
	tinyNimg   = 2000
	tinyConfig = `
name = "tiny"
method = "gdd"
[run]
batch = 4
threads = 2
NETWORKS
samples = 600
[live]
total_kimg = 2
tick_kimg = 0.016
checkpoint_kimg = 0.004
keep_checkpoints = 2
keep_every_kimg = 0.5
fid_kimg = 0.5
sample_kimg = 0.2
sample_count = 4
r1_interval = 4
`
)

// withTinyNetworks writes a U-Net, a CNN and statistics to dir and puts the tables
// that name them, up to [fid], where a config says NETWORKS.
func withTinyNetworks(t *testing.T, dir, config string) string {
	t.Helper()
	const tables = `[model]
init = "DIR/teacher.safetensors"
[disc]
features = "DIR/cnn.safetensors"
in_size = 28
cmix = 8
width = 8
[fid]
features = "DIR/cnn.safetensors"
reference = "DIR/ref.npz"`
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := unet.New(unet.Config{
		Arch: "ddpmpp", Sizes: precond.Sizes{Resolution: 28, Channels: 1, ModelChannels: 8, ChannelMult: []int{1, 1, 1}, ChannelMultEmb: 4, NumBlocks: 1},
	}, rng)
	check(t, err)
	teacher := checkpoint.New()
	check(t, (&precond.Denoiser{Net: net, Kind: precond.EDM}).AddTo(teacher, ""))
	check(t, checkpoint.Write(filepath.Join(dir, "teacher.safetensors"), teacher))
	cnn, err := features.New(features.Config{Channels: 1, Widths: []int{8, 8}, Classes: 10}, rng)
	check(t, err)
	file := checkpoint.New()
	check(t, cnn.AddTo(file, ""))
	check(t, checkpoint.Write(filepath.Join(dir, "cnn.safetensors"), file))
	acc, rows := metrics.NewAccumulator(8), make([]float32, 8*64)
	for i := range rows {
		rows[i] = rng.Float32()
	}
	acc.Add(rows, 64)
	stats, err := acc.Stats()
	check(t, err)
	check(t, metrics.SaveSet(filepath.Join(dir, "ref.npz"), metrics.Set{Stats: stats}))
	return strings.Replace(config, "NETWORKS", strings.ReplaceAll(tables, "DIR", dir), 1)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// trainerProcess is one life of a run.
type trainerProcess struct {
	cmd   *exec.Cmd
	out   bytes.Buffer
	ended chan error
}

func startTrainer(t *testing.T, binary, dir string) *trainerProcess {
	t.Helper()
	p := &trainerProcess{cmd: exec.Command(binary, "train", "--run", dir), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	check(t, p.cmd.Start())
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// await polls until the trainer answers that it has seen so many images since it
// began; false when it ended before.
func (p *trainerProcess) await(t *testing.T, dir string, more int64) bool {
	t.Helper()
	client, first := control.NewClient(dir), int64(-1)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		select {
		case err := <-p.ended:
			p.ended <- err
			return false
		default:
		}
		s, err := client.Status(t.Context())
		if err != nil || s.PID != p.cmd.Process.Pid || s.State != run.StateRunning {
			continue
		}
		if first < 0 {
			first = s.Nimg
		}
		if s.Nimg >= first+more {
			return true
		}
	}
	t.Fatalf("the trainer does not get on\n%s", p.out.String())
	return false
}

// TestE2EKillAnywhere kills a run with SIGKILL again and again, at the start,
// between steps and while checkpoints are written, and stops another by every
// polite means. The last checkpoints must be those of a run left alone, byte for
// byte, and so must what was logged be, apart from times.
func TestE2EKillAnywhere(t *testing.T) {
	binary := e2e(t)
	text := withTinyNetworks(t, t.TempDir(), tinyConfig)
	newRun := func(t *testing.T) string {
		dir := filepath.Join(t.TempDir(), "run")
		check(t, trainer.CreateAt(dir, text, "tiny"))
		return dir
	}
	finish := func(t *testing.T, dir string) {
		t.Helper()
		p := startTrainer(t, binary, dir)
		if err := <-p.ended; err != nil {
			t.Fatalf("%v\n%s", err, p.out.String())
		}
	}
	alone := newRun(t)
	finish(t, alone)

	t.Run("kill", func(t *testing.T) {
		dir, rng := newRun(t), rand.New(rand.NewPCG(3, 4))
		starting, writing, resumed := 0, 0, int64(0)
		for i := range kills {
			p := startTrainer(t, binary, dir)
			if i%5 == 4 { // anywhere before training, or soon after
				time.Sleep(time.Duration(rng.IntN(150)) * time.Millisecond)
				starting++
			} else if !p.await(t, dir, 4*rng.Int64N(6)) {
				t.Fatalf("the run ended before it was killed %d times\n%s", kills, p.out.String())
			}
			time.Sleep(time.Duration(rng.IntN(10_000)) * time.Microsecond)
			check(t, p.cmd.Process.Signal(syscall.SIGKILL))
			<-p.ended
			left, err := filepath.Glob(filepath.Join(dir, run.CheckpointsDir, ".*.tmp*"))
			check(t, err)
			if len(left) > 1 {
				t.Errorf("after kill %d: %v, want at most one, older ones having been removed", i, left)
			}
			writing += len(left)
			if files := runCheckpoints(t, dir); len(files) > 0 {
				at, err := checkpoint.Read(files[len(files)-1])
				if err != nil {
					t.Errorf("after kill %d: %v", i, err) // a rename shows whole files only
				} else if at.Metadata["progress"] != "" {
					resumed++
				}
			}
		}
		finish(t, dir)
		t.Logf("%d kills: %d at a random moment of the start, %d while a checkpoint was written; %d left one to resume from",
			kills, starting, writing, resumed)
		if writing == 0 {
			t.Error("no kill hit a checkpoint being written")
		}
		sameRun(t, dir, alone)
	})

	t.Run("stop", func(t *testing.T) {
		dir, rng := newRun(t), rand.New(rand.NewPCG(5, 6))
		for i, stop := range []func(p *trainerProcess) error{
			func(p *trainerProcess) error { return p.cmd.Process.Signal(syscall.SIGTERM) },
			func(p *trainerProcess) error { return p.cmd.Process.Signal(syscall.SIGINT) },
			func(p *trainerProcess) error { _, err := control.NewClient(dir).Stop(t.Context()); return err },
			func(p *trainerProcess) error { // more than asked for
				return errors.Join(p.cmd.Process.Signal(syscall.SIGTERM), p.cmd.Process.Signal(syscall.SIGINT))
			},
		} {
			p := startTrainer(t, binary, dir)
			if !p.await(t, dir, 4*(5+rng.Int64N(30))) {
				t.Fatalf("the run ended by itself\n%s", p.out.String())
			}
			check(t, stop(p))
			if err := <-p.ended; err != nil {
				t.Fatalf("stop %d: %v\n%s", i, err, p.out.String())
			}
			info, err := run.ReadInfo(dir)
			check(t, err)
			if s := info.Status; s.State != run.StateStopped || s.CheckpointNimg != s.Nimg {
				t.Errorf("stop %d: %s at %d images with a checkpoint at %d; want stopped with one there", i, s.State, s.Nimg, s.CheckpointNimg)
			}
		}
		finish(t, dir)
		sameRun(t, dir, alone)
	})
}

// runCheckpoints lists the files of a run's checkpoints by images seen.
func runCheckpoints(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, run.CheckpointsDir, "0*.safetensors"))
	check(t, err)
	return files
}

// sameRun compares two finished runs: checkpoint, best weights, and every value
// that does not come from a clock.
func sameRun(t *testing.T, got, want string) {
	t.Helper()
	for _, name := range []string{fmt.Sprintf("%09d.safetensors", tinyNimg), "best.safetensors"} {
		a, err := os.ReadFile(filepath.Join(got, run.CheckpointsDir, name))
		check(t, err)
		b, err := os.ReadFile(filepath.Join(want, run.CheckpointsDir, name))
		check(t, err)
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs from that of a run left alone (%d and %d bytes)", name, len(a), len(b))
		}
	}
	a, b := scalarsOf(t, got), scalarsOf(t, want)
	for key, w := range b {
		if v, ok := a[key]; !ok || math.Float64bits(v) != math.Float64bits(w) {
			t.Errorf("%s: %v, want %v", key, v, w)
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d values logged, want %d", len(a), len(b))
	}
}

// scalarsOf reads what a run logged, by name and images seen.
func scalarsOf(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	history, err := runlog.ReadAll(dir)
	check(t, err)
	values := map[string]float64{}
	for _, tick := range history.Rows {
		for name, v := range tick.Scalars() {
			if !strings.HasPrefix(name, "time/") && !strings.HasPrefix(name, "speed/") {
				values[fmt.Sprintf("%s at %d images", name, tick.Nimg)] = v
			}
		}
	}
	return values
}
