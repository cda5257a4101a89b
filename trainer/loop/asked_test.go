package loop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultEvaluateAnswers asks a run that trains for its FID: the answer comes
// with the value. A second one is refused meanwhile.
func TestFaultEvaluateAnswers(t *testing.T) {
	t.Parallel()
	text := strings.Replace(config("gdd", networks(t)), "fid_kimg = 0.032", "fid_kimg = 0", 1)
	d, err := loop.Drive(newRun(t, endless(text)))
	check(t, err)
	defer d.Close()
	evaluate := control.Command{Kind: control.KindEvaluate}
	untilAnswered := func(answer <-chan error) error {
		for {
			check(t, d.Step())
			select {
			case err := <-answer:
				return err
			default:
			}
		}
	}
	waits := d.Ask(evaluate)
	select {
	case err := <-waits:
		t.Fatalf("answered with %v before anything was measured", err)
	default:
	}
	if err := <-d.Ask(evaluate); err == nil || !strings.Contains(err.Error(), "loop: evaluate: a measurement over 20 images, begun at 0.0 kimg, is under way") {
		t.Errorf("a second at once: got %v", err)
	}
	for d.Status().LastFID == nil {
		check(t, d.Step())
	}
	check(t, <-waits)
	before := d.Status()
	check(t, untilAnswered(d.Ask(evaluate)))
	if s := d.Status(); s.LastFID == nil || s.FIDNimg != before.Nimg {
		t.Errorf("FID at %d images, want that of %d", s.FIDNimg, before.Nimg)
	}
}

// TestFaultCheckpointIsDurable holds a checkpoint's writing up: nobody hears
// that it is done before it is, one that a newer file replaces is answered with
// that, and an error reaches all who wait.
func TestFaultCheckpointIsDurable(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(endless(config("classifier", "")), "checkpoint_kimg = 0.016", "checkpoint_kimg = 1000", 1))
	writing, gate := make(chan string, 10), make(chan error)
	hooks := loop.Hooks{Save: func(path string, f *checkpoint.File) error {
		writing <- path
		if err := <-gate; err != nil {
			return err
		}
		return checkpoint.Write(path, f)
	}}
	ended := make(chan error, 1)
	go func() { ended <- loop.RunWith(t.Context(), loop.Options{Dir: dir}, hooks) }()
	client := control.NewClient(dir)
	until(t, client, "the first steps", func(s run.Status) bool { return s.Nimg > 0 })

	answers := make(chan error, 3)
	ask := func() {
		_, err := client.Checkpoint(t.Context())
		answers <- err
	}
	go ask()
	first := filepath.Base(<-writing)
	until(t, client, "a step past "+first, func(s run.Status) bool { return run.CheckpointFile(s.Nimg) > first })
	for range 2 { // the second of these takes the place of the first in the queue
		go ask()
	}
	select {
	case err := <-answers:
		t.Fatalf("answered with %v while the file is being written", err)
	case <-time.After(100 * time.Millisecond):
	}
	gate <- errors.New("the disk burns")
	if err := <-answers; err == nil || !strings.Contains(err.Error(), "the disk burns") {
		t.Errorf("got %v, want what went wrong", err)
	}
	for answered := 0; answered < 2; {
		select {
		case <-writing:
			gate <- nil
		case err := <-answers:
			check(t, err)
			answered++
		}
	}
	go func() {
		for range writing {
			gate <- nil
		}
	}()
	if s, err := client.Stop(t.Context()); err != nil || s.CheckpointNimg != s.Nimg {
		t.Errorf("stop: %v, at %d images with a checkpoint at %d", err, s.Nimg, s.CheckpointNimg)
	}
	check(t, <-ended)
	close(writing)
}

// TestPatientAsked asks a run that waits for its checkpoints for one: when it has been
// written there is none to wait for.
func TestPatientAsked(t *testing.T) {
	t.Parallel()
	dir := newRun(t, endless(config("classifier", networks(t))))
	asks := make(chan os.Signal, 1)
	asks <- syscall.SIGUSR1
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(ctx, loop.Options{Dir: dir, Patient: true, Checkpoint: asks}) }()
	within := time.Now().Add(time.Minute)
	for len(events(t, dir, runlog.Checkpoint)) == 0 && time.Now().Before(within) {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	check(t, <-ended)
	if len(asks) > 0 || len(events(t, dir, runlog.Checkpoint)) == 0 {
		t.Error("want a checkpoint that the signal has asked for")
	}
}
