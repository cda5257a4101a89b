package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/trainer/loop"
)

// profiled is what the command prints as JSON.
type profiled struct {
	Config string `json:"config"`
	*loop.Profile
	PeakBytes int64 `json:"peak_bytes"` // most memory that the process held
}

func (c *cli) profileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "profile RUN|CONFIG", Short: "where the time of a training step goes",
		Args: oneArg(wantConfig() + ", or RUN"), ValidArgsFunction: c.completeRunOrConfig,
	}
	f := cmd.Flags()
	steps := countFlag(f, "steps", 16, 1, maxImages, "training `steps` to measure")
	top := countFlag(f, "top", 20, 0, maxLines, "`rows` of each table; 0 for all")
	asJSON := jsonFlag(f)
	var edits edits
	edits.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, dir, cfg, err := configOf(c.runs, args[0], edits)
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		loop.CollectOften(c.getenv) // as a trainer's process does
		p, err := loop.MeasureProfile(ctx, cfg, dir, *steps)
		if err != nil {
			return err
		}
		out := profiled{Config: name, Profile: p, PeakBytes: loop.PeakMemory()}
		if *asJSON {
			return printJSON(c.out, out)
		}
		out.print(c.out, *top, cfg)
		return nil
	}
	return cmd
}

// print writes the profile as tables, the first rows of each.
func (p profiled) print(out io.Writer, top int, cfg *configs.Config) {
	fmt.Fprintf(out, "%s: %s, batch %d, %s, %d threads, %.1f %% frozen\n", p.Config, p.Method, p.Batch, p.Kernels, p.Threads, 100*p.Frozen)
	fmt.Fprintf(out, "a step: %s ms, %.1f images/s (mean of %d); peak of the machine: %.1f GFLOP/s\n",
		ms(p.Step), float64(p.Batch)/p.Step.Seconds(), p.Steps, p.Peak/1e9)
	if p.Predicted > 0 {
		fmt.Fprintf(out, "memory: %s at most, predicted %s, of which the stages share %s\n",
			mebibytes(p.PeakBytes), mebibytes(int64(p.Predicted)), mebibytes(int64(p.Workspace)))
	} else {
		fmt.Fprintf(out, "memory: %s at most in this process; on %s the stages share %s by their plan, of which PyTorch's allocator may hold more\n",
			mebibytes(p.PeakBytes), cfg.Run.Device, mebibytes(int64(p.Workspace)))
	}
	if e := p.Evaluation; e != nil {
		fmt.Fprintf(out, "evaluations, of %d images each %g kimg: %s ms an image, %.1f %% of the time, %.1f %% of processor time; live.fid_share allows %g %%\n",
			e.Samples, e.Kimg, ms(e.Image), 100*e.Share, 100*e.CPUShare, 100*e.Allowed)
	}

	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer w.Flush()
	fmt.Fprintln(w, "\nSTAGE\tMS/STEP\tSHARE\tGFLOP/S\tOF PEAK\tACTIVATIONS\t")
	for _, s := range p.Stages {
		if s.Time == 0 && s.Stage == "r1" {
			fmt.Fprintf(w, "r1\t0\tdue every %d steps\t\t\t%s\t\n", cfg.Live.R1Interval, mebibytes(int64(s.Arena)))
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", s.Stage, p.share(s.Time), p.rate(s.Time, s.FLOP), mebibytes(int64(s.Arena)))
	}
	for _, t := range []struct {
		title string
		costs []loop.Cost
	}{{"OPERATION", p.Ops}, {"LAYER", p.Layers}} {
		fmt.Fprintf(w, "\n%s\tSTAGE\tCOUNT\tMS/STEP\tSHARE\tGFLOP/S\tOF PEAK\t\n", t.title)
		shown := t.costs
		if top > 0 {
			shown = shown[:min(top, len(shown))]
		}
		for _, c := range shown {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t\n", c.Name, c.Stage, c.Count, p.share(c.Time), p.rate(c.Time, c.FLOP))
		}
		if rest := len(t.costs) - len(shown); rest > 0 {
			var left time.Duration
			for _, c := range t.costs[len(shown):] {
				left += c.Time
			}
			fmt.Fprintf(w, "%d more\t\t\t%s\t\t\t\n", rest, p.share(left))
		}
	}
}

// share is two cells: milliseconds a step, and the share of the step.
func (p profiled) share(d time.Duration) string {
	return fmt.Sprintf("%s\t%.1f %%", ms(d), 100*d.Seconds()/p.Step.Seconds())
}

// rate is two cells: GFLOP/s and their share of the peak, empty where nothing is
// counted.
func (p profiled) rate(d time.Duration, flop int64) string {
	if flop == 0 || d <= 0 {
		return "\t"
	}
	r := float64(flop) / d.Seconds()
	return fmt.Sprintf("%.1f\t%.0f %%", r/1e9, 100*r/p.Peak)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
