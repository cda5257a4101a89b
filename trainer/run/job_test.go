package run_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/trainer/run"
)

// TestJobState: a run is queued from its submission until a trainer of that job has
// said something of itself, whatever one before it said; and again by no other.
func TestJobState(t *testing.T) {
	dir := makeRun(t, t.TempDir(), "00001-a")
	state := func(when, want, job string) {
		t.Helper()
		info, err := run.ReadInfo(dir)
		if err != nil || info.Status.State != want || info.Status.Job != job {
			t.Errorf("%s: got %s in %q, %v, want %s in %q", when, info.Status.State, info.Status.Job, err, want, job)
		}
	}
	check(t, run.WriteJob(dir, run.Job{Scheduler: run.Slurm, ID: "12_3", Submitted: time.Now()}))
	state("submitted", run.StateQueued, "Slurm job 12_3")
	release := hold(t, dir, "7")
	state("its trainer opens it", run.StateStarting, "")
	release()
	check(t, run.WriteStatus(dir, run.Status{State: run.StateRunning, PID: 7, Job: "Slurm job 12_3"}))
	state("its trainer was killed", run.StateDead, "Slurm job 12_3")
	check(t, run.WriteStatus(dir, run.Status{State: run.StateStopped, Job: "Slurm job 12_3"}))
	state("its trainer was stopped", run.StateStopped, "Slurm job 12_3")

	check(t, run.WriteJob(dir, run.Job{Scheduler: run.Slurm, ID: "14"}))
	state("submitted again", run.StateQueued, "Slurm job 14")
	info, err := run.ReadInfo(dir)
	check(t, err)
	if info.Unqueue(); info.Status.State != run.StateStopped {
		t.Errorf("its job is over: got %s, want stopped", info.Status.State)
	}

	check(t, run.KeepJob(dir, "Slurm job 14"))
	state("its own trainer begins", run.StateQueued, "Slurm job 14")
	check(t, run.KeepJob(dir, ""))
	state("somebody has resumed it", run.StateStopped, "Slurm job 12_3")
	check(t, os.WriteFile(filepath.Join(dir, run.JobFile), []byte("{"), 0o644))
	state("a note that cannot be read", run.StateStopped, "Slurm job 12_3")
	check(t, run.KeepJob(dir, "Slurm job 1"))
}

// TestUnqueue gives a run whose job is over the state that it had without it.
func TestUnqueue(t *testing.T) {
	for said, want := range map[string]string{"": run.StateNew, run.StateRunning: run.StateDead, run.StateDone: run.StateDone} {
		i := run.Info{Said: said, Status: run.Status{State: run.StateQueued}}
		if i.Unqueue(); i.Status.State != want {
			t.Errorf("after %q: got %s, want %s", said, i.Status.State, want)
		}
	}
	i := run.Info{Status: run.Status{State: run.StateQueued, CheckpointNimg: 4}}
	if i.Unqueue(); i.Status.State != run.StateStopped {
		t.Errorf("with a checkpoint: got %s, want stopped", i.Status.State)
	}
}
