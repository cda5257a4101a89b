package loop

import (
	"innate/trainer/method"
)

// FreezeMemory is what a run takes from an entry of its freeze schedule on.
type FreezeMemory struct {
	AtKimg     float64 `json:"at_kimg"`
	Trainable  int     `json:"trainable_params"` // of the trained network
	Workspace  int     `json:"workspace_bytes"`
	Optimizer  int     `json:"optimizer_bytes"` // moments, also of what no longer trains
	Peak       int     `json:"peak_bytes"`
	Checkpoint int     `json:"checkpoint_bytes"`
	Work       float64 `json:"work"` // arithmetic of a step, relative to that of the first
}

// schedule foretells the entries of the freeze schedule, one after the other, of a run
// that is planned by what is in force at its start. Most and the disk become those of
// the entry that needs most.
func (m *Memory) schedule(l *Loop, dev *planned) error {
	first, held := l.arithmetic(), map[string]bool{}
	hold := func() {
		for _, p := range l.method.Params().All() {
			held[p.Name] = held[p.Name] || !l.freezing.Frozen(p.Name)
		}
	}
	for k, e := range l.cfg.Freeze.Schedule {
		if e.At() >= images(l.cfg.Live.TotalKimg) {
			break
		}
		hold()
		f, err := l.resolveTable(e.Table())
		if err != nil {
			return l.cfg.AtEntry(k, err)
		}
		dev.programs = nil // which the new ones replace
		if err := l.method.Freeze(f.Frozen); err != nil {
			return err
		}
		l.freezing.Freezing = f

		then, step := *m, l.memory()
		then.Gradients, then.Optimizer = step.Gradients, step.Optimizer
		for _, p := range l.method.Params().All() {
			if held[p.Name] && f.Frozen(p.Name) {
				then.Optimizer += 2 * 4 * len(p.Data)
			}
		}
		then.checkpoints(l)
		then.finish(dev)
		m.Schedule = append(m.Schedule, FreezeMemory{
			AtKimg: e.AtKimg, Trainable: step.Networks[0].Trainable, Workspace: then.Workspace, Optimizer: then.Optimizer,
			Peak: then.Peak, Checkpoint: then.Checkpoint, Work: l.arithmetic() / first,
		})
		m.Most = max(m.Most, then.Peak)
		if then.Checkpoint > m.Checkpoint {
			m.Checkpoint, m.Disk, m.WaysBackDisk = then.Checkpoint, then.Disk, then.WaysBackDisk
		}
	}
	return nil
}

// arithmetic counts the multiplications and additions of a step, of which R1 has its share
// where it is not in every one.
func (l *Loop) arithmetic() float64 {
	sum := 0.0
	for _, p := range l.method.Programs() {
		share := 1.0
		if p.Stage == method.R1Stage {
			if l.cfg.Live.R1Gamma == 0 {
				continue
			}
			share = 1 / float64(l.cfg.Live.R1Interval)
		}
		_, costs := p.Costs()
		for _, c := range costs {
			sum += share * float64(c.FLOP)
		}
	}
	return sum
}
