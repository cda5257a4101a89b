package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"innate/trainer"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// demoPreset is the run that shows what innate is for.
const demoPreset = "mnist-gdd-i"

func (c *cli) demoCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "demo", Short: "built-in GDD-I on MNIST, started and opened",
		Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
	}
	plain := cmd.Flags().Bool("plain", false, "progress lines and a summary, also on a terminal")
	var edits edits
	edits.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return demo(cmd.Context(), c, *plain, edits) }
	return cmd
}

func demo(ctx context.Context, c *cli, plain bool, edits edits) error {
	background := !plain && term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd()))
	var asks <-chan os.Signal
	if !background {
		var release func()
		ctx, asks, release = catchSignals(ctx, c.err, false)
		defer release()
	}
	dir, err := create(c.runs, "", demoPreset, edits)
	if err != nil {
		return err
	}
	if background {
		c.warn(dir)
		if err := trainer.Spawn(ctx, dir, edits.process.args()...); err != nil {
			return err
		}
		if err := workbench(ctx, c, dir, c.runs); err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s continues; innate open %s shows it again, innate stop %[2]s ends it\n", dir, reference(dir))
		return nil
	}
	fmt.Fprintln(c.out, dir)
	if err := train(ctx, c, dir, edits.process.listen, asks); err != nil {
		return err
	}
	return summarize(c, dir)
}

// summarize says what a distillation achieved, from its run directory.
func summarize(c *cli, dir string) error {
	info, err := run.ReadInfo(dir)
	if err != nil {
		return err
	}
	history, err := runlog.ReadAll(dir)
	if err != nil {
		return err
	}
	s := info.Status
	fmt.Fprintf(c.out, "\n%s after %.1f kimg\n", s.Run, float64(s.Nimg)/1000)
	for _, t := range history.Rows {
		if v, ok := t.Value("fid"); ok && t.Nimg == 0 {
			fmt.Fprintf(c.out, "  teacher in one step, before   %s %8.1f\n", s.FIDName, v)
		}
	}
	if s.LastFID != nil {
		fmt.Fprintf(c.out, "  student in one step, after    %s %8.1f   (best %s)\n", s.FIDName, *s.LastFID, number(s.BestFID))
	}
	if s.TeacherFID != nil {
		fmt.Fprintf(c.out, "  teacher in 18 steps, 35 NFE   %s %8.1f   (as its file says; innate fid builtin:mnist-teacher measures it)\n", s.FIDName, *s.TeacherFID)
	}
	if s.SampleFile != "" {
		fmt.Fprintf(c.out, "  samples                       %s\n", filepath.Join(dir, s.SampleFile))
	}
	return nil
}
