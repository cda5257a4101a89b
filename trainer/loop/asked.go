package loop

import (
	"fmt"
	"strconv"
)

// Checkpoints and stops that clients ask for. Both are answered when the file is
// on disk, or else with the reason and with what an end would lose now: done is
// said when it is done.

// askedCheckpoint writes a checkpoint; r is answered when it is on disk.
func (l *Loop) askedCheckpoint(r reply) (later bool, err error) {
	if err := l.storage.retry(); err != nil {
		return false, err
	}
	why := l.pauseReason()
	if !l.storage.full() {
		if why, err = l.checkpointIfHealthy(); err != nil {
			return false, err
		}
	}
	if why != "" {
		return false, fmt.Errorf("loop: no checkpoint at %s kimg: %s; %s", exactKimg(l.nimg), why, l.unsaved("would be"))
	}
	return l.whenSaved(r), nil
}

// whenSaved has r answered when the file that was added last is on disk; later is false if
// it is already.
func (l *Loop) whenSaved(r reply) (later bool) {
	j := l.saver.latest()
	if j == nil {
		return false
	}
	j.asks = append(j.asks, r)
	return true
}

// askedStop begins the end of the run; r is answered when its last checkpoint is
// on disk. A run whose directory takes no writes waits on instead.
func (l *Loop) askedStop(r reply) (later bool, err error) {
	if err := l.storage.retry(); err != nil {
		return false, err
	}
	if l.storage.full() {
		return false, l.cannotStop()
	}
	l.stopping = true
	l.stopAsks = append(l.stopAsks, r)
	return true, nil
}

// refuseStop takes a stop back whose checkpoint the directory does not take.
func (l *Loop) refuseStop() {
	l.stopping = false
	l.setState(l.trainingState())
	l.answerStop(l.cannotStop())
}

func (l *Loop) cannotStop() error {
	return fmt.Errorf("loop: not stopped: %s; %s; make room and stop again, or kill %d ends it as it is", l.pauseReason(), l.unsaved("would be"), l.status.Load().PID)
}

// answerStop tells those who wait for the end how it went.
func (l *Loop) answerStop(err error) {
	for _, r := range l.stopAsks {
		r <- err
	}
	l.stopAsks = nil
}

// unsaved words what is lost, or would be, when the run ends now.
func (l *Loop) unsaved(verb string) string {
	newest := l.report.checkpointNimg
	switch {
	case newest == 0:
		return fmt.Sprintf("no checkpoint is on disk: all %s kimg %s lost", exactKimg(l.nimg), verb)
	case newest >= l.nimg:
		return fmt.Sprintf("the checkpoint at %s kimg is on disk: no training %s lost", exactKimg(newest), verb)
	}
	return fmt.Sprintf("the newest checkpoint on disk is at %s kimg: %s kimg %s lost", exactKimg(newest), exactKimg(l.nimg-newest), verb)
}

// exactKimg writes thousands of images to the last one.
func exactKimg(nimg int64) string { return strconv.FormatFloat(kimg(nimg), 'f', -1, 64) }
