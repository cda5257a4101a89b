package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"innate/configs"
	"innate/models/atomicfile"
	"innate/models/device/devices"
	"innate/models/device/parity"
	"innate/models/kernels"
	"innate/models/torch"
	"innate/trainer"
	"innate/trainer/cluster"
	"innate/trainer/loop"
	"innate/trainer/run"
)

func (c *cli) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor [CONFIG]", Short: "what is here for a run; --check a device, --slurm jobs",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("doctor: got %d arguments, want one %s, or none", len(args), wantConfig())
			}
			return nil
		},
		ValidArgsFunction: completeConfig,
		Example: examples("doctor", "terminal, processor, PyTorch, GPU, schedulers, room for runs",
			"doctor mine.toml", "its files, their digests, memory and disk: status 1 if a run would not start",
			"doctor --device cuda --check", "a device against innate's own kernels: a table to paste into an issue",
			"doctor --slurm", "what a job of Slurm would meet here"),
	}
	on := deviceFlag(cmd)
	check := cmd.Flags().Bool("check", false, "hold the device against innate's own kernels, and time it, in four minutes at most")
	reference := cmd.Flags().String("reference", "", "for --check: `FILE` of a Python program that times the same steps in PyTorch")
	threads := threadsFlag(cmd.Flags())
	alert := cmd.Flags().Bool("alert", false, "send a test to the webhook and command of the alerts of runs, and say what came of it")
	slurm := cmd.Flags().Bool("slurm", false, "look at the Slurm that is here, in a quarter of a minute at most")
	var e edits
	cmd.Flags().StringArrayVar(&e.set, "set", nil, "`key=value` to change in CONFIG; may be repeated")
	complete(cmd, "set", completeEdit)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *alert {
			if cmd.Flags().NFlag() > 1 || len(args) > 0 {
				return usagef("doctor --alert: want it alone")
			}
			return testAlert(cmd.Context(), c)
		}
		if len(args) == 1 && !*slurm && !*check {
			return doctorConfig(c, args[0], e)
		}
		if len(args) == 1 || len(e.set) > 0 {
			return usagef("doctor: got CONFIG, or --set, with --check or --slurm or alone, want a CONFIG, one of the two, or neither")
		}
		if *slurm {
			if *check {
				return usagef("doctor: got --slurm and --check, want one of them")
			}
			return doctorSlurm(cmd.Context(), c)
		}
		if *check {
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			err := checkDevice(ctx, c, *on, *threads, *reference)
			if ctx.Err() != nil {
				return errors.New("doctor: stopped before all was checked")
			}
			return err
		}
		if cmd.Flags().Changed("device") || cmd.Flags().Changed("threads") || *reference != "" {
			return usagef("doctor: --device, --threads and --reference are for --check")
		}
		doctor(c)
		return nil
	}
	return cmd
}

// doctor prints what is here, a line each, and what to do where something is not.
func doctor(c *cli) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	row("innate", "%s/%s, %s", runtime.GOOS, runtime.GOARCH, runtime.Version())
	row("terminal", "%s", describeTerminal(c))
	row("processor", "%d cores for this process, kernels %s (of %s)", trainer.Cores(), kernels.Active(), strings.Join(kernels.Available(), ", "))
	for _, name := range []string{"torch:cpu", "cuda"} {
		text, here := describeDevice(name)
		row(name, "%s", text)
		if here && name == "cuda" {
			row("nccl", "%s", describeNCCL())
		}
	}
	row("scheduler", "%s", describeScheduler(c))
	row("mpi", "%s", describeMPI())
	row("alerts", "%s", describeAlerts(c))
	row("runs", "%s", describeRoom(run.RunsDir(c.runs)))
	for _, text := range trainer.Hazards(c.getenv, true) {
		row("warning", "%s", text)
	}
}

func describeTerminal(c *cli) string {
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		return "none: the output goes elsewhere, where commands print plain lines"
	}
	width, height, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		return fmt.Sprintf("%s: %v", c.getenv("TERM"), err)
	}
	said := fmt.Sprintf("%s, %dx%d", c.getenv("TERM"), width, height)
	if width < 80 || height < 24 {
		said += ", want 80x24 or more for the workbench"
	}
	return said + "; pictures are what it answers to the workbench"
}

// describeDevice opens a device, since what loads may still not run, and reports
// whether it is here.
func describeDevice(name string) (text string, here bool) {
	dev, err := devices.Open(name, devices.Options{Threads: 0})
	if err != nil {
		return "no: " + strings.TrimPrefix(err.Error(), "torch: "), false
	}
	defer dev.Close()
	info := dev.Info()
	return fmt.Sprintf("yes: %s, %d threads of the host; innate doctor --device %s --check tries it", info.Kernels, info.Threads, name), true
}

// describeNCCL says by what the GPUs of several processes would add up.
func describeNCCL() string {
	found, err := torch.NCCL(os.Getenv)
	if err != nil {
		return "no: " + strings.TrimPrefix(err.Error(), "nccl: ") + "; several processes add up in the host's memory"
	}
	return "yes: " + found + "; several processes add up on their GPUs"
}

func describeScheduler(c *cli) string {
	if job := trainer.Job(c.getenv); job != "" {
		return "this is " + job
	}
	if _, err := exec.LookPath("sbatch"); err == nil {
		return "Slurm: sbatch is on the path; innate doctor --slurm looks at it, innate submit hands it a run"
	}
	return "none: runs are processes of this machine"
}

// describeMPI names the launcher of processes that is on the path.
func describeMPI() string {
	for _, name := range []string{"mpirun", "mpiexec"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return "none: no mpirun on the path"
}

// doctorSlurm prints what a job would meet here, and what to do where something is
// missing.
func doctorSlurm(ctx context.Context, c *cli) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, f := range cluster.Examine(ctx, run.RunsDir(c.runs), program, defaultGrace) {
		fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Text)
		if f.Advice != "" {
			fmt.Fprintf(w, "\t  %s\n", f.Advice)
		}
	}
	return nil
}

// describeRoom says how much room there is for runs: in their directory, or in the
// first above it that exists.
func describeRoom(runs string) string {
	free, err := atomicfile.Free(runs)
	if err != nil {
		return fmt.Sprintf("%s: %v", runs, err)
	}
	return fmt.Sprintf("%s, %s of room", runs, mebibytes(free))
}

// checkSteps are those of a GDD-I iteration that a check trains for.
const checkSteps = 4

// checkLoss is how far a loss may be off after them, relative to itself: rounding,
// through four updates.
const checkLoss = 2e-3

// checkDevice holds a device against the own kernels: operations, a few iterations
// of the demo, and training.
func checkDevice(ctx context.Context, c *cli, name string, threads int, reference string) error {
	start := time.Now()
	dev, err := devices.Open(name, devices.Options{Threads: threads})
	if err != nil {
		return err
	}
	info := dev.Info()
	fmt.Fprintf(c.out, "%s (%s, %d threads) against cpu (%s), %s/%s\n\n", info.Name, info.Kernels, info.Threads, kernels.Active(), runtime.GOOS, runtime.GOARCH)
	if info.Bus != "" {
		fmt.Fprintf(c.out, "%s\n\n", describeGPU(info.Bus))
	}
	ref, err := devices.Open(devices.CPU, devices.Options{Threads: threads})
	if err != nil {
		dev.Close()
		return err
	}
	tried, ok := dev.(inspected)
	if ok {
		tried.RecordCalls()
	}
	rows := parity.Run(dev, ref)
	failed, total := printParity(c, rows), len(rows)
	if ok {
		n, err := tried.CheckCalls()
		total++
		if err != nil {
			failed++
		}
		fmt.Fprintf(c.out, "arguments of %d operations as this PyTorch's schemas have them: %s\n", n, cmp.Or(run.OneLine(errorText(err)), "ok"))
	}
	ref.Close()
	dev.Close()

	cfg, trials, err := tryDemo(ctx, name, threads)
	if err != nil {
		return err
	}
	failed += printTrials(c, cfg, trials)
	more, wrong, err := tryTraining(ctx, c, name, threads, reference)
	if err != nil {
		return err
	}
	failed, total = failed+wrong, total+checkSteps+more
	fmt.Fprintf(c.out, "\n%d of %d checks failed, %s\n", failed, total, time.Since(start).Round(time.Second/10))
	if failed > 0 {
		return errors.New("doctor: the device does not compute what the own kernels do")
	}
	return nil
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func printParity(c *cli, rows []parity.Row) (failed int) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "operations\tvalue, gradient\tsecond derivative\t(difference of the largest, at most %g)\n", parity.Tolerance)
	for _, r := range rows {
		verdict := "ok"
		if !r.OK() {
			failed++
			verdict = "FAILED"
		}
		if r.Err != nil {
			fmt.Fprintf(w, "%s\t%s: %v\n", r.Name, verdict, r.Err)
			continue
		}
		fmt.Fprintf(w, "%s\t%.1e\t%.1e\t%s\n", r.Name, r.Worst, r.Second, verdict)
	}
	w.Flush()
	return failed
}

// tryDemo trains the demo for a few steps on a device and on the own kernels.
func tryDemo(ctx context.Context, name string, threads int) (*configs.Config, []*loop.Trial, error) {
	_, cfg, err := prepare(demoPreset, edits{})
	if err != nil {
		return nil, nil, err
	}
	var trials []*loop.Trial
	for _, n := range []string{name, devices.CPU} {
		dev, err := devices.Open(n, devices.Options{Threads: threads})
		if err != nil {
			return nil, nil, err
		}
		dir, err := filepath.Abs(".")
		if err != nil {
			dev.Close()
			return nil, nil, err
		}
		t, err := loop.TryDevice(ctx, dev, cfg, dir, checkSteps)
		if err != nil {
			return nil, nil, err
		}
		trials = append(trials, t)
	}
	return cfg, trials, nil
}

func printTrials(c *cli, cfg *configs.Config, trials []*loop.Trial) (failed int) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "\n%s, batch %d\tthis device\tcpu\t(at most %g apart)\n", demoPreset, cfg.Run.Batch, checkLoss)
	for step, want := range trials[1].Losses {
		worst, got := 0.0, trials[0].Losses[step]
		var texts [2][]string
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if loss, ok := strings.CutPrefix(key, "loss/"); ok {
				worst = max(worst, math.Abs(got[key]-want[key])/math.Max(1e-6, math.Abs(want[key])))
				texts[0] = append(texts[0], fmt.Sprintf("%s %.5f", loss, got[key]))
				texts[1] = append(texts[1], fmt.Sprintf("%s %.5f", loss, want[key]))
			}
		}
		verdict := "ok"
		if !(worst <= checkLoss) {
			failed++
			verdict = "FAILED"
		}
		fmt.Fprintf(w, "iteration %d\t%s\t%s\t%s\n", step+1, strings.Join(texts[0], "  "), strings.Join(texts[1], "  "), verdict)
	}
	ms := func(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d)/1e6) }
	fmt.Fprintf(w, "first iteration, planning included\t%s\t%s\n", ms(trials[0].Start), ms(trials[1].Start))
	fmt.Fprintf(w, "iteration\t%s\t%s\t%.2f times as fast\n", ms(trials[0].Step), ms(trials[1].Step), float64(trials[1].Step)/float64(trials[0].Step))
	w.Flush()
	return failed
}
