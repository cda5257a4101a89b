package loop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/ranks"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// processes is a run that several goroutines train together, as processes do.
type processes struct {
	groups []*ranks.Group
	stops  []context.CancelCauseFunc
	asks   []chan os.Signal
	errs   []error // valid after wait
	all    sync.WaitGroup
}

// together starts n processes for a run; a patient one waits for each checkpoint.
func together(t *testing.T, dir string, n int, patient bool) *processes {
	t.Helper()
	groups, err := ranks.InProcess(n)
	check(t, err)
	p := &processes{groups: groups, errs: make([]error, n)}
	for r, g := range groups {
		ctx, stop := context.WithCancelCause(context.Background())
		asks := make(chan os.Signal, 1)
		p.stops, p.asks = append(p.stops, stop), append(p.asks, asks)
		opts := loop.Options{Dir: dir, Patient: patient, Ranks: g, Checkpoint: asks}
		p.all.Go(func() {
			if r == 0 {
				p.errs[0] = loop.Run(ctx, opts)
			} else {
				p.errs[r] = loop.Follow(ctx, opts)
			}
		})
	}
	t.Cleanup(func() {
		p.groups[0].Close()
		p.all.Wait()
		for _, stop := range p.stops {
			stop(nil)
		}
	})
	return p
}

// wait returns when all have ended, and their errors.
func (p *processes) wait() error {
	p.all.Wait()
	return errors.Join(p.errs...)
}

// trainTogether trains until the run ends by itself.
func trainTogether(t *testing.T, dir string, n int) {
	t.Helper()
	check(t, together(t, dir, n, true).wait())
}

// events of a run of one kind, as one text.
func told(t *testing.T, dir, kind string) string {
	t.Helper()
	history, err := runlog.ReadAll(dir)
	check(t, err)
	var b strings.Builder
	for _, e := range history.Events {
		if e.Kind == kind {
			b.WriteString(e.Text + "\n")
		}
	}
	return b.String()
}

// TestProcessesResumeExactly trains with two processes and goes on from the first
// checkpoint with as many: the last one must not differ by a bit. Dropout and
// micro-batches are among it.
func TestProcessesResumeExactly(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	for name, text := range map[string]string{
		"gdd": conditional(config("gdd", dir)), "edm in micro-batches": strings.Replace(inParts(config("edm", dir)), "micro_batch = 2", "micro_batch = 1", 1),
		"classifier": config("classifier", dir), "projections by rank": byRank(config("gdd", dir)), "batch norms of all": synced(config("gdd", dir)),
		"adaptive augmentation": augmented(dir)["adaptive"],
	} {
		t.Run(name, func(t *testing.T) {
			alone := newRun(t, text)
			trainTogether(t, alone, 2)
			want := lastCheckpoint(t, alone)
			const first = "000000016.safetensors"
			data, err := os.ReadFile(filepath.Join(alone, run.CheckpointsDir, first))
			check(t, err)
			dir := newRun(t, text)
			check(t, os.WriteFile(filepath.Join(dir, run.CheckpointsDir, first), data, 0o644))
			trainTogether(t, dir, 2)
			if !bytes.Equal(lastCheckpoint(t, dir), want) {
				t.Error("continued from the first checkpoint, the last one differs")
			}
		})
	}
}

// byRank has each process draw random projections of its own.
func byRank(text string) string {
	return strings.Replace(text, "[disc]\n", "[disc]\nrank_projections = true\n", 1)
}

// synced has batch norms see the images of all processes.
func synced(text string) string {
	return strings.Replace(text, "[disc]\n", "[disc]\nsync_batch_norm = true\n", 1)
}

// TestProcessesOwnProjections trains with two processes, with the same projections in
// both and with other ones in each. Rank 0 has the same either way, and what is trained
// is not: the second process sees images through others.
func TestProcessesOwnProjections(t *testing.T) {
	t.Parallel()
	text := config("gdd", networks(t))
	same, own := newRun(t, text), newRun(t, byRank(text))
	trainTogether(t, same, 2)
	trainTogether(t, own, 2)
	a, b := readTraining(t, same), readTraining(t, own)
	projections, heads := 0, 0
	for _, x := range a.Tensors() {
		y, err := b.Tensor(x.Name)
		check(t, err)
		p, err := x.Float32s()
		check(t, err)
		q, err := y.Float32s()
		check(t, err)
		switch equal := slices.Equal(p, q); {
		case strings.HasPrefix(x.Name, "projection/"):
			projections++
			if !equal {
				t.Errorf("%s is another for rank 0", x.Name)
			}
		case strings.HasPrefix(x.Name, "disc/") && !equal:
			heads++
		}
	}
	if projections == 0 || heads == 0 {
		t.Errorf("%d projections, %d tensors of heads that differ, want some of each", projections, heads)
	}
}

// readTraining is the last checkpoint of a run.
func readTraining(t *testing.T, dir string) *checkpoint.File {
	t.Helper()
	list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	check(t, err)
	f, err := checkpoint.Read(list[0].Path)
	check(t, err)
	return f
}

// TestProcessesSeeTheSame trains a denoiser without dropout in one, two and four
// processes: they see the same images and noise, so that the mean loss of the first
// two steps, before roundings have been through Adam, is the same but for the order of
// adding.
func TestProcessesSeeTheSame(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("dropout = 0.1", "dropout = 0", "total_kimg = 0.064", "total_kimg = 0.008", "fid_kimg = 0.032", "fid_kimg = 0").
		Replace(config("edm", networks(t)))
	losses := map[int]float64{}
	for _, n := range []int{1, 2, 4} {
		dir := newRun(t, text)
		if n == 1 {
			train(t, dir)
		} else {
			trainTogether(t, dir, n)
		}
		history, err := runlog.ReadAll(dir)
		check(t, err)
		for _, row := range history.Rows {
			if v, ok := row.Value("loss/edm"); ok {
				losses[n] = v
			}
		}
	}
	for _, n := range []int{2, 4} {
		if !(math.Abs(losses[n]-losses[1]) <= 1e-4*losses[1]) {
			t.Errorf("%d processes: loss %v, want %v as in one", n, losses[n], losses[1])
		}
	}
}

// TestFaultProcessLost ends one of two processes in mid-run, as a kill does, which one
// is told. The run says so within seconds and fails; two processes go on from its last
// checkpoint to the bits of a run left alone, and one goes on, too, with an event.
func TestFaultProcessLost(t *testing.T) {
	t.Parallel()
	text := synced(config("gdd", networks(t))) // so that processes meet all the time
	alone := newRun(t, text)
	trainTogether(t, alone, 2)
	for _, resumed := range []int{2, 1} {
		dir := newRun(t, text)
		p := together(t, dir, 2, true)
		client := control.NewClient(dir)
		s := until(t, client, "a checkpoint", func(s run.Status) bool { return s.CheckpointNimg >= 16 })
		if len(s.Ranks) != 2 || s.Ranks[1].Rank != 1 || s.Ranks[1].PID != os.Getpid() {
			t.Errorf("status has ranks %+v", s.Ranks)
		}
		p.groups[1].Close()
		start := time.Now()
		p.all.Wait()
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("the run ended %v after it lost a process", took)
		}
		info, err := run.ReadInfo(dir)
		check(t, err)
		for what, got := range map[string]string{"error": fmt.Sprint(p.errs[0]), "status": info.Status.Error, "events": told(t, dir, runlog.Error)} {
			if !strings.Contains(got, "rank 1 (pid") || !strings.Contains(got, "is gone") || !strings.Contains(got, "checkpoint") {
				t.Errorf("%s: %q, want that rank 1 is gone and what is on disk", what, got)
			}
		}
		if info.Status.State != run.StateFailed {
			t.Errorf("state %s, want failed", info.Status.State)
		}
		if resumed == 2 {
			trainTogether(t, dir, 2)
			if !bytes.Equal(lastCheckpoint(t, dir), lastCheckpoint(t, alone)) {
				t.Error("the last checkpoint differs from that of a run left alone")
			}
			continue
		}
		train(t, dir)
		if got := told(t, dir, runlog.Config); !strings.Contains(got, "processes: 2 → 1: what follows is not the bits that 2 would have computed") {
			t.Errorf("events %q, want that another number of processes goes on", got)
		}
	}
}

// TestProcessesFollow steers a run of two: settings, freezing and a rollback reach
// both, whose weights every checkpoint compares, and signals to any process count.
func TestProcessesFollow(t *testing.T) {
	t.Parallel()
	text := strings.Replace(config("gdd", networks(t)), "total_kimg = 0.064", "total_kimg = 1000", 1)
	text = strings.Replace(text, "fid_kimg = 0.032\nsample_kimg = 0.032", "fid_kimg = 0\nsample_kimg = 0\ndiverge_action = \"rollback\"", 1)
	dir := newRun(t, text)
	p := together(t, dir, 2, false)
	client, ctx := control.NewClient(dir), context.Background()
	s := until(t, client, "the first steps", func(s run.Status) bool { return s.Nimg >= 20 })
	none := "none"
	_, err := client.Freeze(ctx, control.FreezeRequest{Preset: &none})
	check(t, err)
	_, err = client.Set(ctx, map[string]string{"live.gen_lr": "1e-5"})
	check(t, err)
	_, err = client.Checkpoint(ctx)
	check(t, err)
	_, err = client.Pause(ctx)
	check(t, err)
	_, err = client.Checkpoint(ctx)
	check(t, err)
	_, err = client.Resume(ctx)
	check(t, err)
	at := until(t, client, "more steps", func(now run.Status) bool { return now.Nimg >= s.Nimg+16 })

	p.asks[1] <- syscall.SIGUSR1
	until(t, client, "a checkpoint that rank 1 was asked for", func(s run.Status) bool { return s.CheckpointNimg > at.Nimg })

	// A learning rate at which losses diverge: the run goes back, and goes on.
	_, err = client.Set(ctx, map[string]string{"live.gen_lr": "1", "live.disc_lr": "1", "live.diverge_factor": "1.01"})
	check(t, err)
	for end := time.Now().Add(30 * time.Second); !strings.Contains(told(t, dir, runlog.Resume), "went back to the checkpoint"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no rollback; events %q", told(t, dir, runlog.Diverge))
		}
	}
	p.stops[1](errors.New("SIGTERM"))
	if err := p.wait(); err != nil && !strings.Contains(err.Error(), "without a checkpoint") { // of weights that diverge
		t.Error(err)
	}
	if got := told(t, dir, runlog.Stop); !strings.Contains(got, "SIGTERM at rank 1") {
		t.Errorf("the run stopped with %q, want the signal of rank 1", got)
	}
}

// TestProcessesRefused refuses a batch that does not divide, with the line of the
// setting, in all processes.
func TestProcessesRefused(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("edm", networks(t)))
	p := together(t, dir, 3, true)
	_ = p.wait()
	for r, err := range p.errs {
		if err == nil || !strings.Contains(err.Error(), "run.batch: 4 images over 3 processes, want a multiple of their number") {
			t.Errorf("rank %d: got %v", r, err)
		}
	}
	if _, err := configs.Load(filepath.Join(dir, run.ConfigFile)); err != nil {
		t.Error(err)
	}
}

// TestSyncBatchNormAlone: one process with the setting trains to the bits of one without.
func TestSyncBatchNormAlone(t *testing.T) {
	t.Parallel()
	text := config("gdd", networks(t))
	var files []*checkpoint.File
	for _, text := range []string{text, synced(text)} {
		dir := newRun(t, text)
		l, err := loop.Open(dir)
		check(t, err)
		for range 5 { // the last with R1
			check(t, l.Step())
		}
		check(t, l.Checkpoint())
		check(t, l.Flush())
		l.Close()
		files = append(files, readTraining(t, dir))
	}
	for _, x := range files[0].Tensors() {
		p, err := x.Float32s()
		check(t, err)
		y, err := files[1].Tensor(x.Name)
		check(t, err)
		q, err := y.Float32s()
		check(t, err)
		if !slices.Equal(p, q) {
			t.Errorf("%s differs", x.Name)
		}
	}
}
