package loop

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/runlog"
)

// noteStart leaves word that a trainer of a run that never trained is at work,
// so that one killed while it opens the run leaves a dead run and not a new one.
func noteStart(dir string, cfg *configs.Config) error {
	s, known, err := control.ReadStatus(dir)
	if err != nil || known && s.State != control.StateNew {
		return err
	}
	s.State, s.Error = control.StateStarting, ""
	s.Method, s.TotalNimg = cfg.Method, images(cfg.Live.TotalKimg)
	return writeStart(dir, s)
}

// noteFailedStart says in a run why its trainer ended before it trained. A run
// that has trained keeps its state: one that was stopped still is, whatever its
// next trainer met. A run that never did has failed. It tells nobody of its own
// errors: whoever started the trainer is told why.
func noteFailedStart(dir string, why error) {
	if !control.IsRun(dir) {
		return
	}
	s, known, err := control.ReadStatus(dir)
	if err != nil {
		return
	}
	switch {
	case !known, s.State == control.StateNew, s.State == control.StateFailed,
		s.State == control.StateStarting && s.PID == os.Getpid():
		s.State, s.Error = control.StateFailed, why.Error()
		_ = writeStart(dir, s)
	}
	log, err := runlog.OpenWriter(dir)
	if err != nil {
		return
	}
	_ = errors.Join(log.Event(runlog.Event{Nimg: s.Nimg, Kind: runlog.Error, Text: "not started: " + why.Error()}), log.Close())
}

// writeStart writes a heartbeat of this process beside which there is no loop.
func writeStart(dir string, s control.Status) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	now := time.Now()
	if s.Started.IsZero() {
		s.Started = now
	}
	s.Version, s.Run, s.Dir, s.Config = control.Version, filepath.Base(dir), dir, filepath.Join(dir, control.ConfigFile)
	s.PID, s.Time = os.Getpid(), now
	return control.WriteStatus(dir, s)
}
