package loop_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// spoken is what a loop prints; for several goroutines.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *spoken) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(b)
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// signalled runs a run in the background that gets signals.
func signalled(t *testing.T, dir string, h loop.Hooks) (signals chan os.Signal, end func(cause error), said *spoken) {
	t.Helper()
	signals, said = make(chan os.Signal, 1), &spoken{}
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- loop.RunWith(ctx, loop.Options{Dir: dir, Log: said, Checkpoint: signals, Job: "Slurm job 7"}, h)
	}()
	return signals, func(cause error) {
		t.Helper()
		cancel(cause)
		select {
		case err := <-ended:
			check(t, err)
		case <-time.After(time.Minute):
			t.Fatal("the run still trains after a minute")
		}
	}, said
}

// received waits for a value.
func received[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(time.Minute):
		t.Fatalf("waited a minute for %s", what)
	}
	return v
}

// TestFaultSignalWhileWriting asks for a checkpoint while one is being written,
// and ends the run while the second is: three are on disk, the last of all that
// the run has seen.
func TestFaultSignalWhileWriting(t *testing.T) {
	t.Parallel()
	text := strings.Replace(endless(config("edm", networks(t))), "checkpoint_kimg = 0.016", "checkpoint_kimg = 1000", 1)
	dir := newRun(t, text)
	writing, written := make(chan string), make(chan struct{})
	signals, end, said := signalled(t, dir, loop.Hooks{Save: func(path string, f *checkpoint.File) error {
		if strings.Contains(path, "best") {
			return nil
		}
		writing <- path
		<-written
		return checkpoint.Write(path, f)
	}})
	signals <- syscall.SIGUSR1 // before the run is open
	first := received(t, "a checkpoint", writing)
	signals <- syscall.SIGUSR2 // while it is being written
	client := control.NewClient(dir)
	until(t, client, "the run to continue meanwhile", func(s run.Status) bool { return s.Nimg > 40 })
	written <- struct{}{}
	second := received(t, "a second checkpoint", writing)
	if second <= first {
		t.Errorf("wrote %s, then %s, want a later one", first, second)
	}
	at, err := client.Status(t.Context())
	check(t, err)
	until(t, client, "steps since", func(s run.Status) bool { return s.Nimg > at.Nimg })
	go func() {
		written <- struct{}{}
		<-writing
		close(written)
	}()
	end(errors.New("SIGTERM"))
	info, err := run.ReadInfo(dir)
	check(t, err)
	if s := info.Status; s.State != run.StateStopped || s.CheckpointNimg != s.Nimg || s.Job != "Slurm job 7" {
		t.Errorf("%s at %d images with a checkpoint at %d in %q, want stopped with one there in Slurm job 7", s.State, s.Nimg, s.CheckpointNimg, s.Job)
	}
	if files := checkpointFiles(t, dir); len(files) != 3 {
		t.Errorf("checkpoints %v, want three", files)
	}
	history, err := runlog.ReadAll(dir)
	check(t, err)
	if last := history.Events[len(history.Events)-1]; !strings.HasSuffix(last.Text, " kimg, by SIGTERM") {
		t.Errorf("the last event is %q, want it to name the signal", last.Text)
	}
	for _, want := range []string{"SIGUSR1: a checkpoint between two steps\n", "SIGUSR2: a checkpoint between two steps\n", ", by SIGTERM\n"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, said.String())
		}
	}
}

func checkpointFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	files, err := run.Checkpoints(dir + "/" + run.CheckpointsDir)
	check(t, err)
	for _, f := range files {
		names = append(names, f.Path)
	}
	return names
}

// TestFaultCheckpointBeforeTest ends a classifier: its last checkpoint is on disk
// before the run takes the time to test the network.
func TestFaultCheckpointBeforeTest(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(endless(config("classifier", "")), "checkpoint_kimg = 0.016", "checkpoint_kimg = 1000", 1))
	tested := make(chan bool, 1)
	signals, end, _ := signalled(t, dir, loop.Hooks{Save: func(path string, f *checkpoint.File) error {
		history, err := runlog.ReadAll(dir)
		if err != nil {
			return err
		}
		select {
		case tested <- accuracy(history) >= 0:
		default:
		}
		return checkpoint.Write(path, f)
	}})
	until(t, control.NewClient(dir), "a step", func(s run.Status) bool { return s.Nimg > 0 })
	end(errors.New("SIGTERM"))
	if len(signals) != 0 || received(t, "the last checkpoint", tested) {
		t.Error("the network was tested before its checkpoint was written")
	}
	history, err := runlog.ReadAll(dir)
	check(t, err)
	if a := accuracy(history); a < 0 || a > 1 {
		t.Errorf("accuracy %v, want it tested after the checkpoint", a)
	}
}

// accuracy is the last one logged, NaN if none was.
func accuracy(h runlog.History) float64 {
	last := math.NaN()
	for _, tick := range h.Rows {
		if v, ok := tick.Value("accuracy/test"); ok {
			last = v
		}
	}
	return last
}
