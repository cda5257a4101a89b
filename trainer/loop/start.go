package loop

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// noteStart leaves word that a trainer of a run that never trained is at work,
// so that one killed while it opens the run leaves a dead run and not a new one.
func noteStart(dir, job string, cfg *configs.Config) error {
	s, known, err := run.ReadStatus(dir)
	if err != nil || known && s.State != run.StateNew {
		return err
	}
	s.State, s.Job, s.Error = run.StateStarting, job, ""
	s.Method, s.TotalNimg = cfg.Method, images(cfg.Live.TotalKimg)
	return writeStart(dir, s)
}

// noteFailedStart says in a run why its trainer ended before it trained. A run
// that has trained keeps its state: one that was stopped still is, whatever its
// next trainer met. A run that never did has failed. It tells nobody of its own
// errors: the caller returns why.
func noteFailedStart(dir, job string, why error) {
	if !run.IsRun(dir) {
		return
	}
	s, known, err := run.ReadStatus(dir)
	if err != nil {
		return
	}
	switch {
	case !known, s.State == run.StateNew, s.State == run.StateFailed,
		s.State == run.StateStarting && s.PID == os.Getpid():
		s.State, s.Job, s.Error = run.StateFailed, job, why.Error()
		_ = writeStart(dir, s)
	case s.Job != job:
		s.Job = job // which has had its turn: the run is queued no more
		_ = run.WriteStatus(dir, s)
	}
	log, err := runlog.OpenWriter(dir)
	if err != nil {
		return
	}
	_ = errors.Join(log.Event(runlog.Event{Nimg: s.Nimg, Kind: runlog.Error, Text: "not started: " + why.Error()}), log.Close())
}

// writeStart writes a heartbeat of this process beside which there is no loop.
func writeStart(dir string, s run.Status) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	now := time.Now()
	if s.Started.IsZero() {
		s.Started = now
	}
	s.Version, s.Run, s.Dir, s.Config = run.Version, filepath.Base(dir), dir, filepath.Join(dir, run.ConfigFile)
	s.PID, s.Time = os.Getpid(), now
	return run.WriteStatus(dir, s)
}
