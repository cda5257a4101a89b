package trainer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/run"
)

// ForkOptions says what to fork and how the new run differs.
type ForkOptions struct {
	RunsDir string // gets the new run's directory
	Source  string // a run's directory, or a checkpoint file of one
	At      string // which checkpoint: see choose; "" for the newest that can be read
	Name    string // of the new run; "" for the old one's

	// Edit changes the configuration that was in force at the checkpoint; nil
	// leaves it. Live settings may differ at will, and of the fixed ones those
	// in Forkable.
	Edit func(text string) (string, error)
}

// Forked is a new run that Fork made.
type Forked struct {
	Dir  string // absolute
	Nimg int64  // images seen at the checkpoint
	Text string // what it was forked from, and what differs, in one line
	Note string // about the choice of checkpoint; may be empty
}

// Forkable lists the fixed settings that may differ between a run and its fork:
// they change neither tensors nor data nor what FID measures.
func Forkable() []string { return slices.Clone(forkable) }

var forkable = []string{"name", "run.seed", "run.threads", "run.procs", "run.nice", "run.batch", "run.tensorboard"}

// Fork makes a run that continues from a checkpoint of another one, exactly as
// that one did or would have done but for the settings that Edit changes. It
// copies the checkpoint and the history up to it, so that nothing of the new
// run hangs on the old one, which may be running. With another seed, noise and
// data order differ from there on.
func Fork(o ForkOptions) (Forked, error) {
	parent, f, note, err := o.open()
	if err != nil {
		return Forked{}, err
	}
	origin, err := readOrigin(f)
	if err != nil {
		return Forked{}, err
	}
	origin.parent = parent
	text, cfg, changes, err := o.configure(origin)
	if err != nil {
		return Forked{}, err
	}
	text, inputs, err := gather(text, cfg, origin.base())
	if err != nil {
		return Forked{}, err
	}
	if err := origin.stamp(f, text, cfg); err != nil {
		return Forked{}, err
	}
	dir, err := claimNext(o.RunsDir, cfg.Name)
	if err != nil {
		return Forked{}, err
	}
	forked := Forked{dir, origin.progress.Nimg, origin.describe(changes), note}
	if err := origin.fill(forked, f, text, cfg, inputs, changes); err != nil {
		return Forked{}, errors.Join(err, os.RemoveAll(dir)) // ours, and no run yet
	}
	return forked, nil
}

// origin is the point in a run's life that a fork continues from.
type origin struct {
	parent   string // run directory; "" for a checkpoint that lies elsewhere
	path     string // of the checkpoint
	text     string // of config.toml at the checkpoint
	progress run.Progress
}

// readOrigin reads what a checkpoint says of its run.
func readOrigin(f *checkpoint.File) (origin, error) {
	at := origin{path: f.Path, text: f.Metadata[run.MetaConfig]}
	var err error
	if at.progress, err = run.ReadProgress(f.Metadata); err == nil && at.text == "" {
		err = run.ErrNoProgress
	}
	if err != nil {
		err = fmt.Errorf("trainer: %s: %w", f.Path, err)
	}
	return at, err
}

// configure edits the settings at the checkpoint and refuses what a fork can't
// change.
func (o ForkOptions) configure(at origin) (string, *configs.Config, []configs.Change, error) {
	old, err := configs.Parse(at.path, at.text)
	if err != nil {
		return "", nil, nil, err
	}
	text := at.text
	if o.Edit != nil {
		if text, err = o.Edit(text); err != nil {
			return "", nil, nil, err
		}
	}
	text, cfg, err := prepare(text, o.Name)
	if err != nil {
		return "", nil, nil, err
	}
	var changes []configs.Change
	for _, c := range configs.Diff(old, cfg) {
		if !c.Live && !slices.Contains(forkable, c.Key) {
			return "", nil, nil, fmt.Errorf("trainer: fork: %s: got %s, want %s: a fork keeps its networks, data and measures", c.Key, c.New, c.Old)
		}
		if c.Key != "name" {
			changes = append(changes, c)
		}
	}
	if total := cfg.Live.TotalKimg; total*1000 <= float64(at.progress.Nimg) {
		return "", nil, nil, fmt.Errorf("trainer: fork: live.total_kimg: got %v, want more than the %.1f that the checkpoint has seen", total, kimg(at.progress.Nimg))
	}
	return text, cfg, changes, nil
}

// stamp makes the checkpoint the new run's: its configuration, so that it can be
// forked in turn, and its seed.
func (at origin) stamp(f *checkpoint.File, text string, cfg *configs.Config) error {
	f.Metadata[run.MetaConfig] = text
	seed := uint64(cfg.Run.Seed)
	if at.progress.RunSeed() == seed {
		return nil
	}
	p := at.progress
	p.Reseed(seed)
	return p.AddTo(f.Metadata)
}

// describe says in one line where a fork comes from and what differs.
func (at origin) describe(changes []configs.Change) string {
	text := fmt.Sprintf("forked from %s at %.1f kimg", at.from(), kimg(at.progress.Nimg))
	for i, c := range changes {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		text += fmt.Sprintf("%s%s %s → %s", sep, strings.TrimPrefix(c.Key, "live."), c.Old, c.New)
	}
	return text
}

// base is the directory that the paths of the configuration count from.
func (at origin) base() string {
	if at.parent == "" {
		return filepath.Dir(at.path)
	}
	return at.parent
}

// from names the parent: its run, or else the checkpoint's file.
func (at origin) from() string {
	if at.parent == "" {
		return at.path
	}
	return filepath.Base(at.parent)
}

// fill makes the new run's directory; config.toml, which makes it a run, comes
// last.
func (at origin) fill(to Forked, f *checkpoint.File, text string, cfg *configs.Config, inputs []input, changes []configs.Change) error {
	if err := makeFolders(to.Dir); err != nil {
		return err
	}
	if err := copyInputs(inputs, to.Dir); err != nil {
		return err
	}
	path := filepath.Join(to.Dir, run.CheckpointsDir, run.CheckpointFile(at.progress.Nimg))
	if err := checkpoint.Write(path, f); err != nil {
		return err
	}
	if _, err := checkpoint.Read(path); err != nil { // what is on the disk, not what was meant
		return err
	}
	if at.parent != "" {
		if err := at.copyHistory(to.Dir); err != nil {
			return err
		}
	}
	if err := at.record(to, changes); err != nil {
		return err
	}
	if err := run.WriteStatus(to.Dir, at.status(to.Dir, cfg)); err != nil {
		return err
	}
	head, body := "", text
	if rest, marked := strings.CutPrefix(text, "\ufeff"); marked { // a byte order mark stays first
		head, body = "\ufeff", rest
	}
	line := fmt.Sprintf("# Forked from %s at %.1f kimg.\n", run.OneLine(at.from()), kimg(at.progress.Nimg))
	return configs.WriteFile(filepath.Join(to.Dir, run.ConfigFile), head+line+body)
}

// status is what readers see until the new run's first trainer. What is measured is
// what the parent measures.
func (at origin) status(dir string, cfg *configs.Config) run.Status {
	p := at.progress
	freeze, _ := cfg.Freeze.InForce(p.Nimg)
	st := run.Status{
		Version: run.Version, Run: filepath.Base(dir), Dir: dir, Method: cfg.Method,
		Config: filepath.Join(dir, run.ConfigFile), State: run.StateNew,
		Nimg: p.Nimg, TotalNimg: int64(cfg.Live.TotalKimg*1000 + 0.5), CheckpointNimg: p.Nimg,
		FreezePreset: freeze.Preset, FreezeGlobs: freeze.Freeze, TrainGlobs: freeze.Train,
		LastFID: p.LastFID, BestFID: p.BestFID, Also: p.Also, FIDNimg: p.FIDNimg, SampleFile: p.SampleFile, SampleNimg: p.SampleNimg,
	}
	if at.parent == "" {
		return st
	}
	if was, known, err := run.ReadStatus(at.parent); err == nil && known {
		st.Metric, st.Rises, st.FIDName, st.TeacherFID = was.Metric, was.Rises, was.FIDName, was.TeacherFID
	}
	return st
}

func kimg(nimg int64) float64 { return float64(nimg) / 1000 }
