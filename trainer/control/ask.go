package control

import (
	"context"
	"time"

	"innate/trainer/run"
)

// answerTime is how long Ask waits for a trainer, which answers at once unless
// its machine hangs.
const answerTime = 2 * time.Second

// Ask is ReadInfo with the trainer's own word where it gives one: its directory
// may be full or read-only, and its heartbeat an old one.
func Ask(ctx context.Context, dir string) (run.Info, error) {
	info, err := run.ReadInfo(dir)
	if err != nil || !info.Alive {
		return info, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	if s, err := NewClient(dir).Status(ctx); err == nil {
		s.Run, s.Dir = info.Name, info.Dir // the directory may have been moved
		info.Status = s
		return info, nil
	}
	return run.ReadInfo(dir) // it may have ended meanwhile
}
