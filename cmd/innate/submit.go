package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/atomicfile"
	"innate/models/device/devices"
	"innate/models/weights"
	"innate/trainer"
	"innate/trainer/cluster"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/sweep"
)

// submission is what a command line asks of a scheduler.
type submission struct {
	slurm, kubernetes bool
	dryRun            bool
	output            string // of the manifest; "" for standard output

	resumed, out, seeds string
	edits               edits

	gpus   string
	cpus   int
	memory string
	grace  time.Duration
	job    cluster.SlurmJob
	pods   cluster.Pods
}

// defaultGrace is for a step of a large network and its checkpoint.
const defaultGrace = 2 * time.Minute

// Flags that one scheduler alone knows.
var (
	slurmFlags      = []string{"run", "out", "partition", "account", "time", "at-once", "ranks", "sbatch", "innate", "dry-run"}
	kubernetesFlags = []string{"image", "claim", "mount", "namespace", "gpu-resource", "output"}
)

func (c *cli) submitCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "submit CONFIG", Short: "a run as a job of Slurm, or its manifest for Kubernetes",
		ValidArgsFunction: completeConfig,
		Example: examples("submit mine.toml --slurm --gpus 1 --time 4:00:00 --device cuda", "a job that comes back until the run is done",
			"submit mine.toml --slurm --seeds 0-3 --dry-run", "what sbatch would get, for four runs",
			"submit mine.toml --slurm --ranks 4 --gpus 4 --device cuda", "four processes train a run together, by srun",
			"submit --run 3 --slurm", "resumes a run",
			"submit mine.toml --kubernetes --image IMAGE --claim CLAIM", "a manifest for kubectl apply"),
	}
	var s submission
	s.register(c, cmd)
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := s.check(cmd); err != nil {
			return err
		}
		if s.resumed == "" && len(args) != 1 {
			return usagef("submit: got %d arguments, want one %s", len(args), wantConfig())
		}
		if s.resumed != "" && (len(args) > 0 || len(s.edits.set) > 0 || s.out != "" || s.seeds != "") {
			return usagef("submit --run: continues a run as it is, want no CONFIG, --set, --kimg, --seeds or --out")
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case s.kubernetes:
			return s.printManifest(c, args[0])
		case s.resumed != "":
			return s.submitAgain(cmd.Context(), c)
		}
		return s.submit(cmd.Context(), c, args[0])
	}
	return cmd
}

func (s *submission) register(c *cli, cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.slurm, "slurm", false, "hand a job to Slurm's sbatch")
	f.BoolVar(&s.kubernetes, "kubernetes", false, "write a manifest for kubectl apply; nothing is submitted")
	s.edits.register(cmd)
	s.registerJob(cmd)
	f.StringVar(&s.seeds, "seeds", "", "a run for each of these `seeds`, as in 0-3,7; so does a --set that is given several times, for each value")
	pathVar(f, &s.resumed, "run", "continue this `run`, by number, name or directory, instead of beginning one")
	pathVar(f, &s.out, "out", "run `directory` to create instead of a numbered one")
	f.BoolVar(&s.dryRun, "dry-run", false, "print the job's script, and neither make a run nor submit anything")

	f.StringVar(&s.pods.Image, "image", "", "`image` of the pod, with innate on its path")
	f.StringVar(&s.pods.Claim, "claim", "", "PersistentVolumeClaim that holds the runs, by `name`")
	f.StringVar(&s.pods.Mount, "mount", "/runs", "`path` at which the pod has that volume")
	f.StringVar(&s.pods.Namespace, "namespace", "", "Kubernetes `namespace`; default: that of kubectl")
	f.StringVar(&s.pods.GPUResource, "gpu-resource", "nvidia.com/gpu", "`resource` that a GPU is")
	f.StringVarP(&s.output, "output", "o", "", "`file` for the manifest instead of standard output")
	complete(cmd, "run", c.completeRun(ended))
}

// jobFlags are those of registerJob.
var jobFlags = []string{"gpus", "cpus", "mem", "grace", "partition", "account", "time", "at-once", "ranks", "sbatch", "innate"}

// registerJob has the flags that say what a job of Slurm may take.
func (s *submission) registerJob(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.gpus, "gpus", "", "`number` of GPUs of a run, or with Slurm KIND:NUMBER")
	countVar(f, &s.cpus, "cpus", 1, maxThreads, "`processors` of a run, and its threads unless --threads says otherwise")
	f.StringVar(&s.memory, "mem", "", "`memory` of a run, as the scheduler takes it: 16G, 16Gi")
	f.DurationVar(&s.grace, "grace", defaultGrace, "`time` that a run has for its last step and checkpoint before it is ended")
	f.StringVar(&s.job.Partition, "partition", "", "Slurm `partition`")
	f.StringVar(&s.job.Account, "account", "", "Slurm `account`")
	f.StringVar(&s.job.Time, "time", "", "limit of the job's `time`, as sbatch takes it: minutes, 4:00:00, 2-12")
	countVar(f, &s.job.AtOnce, "at-once", 1, sweep.MaxRuns, "at most so many `runs` of several at a time")
	countVar(f, &s.job.Ranks, "ranks", 1, maxProcs, "`processes` that train a run together, each a task of srun with its --cpus; --gpus counts those of a node")
	f.Func("sbatch", "further `option` of sbatch, such as --constraint=a100; may be repeated", func(line string) error {
		s.job.Extra = append(s.job.Extra, line)
		return nil
	})
	pathVar(f, &s.job.Program, "innate", "`path` of innate on the nodes; default: that of this one")
}

// check refuses flags that do not belong together.
func (s *submission) check(cmd *cobra.Command) error {
	if s.slurm == s.kubernetes {
		return usagef("submit: want --slurm or --kubernetes")
	}
	others, scheduler := kubernetesFlags, "--kubernetes"
	if s.kubernetes {
		others, scheduler = slurmFlags, "--slurm"
	}
	for _, name := range others {
		if cmd.Flags().Changed(name) {
			return usagef("submit: --%s is for %s", name, scheduler)
		}
	}
	if err := s.checkGrace("submit"); err != nil {
		return err
	}
	if s.cpus > 0 && !slices.ContainsFunc(s.edits.process.set, func(set string) bool { return strings.HasPrefix(set, "run.threads=") }) {
		s.edits.process.set = append(s.edits.process.set, "run.threads="+strconv.Itoa(s.cpus))
	}
	return nil
}

// checkGrace refuses a time that sbatch, which takes 65535 seconds, does not take.
func (s *submission) checkGrace(command string) error {
	if s.grace < time.Second || s.grace > 18*time.Hour {
		return usagef("%s: --grace: got %v, want from 1s to 18h", command, s.grace)
	}
	return nil
}

// checkGPUs refuses a job with GPUs whose run would leave them idle.
func (s *submission) checkGPUs(device string) error {
	if s.gpus != "" && s.gpus != "0" && (device == devices.CPU || device == "torch:cpu" || device == "") {
		return usagef("submit: --gpus %s: the run computes on the processor, want --device cuda", s.gpus)
	}
	return nil
}

// checkRun refuses a run that its job's processes or GPUs do not suit.
func (s *submission) checkRun(cfg *configs.Config) error {
	if err := s.checkGPUs(cfg.Run.Device); err != nil {
		return err
	}
	return method.CheckShares(cfg, max(s.job.Ranks, 1))
}

// submit makes the runs and hands their job to sbatch. If that refuses, nothing is
// left of them.
func (s *submission) submit(ctx context.Context, c *cli, config string) error {
	if !s.dryRun {
		if err := cluster.CanSubmit(); err != nil {
			return err
		}
	}
	list, err := combine(s.edits, s.seeds)
	if err != nil {
		return err
	}
	if s.out != "" && len(list) > 1 {
		return usagef("submit: --out is for one run, got %d", len(list))
	}
	var texts []string
	for _, e := range list {
		text, cfg, err := prepare(config, e)
		if err == nil {
			err = s.checkRun(cfg)
		}
		if err != nil {
			return err
		}
		texts, s.job.Name = append(texts, text), cfg.Name
	}
	if s.dryRun {
		return s.printScript(c, len(texts))
	}
	for _, text := range texts {
		dir := s.out
		if dir != "" {
			err = trainer.CreateAt(dir, text, "")
		} else {
			dir, err = trainer.Create(run.RunsDir(c.runs), text, "")
		}
		if err == nil {
			dir, err = filepath.Abs(dir)
		}
		if err != nil {
			return errors.Join(configs.Named(configs.FileName(config), err), s.takeBack())
		}
		s.job.Dirs = append(s.job.Dirs, dir)
	}
	err = s.send(ctx, c)
	if err != nil && !errors.Is(err, cluster.ErrUncertain) {
		err = errors.Join(err, s.takeBack())
	}
	return err
}

// takeBack removes the runs that were made for a job that there is not.
func (s *submission) takeBack() (failed error) {
	for _, dir := range s.job.Dirs {
		failed = errors.Join(failed, run.Delete(dir, false))
	}
	return failed
}

// submitAgain hands a job to sbatch that resumes a run.
func (s *submission) submitAgain(ctx context.Context, c *cli) error {
	dir, err := find(c.runs, s.resumed)
	if err != nil {
		return err
	}
	s.job.Dirs = []string{dir}
	if s.dryRun {
		s.job.Name = filepath.Base(dir)
		return s.printScript(c, 1)
	}
	if err := cluster.CanSubmit(); err != nil {
		return err
	}
	info, err := run.ReadInfo(dir)
	if err != nil {
		return err
	}
	if info.Alive {
		return fmt.Errorf("submit: %s: %w as pid %d", info.Name, run.ErrRunning, info.Status.PID)
	}
	if err := c.mustBeFree(ctx, info); err != nil {
		return err
	}
	if err := s.edits.process.adjust(dir); err != nil {
		return err
	}
	if err := finished(info); err != nil {
		return err
	}
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err == nil {
		err = s.checkRun(cfg)
	}
	if err != nil {
		return err
	}
	s.job.Name = cfg.Name
	return s.send(ctx, c)
}

// fill fills in the rest of the job.
func (s *submission) fill() (err error) {
	if s.job.Program == "" {
		if s.job.Program, err = os.Executable(); err != nil {
			return fmt.Errorf("submit: %w", err)
		}
	}
	s.job.GPUs, s.job.CPUs, s.job.Memory, s.job.Grace = s.gpus, s.cpus, s.memory, s.grace
	s.job.Args = s.edits.process.args()
	s.job.Program, err = filepath.Abs(s.job.Program)
	return err
}

// printScript prints the script of a job for as many runs, which are not made.
func (s *submission) printScript(c *cli, count int) (err error) {
	switch {
	case s.resumed != "":
	case s.out != "":
		dir, err := filepath.Abs(s.out)
		if err != nil {
			return err
		}
		s.job.Dirs = []string{dir}
	default:
		if s.job.Dirs, err = trainer.Next(run.RunsDir(c.runs), s.job.Name, count); err != nil {
			return err
		}
	}
	return s.printJob(c)
}

// printJob prints the script of the job.
func (s *submission) printJob(c *cli) error {
	if err := s.fill(); err != nil {
		return err
	}
	script, err := s.job.Script()
	fmt.Fprint(c.out, script)
	return err
}

// send hands the job to sbatch, notes it in its runs and says which is where.
func (s *submission) send(ctx context.Context, c *cli) error {
	if err := s.fill(); err != nil {
		return err
	}
	jobs, err := s.job.Submit(ctx)
	if err != nil {
		return err
	}
	for i, job := range jobs {
		err = errors.Join(err, run.WriteJob(s.job.Dirs[i], job))
		fmt.Fprintf(c.out, "%v  %s\n", job, s.job.Dirs[i])
	}
	if err != nil {
		return fmt.Errorf("%w: submitted, but lists will not say so: %w", cluster.ErrUncertain, err)
	}
	return nil
}

// printManifest writes what kubectl applies.
func (s *submission) printManifest(c *cli, config string) error {
	list, err := combine(s.edits, s.seeds)
	if err != nil {
		return err
	}
	for i, e := range list {
		name, text, err := openConfig(config)
		if err != nil {
			return err
		}
		text, cfg, err := e.parse(name, text)
		if err == nil {
			err = errors.Join(s.checkGPUs(cfg.Run.Device), onVolume(cfg, s.pods.Mount))
		}
		if err != nil {
			return err
		}
		number := 0
		if len(list) > 1 {
			number = i + 1
		}
		s.pods.Runs = append(s.pods.Runs, cluster.PodRun{Name: cluster.PodName(cfg.Name, number), Config: text})
	}
	if s.gpus != "" {
		if s.pods.GPUs, err = strconv.Atoi(s.gpus); err != nil || s.pods.GPUs < 0 {
			return usagef("submit: --gpus: got %q, want a whole number", s.gpus)
		}
	}
	s.pods.CPUs, s.pods.Memory, s.pods.Grace = s.cpus, s.memory, s.grace
	s.pods.Args = s.edits.process.args()
	text, err := s.pods.Manifest()
	if err != nil {
		return err
	}
	if s.output == "" || s.output == "-" {
		_, err = fmt.Fprint(c.out, text)
		return err
	}
	return atomicfile.WriteBytes(configs.ExpandHome(s.output), atomicfile.SyncFile, []byte(text))
}

// onVolume refuses a config that names files of this machine: a pod has the volume
// alone. What it names there is not here to be looked into.
func onVolume(cfg *configs.Config, mount string) error {
	files, there := cfg.Paths(), false
	for _, key := range slices.Sorted(maps.Keys(files)) {
		name := files[key]
		if strings.HasPrefix(name, weights.Prefix) {
			continue
		}
		if there = strings.HasPrefix(name, strings.TrimSuffix(mount, "/")+"/"); !there {
			return cfg.At(key, fmt.Errorf("%s: got %q, which a pod does not see: want builtin:NAME, or a path below %s on its volume", key, name, mount))
		}
	}
	if there {
		return nil
	}
	return method.Check(cfg)
}
