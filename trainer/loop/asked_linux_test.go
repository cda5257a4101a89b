package loop_test

import (
	"os"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// wantsError fails unless err says every one of those.
func wantsError(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	for _, want := range says {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error that says %q", what, err, want)
		}
	}
}

// TestFaultFullDiskAnswers fills the disk of a run. A checkpoint and a stop are
// refused with the reason and what would be lost, the run keeps what it has, and
// status, pause and the events say why. With room again both are answered when
// their file is on disk.
func TestFaultFullDiskAnswers(t *testing.T) {
	t.Parallel()
	text := strings.Replace(longer(networks(t)), "total_kimg = 0.24", "total_kimg = 1000", 1)
	for name, make := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ctx := make(t), t.Context()
			check(t, trainer.CreateAt(d.dir, text, "t"))
			client, ended := start(t, d.dir)
			until(t, client, "a checkpoint, and more", func(s run.Status) bool { return s.CheckpointNimg >= 16 && s.Nimg > s.CheckpointNimg })
			d.fill()
			// The first of these may be what finds the disk full.
			_, err := client.Checkpoint(ctx)
			wantsError(t, "checkpoint", err, d.says, "the newest checkpoint on disk is at", "kimg would be lost")
			_, err = client.Stop(ctx)
			wantsError(t, "stop", err, "not stopped: ", d.says, "kimg would be lost", "make room and stop again, or kill ")
			_, err = client.Checkpoint(ctx)
			wantsError(t, "checkpoint again", err, "no checkpoint at", d.says, "kimg would be lost")
			for _, ask := range []func() (run.Status, error){
				func() (run.Status, error) { return client.Status(ctx) },
				func() (run.Status, error) { return client.Pause(ctx) },
			} {
				s, err := ask()
				if err != nil || !paused(s) || !strings.HasPrefix(s.PauseReason, d.says) && !strings.Contains(s.PauseReason, d.says+" ") {
					t.Errorf("got %s for %q, %v, want a pause for %q, the cause in front", s.State, s.PauseReason, err, d.says)
				}
			}
			before, err := client.Status(ctx)
			check(t, err)
			if _, err := client.Resume(ctx); err == nil { // one more try
				t.Error("resumed on a full disk")
			}
			if s, err := client.Status(ctx); err != nil || s.PauseReason != before.PauseReason || strings.Contains(s.PauseReason, "tmp") {
				t.Errorf("paused for %q, then for %q, %v: want one reason, fit for people", before.PauseReason, s.PauseReason, err)
			}
			select {
			case err := <-ended:
				t.Fatalf("the run ended: %v", err)
			default:
			}
			d.free()
			s, err := client.Resume(ctx)
			for err != nil && strings.Contains(err.Error(), "cannot resume yet") {
				s, err = client.Resume(ctx)
			}
			check(t, err)
			if s, err = client.Checkpoint(ctx); err != nil || s.CheckpointNimg == 0 {
				t.Errorf("with room: %v, checkpoint at %d images", err, s.CheckpointNimg)
			}
			if _, err := os.Stat(checkpointPath(d.dir, int(s.CheckpointNimg))); err != nil {
				t.Errorf("answered, but %v", err)
			}
			if s, err = client.Stop(ctx); err != nil || s.State != run.StateStopped || s.CheckpointNimg != s.Nimg {
				t.Errorf("stop: %v, %s at %d images with a checkpoint at %d", err, s.State, s.Nimg, s.CheckpointNimg)
			}
			if _, err := os.Stat(checkpointPath(d.dir, int(s.Nimg))); err != nil {
				t.Errorf("stopped, but %v", err)
			}
			check(t, <-ended)
			if reported := events(t, d.dir, runlog.Pause); len(reported) < 1 || !strings.Contains(reported[0].Text, d.says) {
				t.Errorf("events %v, want the pause with its reason", reported)
			}
		})
	}
}

// TestFaultFullDiskHeartbeat reads the heartbeat of a run on a full disk, which
// has no room for a new file: it says that the run is paused and why, and after
// a signal how it ended.
func TestFaultFullDiskHeartbeat(t *testing.T) {
	t.Parallel()
	d := disks["full file system"](t)
	check(t, trainer.CreateAt(d.dir, strings.Replace(longer(networks(t)), "total_kimg = 0.24", "total_kimg = 1000", 1), "t"))
	client, signal, ended := startSignalled(t, d.dir)
	until(t, client, "the first steps", started)
	until(t, client, "a heartbeat", func(run.Status) bool { _, err := os.Stat(d.dir + "/" + run.StatusFile); return err == nil })
	d.fill()
	until(t, client, "the pause", paused)
	heartbeat := func() run.Status {
		info, err := run.ReadInfo(d.dir)
		check(t, err)
		return info.Status
	}
	until(t, client, "a heartbeat that says so", func(run.Status) bool { return strings.Contains(heartbeat().PauseReason, d.says) })
	signal()
	<-ended
	if s := heartbeat(); s.State != run.StateFailed || !strings.Contains(s.Error, d.says) || !strings.Contains(s.Error, "lost") {
		t.Errorf("after the end: %s, %q", s.State, s.Error)
	}
}

// TestFaultDivergenceIsTold pauses for a divergence: the event of the pause, the
// status and the answer to a checkpoint say why, and so does the end.
func TestFaultDivergenceIsTold(t *testing.T) {
	t.Parallel()
	dir, client, _ := divergeRun(t, "edm", "pause")
	ctx := t.Context()
	makeDiverge(t, client)
	until(t, client, "the pause", func(s run.Status) bool {
		return s.State == run.StatePaused && len(events(t, dir, runlog.Pause)) > 0
	})
	reported := events(t, dir, runlog.Pause)
	if len(reported) != 1 || !strings.Contains(reported[0].Text, ": diverges: loss/edm is") {
		t.Errorf("events %v, want the pause with its reason", reported)
	}
	_, err := client.Checkpoint(ctx)
	wantsError(t, "checkpoint", err, "no checkpoint at", "a loss diverges", "kimg would be lost")
	if s, err := client.Status(ctx); err != nil || s.CheckpointError != "a loss diverges" || !strings.Contains(s.PauseReason, "diverges: loss/edm") {
		t.Errorf("status: %v, no checkpoint for %q, paused for %q", err, s.CheckpointError, s.PauseReason)
	}
	_, err = client.Stop(ctx)
	wantsError(t, "stop", err, "stopped at", "without a checkpoint: a loss diverges", "kimg are lost")
	if reported := events(t, dir, runlog.Stop); len(reported) != 1 || !strings.Contains(reported[0].Text, "without a checkpoint: a loss diverges") {
		t.Errorf("events %v, want the stop with what it left out", reported)
	}
}
