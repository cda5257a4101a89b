package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/atomicfile"
	"innate/models/device/devices"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/trainer/sweep/queue"
)

// wantSweep says what a SWEEP may be.
func wantSweep() string {
	return "SWEEP: " + strings.Join(configs.Sweeps(), ", ") + " or a .toml file"
}

func (c *cli) sweepCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "sweep SWEEP", Short: "many runs, queued and compared: settings by seeds",
		ValidArgsFunction: completeSweep,
		Long: "A queue in the background trains the runs of a sweep, some at a time. What is\n" +
			"done it reads from the runs: the same command again, or resume, continues a\n" +
			"sweep after a pause, a kill or a reboot. Pausing stops its runs, each at a\n" +
			"checkpoint, and ends the queue.",
		Example: examples("sweep freeze-mnist", "one that is built in; or mine.toml",
			"sweep freeze-mnist --dry-run", "its points and what they set, and no run",
			"sweep results freeze-mnist --at 10,20,40 --format md", "a table for a paper",
			"sweep mine.toml --with other.jsonl", "without what another machine has done of it",
			"sweep mine.toml --slurm --time 4:00:00", "a job array of Slurm instead"),
	}
	f := cmd.Flags()
	jobs := jobsFlag(cmd)
	foreground := foregroundFlag(cmd)
	var job submission
	f.BoolVar(&job.slurm, "slurm", false, "hand the runs to Slurm's sbatch as a job array, instead of to a queue here")
	job.registerJob(cmd)
	with := withFlag(cmd)
	dry := f.Bool("dry-run", false, "print the points, and neither make a run nor start anything")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := oneArg(wantSweep())(cmd, args); err != nil {
			return err
		}
		return job.checkSweep(cmd)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := c.planSweep(args[0], job.cpus, *with...)
		if err != nil {
			return err
		}
		if job.slurm {
			job.dryRun = *dry
			return job.submitSweep(cmd.Context(), c, s)
		}
		if *dry {
			return s.print(c)
		}
		if err := s.save(c); err != nil {
			return err
		}
		return c.queue(cmd.Context(), s.dir, *jobs, *foreground)
	}
	cmd.AddCommand(c.sweepLsCommand(), c.sweepStatusCommand(), c.sweepResultsCommand(), c.sweepPauseCommand(), c.sweepResumeCommand(), c.sweepDeleteCommand())
	return cmd
}

func jobsFlag(cmd *cobra.Command) *int {
	return countFlag(cmd.Flags(), "jobs", 0, 0, sweep.MaxRuns, "`runs` that train at a time; 0: what the sweep says, or one a core, as far as memory goes")
}

func foregroundFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("foreground", false, "be the queue, and print what happens, instead of starting one in the background")
}

// planned is a sweep that is to begin, or to go on.
type planned struct {
	*sweep.Plan
	dir     string        // of the sweep
	text    string        // of its file; "" of an ensemble
	records sweep.Records // of runs that were trained elsewhere
}

// planSweep reads and checks a sweep, every point of it. Its runs have as many threads
// as it says, or else those that are given, if any are. It takes records from files.
func (c *cli) planSweep(ref string, threads int, with ...string) (*planned, error) {
	ref = configs.ExpandHome(ref)
	f, err := sweep.Read(ref)
	if err != nil {
		return nil, err
	}
	if f.Threads == 0 {
		f.Threads = threads
	}
	if beside := configs.Locate(filepath.Dir(ref), f.Base); isRegular(beside) {
		f.Base = beside
	}
	_, text, err := openConfig(f.Base)
	if err != nil {
		return nil, err
	}
	return c.plan(f, text, with...)
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// plan makes and checks the points of a sweep over a configuration, whose relative
// paths count from the working directory; it goes on from where one of the same name is.
func (c *cli) plan(f *sweep.File, base string, with ...string) (*planned, error) {
	base, err := sweep.Absolute(base, ".")
	if err != nil {
		return nil, err
	}
	p, err := f.Plan(base, sweep.Checks{Config: checkPoint, Layers: layersOf})
	if err != nil {
		return nil, err
	}
	s := &planned{Plan: p, dir: sweep.Dir(run.RunsDir(c.runs), p.Name), text: f.Text()}
	old, err := sweep.ReadPlan(s.dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		p.Peak, p.Job = old.Peak, old.Job
		if err := p.Continue(old, func(name string) bool { return run.IsRun(filepath.Join(filepath.Dir(s.dir), name)) }); err != nil {
			return nil, err
		}
	}
	s.records, err = c.records(s.dir, p, with)
	return s, err
}

// withFlag is the flag for files of records.
func withFlag(cmd *cobra.Command) *[]string {
	with := cmd.Flags().StringArray("with", nil, "`file` of records of runs that were trained elsewhere, as results --format records writes it; may be repeated")
	complete(cmd, "with", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return []string{"jsonl"}, cobra.ShellCompDirectiveFilterFileExt
	})
	return with
}

// records are those of the sweep in dir: what it keeps, and those in files. They are
// held against what the sweep is now.
func (c *cli) records(dir string, p *sweep.Plan, with []string) (sweep.Records, error) {
	kept, err := sweep.KeptRecords(dir)
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(with))
	for i, path := range with {
		paths[i] = configs.ExpandHome(path)
	}
	more, err := sweep.ReadRecords(paths...)
	if err != nil {
		return nil, err
	}
	if err := p.Admit(slices.Concat(kept, more), judgesOf); err != nil {
		return nil, err
	}
	unsaid := 0
	for _, r := range more {
		if r.Settings == nil {
			unsaid++
		}
	}
	if unsaid > 0 {
		fmt.Fprintf(c.err, "innate: sweep: records that say no settings, taken by the names of their points: %d\n", unsaid)
	}
	return kept.Merge(more)
}

// judgesOf are the judges of a configuration's runs, the one that decides first.
func judgesOf(cfg *configs.Config) (list []sweep.Measured, err error) {
	judges, err := loop.Judges(cfg, "")
	for _, j := range judges {
		list = append(list, sweep.Measured{Key: j.Key, Name: j.Name, Rises: j.Rises})
	}
	return list, err
}

// checkPoint refuses what no run could begin with.
func checkPoint(cfg *configs.Config) error {
	if err := devices.Check(cfg.Run.Device); err != nil {
		return cfg.At("run.device", fmt.Errorf("run.device: %w", err))
	}
	for _, need := range trainer.Needs(cfg) {
		if need.Err != nil {
			return cfg.At(need.Key, need.Err)
		}
	}
	return method.Check(cfg)
}

func layersOf(cfg *configs.Config) ([]run.Layer, error) { return loop.Layers(cfg, "") }

// save makes the directory of the sweep, and takes back that it is paused.
func (s *planned) save(c *cli) error {
	if pid, alive, err := sweep.Queue(s.dir); err != nil {
		return err
	} else if alive {
		return fmt.Errorf("sweep: %s: %w as pid %d; innate sweep pause %[1]s pauses it", s.Name, run.ErrRunning, pid)
	}
	if s.Peak == 0 {
		s.Peak = c.foretell(s.Plan)
	}
	if err := os.MkdirAll(filepath.Join(s.dir, sweep.QueueDir), 0o755); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if s.text != "" {
		if err := atomicfile.WriteBytes(filepath.Join(s.dir, sweep.FileCopy), atomicfile.SyncFile, []byte(s.text)); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	if len(s.records) > 0 {
		if err := s.records.Keep(s.dir); err != nil {
			return err
		}
	}
	return s.Plan.Write(s.dir)
}

// foretell is the memory of a run of the sweep, as --dry-run of train foretells it: of
// the first point, since they are much alike; 0 where nothing foretells it.
func (c *cli) foretell(p *sweep.Plan) int64 {
	cfg, err := p.Config(p.Points[0], p.Seeds[0])
	if err != nil || cfg.Run.Device != devices.CPU && cfg.Run.Device != "" {
		return 0
	}
	m, err := loop.PredictMemory(cfg, "")
	if err != nil {
		return 0
	}
	return int64(m.Most)
}

// queue starts the queue of the sweep in dir, or is it.
func (c *cli) queue(ctx context.Context, dir string, jobs int, foreground bool) error {
	if err := sweep.Pause(dir, sweep.NoPause); err != nil {
		return err
	}
	if foreground {
		return c.beQueue(ctx, dir, jobs)
	}
	abs, err := filepath.Abs(filepath.Dir(dir))
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	args := []string{"--runs", abs, "sweep", "resume", nameOfSweep(dir), "--foreground", "--jobs", fmt.Sprint(jobs)}
	if err := queue.Spawn(ctx, dir, args...); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s\n", dir)
	return nil
}

// beQueue works on the sweep in dir until it is done or paused.
func (c *cli) beQueue(ctx context.Context, dir string, jobs int) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	free, err := freeMemory()
	if err != nil {
		free = 0
	}
	return queue.Run(ctx, queue.Options{Dir: dir, Log: c.out, Jobs: jobs, Memory: free, Layers: layersOf})
}

func nameOfSweep(dir string) string { return strings.TrimSuffix(filepath.Base(dir), sweep.Ext) }

// findSweep is the directory of a sweep: among the runs by its name, or by its path.
func (c *cli) findSweep(ref string) (string, error) {
	runs, name := run.RunsDir(c.runs), strings.TrimSuffix(filepath.Clean(ref), sweep.Ext)
	if strings.ContainsRune(ref, filepath.Separator) {
		runs, name = filepath.Dir(name), filepath.Base(name)
	}
	if dir := sweep.Dir(runs, name); isRegular(filepath.Join(dir, sweep.PlanFile)) {
		return filepath.Abs(dir)
	}
	names, err := sweep.List(runs)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", fmt.Errorf("sweep %q: none in %s", name, runs)
	}
	return "", fmt.Errorf("sweep %q: want one of %s", name, strings.Join(names, " "))
}

// isSweep reports whether there is a sweep of the name.
func (c *cli) isSweep(name string) bool {
	_, err := c.findSweep(name)
	return err == nil
}

// openSweep is findSweep, with its plan.
func (c *cli) openSweep(name string) (dir string, p *sweep.Plan, err error) {
	if dir, err = c.findSweep(name); err != nil {
		return "", nil, err
	}
	p, err = sweep.ReadPlan(dir)
	return dir, p, err
}

// wantSweepNames lists the sweeps among the runs.
func wantSweepNames(c *cli) string {
	names, err := sweep.List(run.RunsDir(c.runs))
	if err != nil || len(names) == 0 {
		return "there are none"
	}
	return strings.Join(names, " ")
}

// print says what the sweep would train.
func (s *planned) print(c *cli) error {
	fmt.Fprintf(c.out, "%s: %d points of %d seeds, %d runs", s.Name, len(s.Points), len(s.Seeds), len(s.Points)*len(s.Seeds))
	if len(s.records) > 0 {
		fmt.Fprintf(c.out, ", records of %d", len(s.records))
	}
	fmt.Fprintln(c.out)
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, p := range s.Points {
		fmt.Fprintf(w, "%s\t", p.Name)
		for _, set := range p.Set {
			fmt.Fprintf(w, " %s", set)
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

func (c *cli) sweepPauseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "pause NAME", Aliases: []string{"stop"}, Short: "stops its runs, each at a checkpoint, and ends its queue; or: stop NAME",
		Args: oneArg("NAME of a sweep"), ValidArgsFunction: c.completeSweepName,
	}
	finish := cmd.Flags().Bool("finish", false, "start no more runs, and let those under way come to their end first")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, p, err := c.openSweep(args[0])
		if err != nil {
			return err
		}
		switch g := sweep.Of(dir, p); g.State {
		case sweep.StateDone:
			return fmt.Errorf("sweep: %s: is done: %s", g.Name, cmp.Or(p.Ended, "there is nothing to pause"))
		case sweep.StateSubmitted:
			return fmt.Errorf("sweep: %s: is Slurm's, which ends it by scancel %s", g.Name, p.Job)
		}
		if *finish {
			return sweep.Pause(dir, sweep.PauseLater) // trainers whose queue was killed end by themselves
		}
		ctx, cancel := waiting(cmd.Context(), writeTimeout)
		defer cancel()
		if err := queue.Halt(ctx, dir); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s: paused: innate sweep resume %[1]s continues it\n", nameOfSweep(dir))
		return nil
	}
	return cmd
}

func (c *cli) sweepResumeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume NAME", Short: "continues a sweep that was paused or killed, and tries again what failed",
		Args: oneArg("NAME of a sweep"), ValidArgsFunction: c.completeSweepName,
	}
	jobs, foreground := jobsFlag(cmd), foregroundFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := c.findSweep(args[0])
		if err != nil {
			return err
		}
		if pid, alive, err := sweep.Queue(dir); err != nil {
			return err
		} else if alive && sweep.Wished(dir) == sweep.PauseLater {
			return sweep.Pause(dir, sweep.NoPause) // which it has not come to
		} else if alive {
			return fmt.Errorf("sweep: %s: %w as pid %d", nameOfSweep(dir), run.ErrRunning, pid)
		}
		return c.queue(cmd.Context(), dir, *jobs, *foreground)
	}
	return cmd
}

// completeSweep completes sweeps that are built in, and files where none begins as
// typed.
func completeSweep(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, thatIsAll
	}
	if names := withPrefix(configs.Sweeps(), typed); len(names) > 0 {
		return append(names, files(typed, ".toml")...), thatIsAll
	}
	return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeSweepName completes the sweeps among the runs.
func (c *cli) completeSweepName(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, err := sweep.List(run.RunsDir(c.runs))
	if len(args) > 0 || err != nil {
		return nil, thatIsAll
	}
	return withPrefix(names, typed), thatIsAll
}
