package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"

	"innate/trainer/control"
	"innate/trainer/run"
)

// How long a command waits for its answer: for the step under way, for a file
// to be on disk, and for a measurement.
const (
	commandTimeout  = 2 * time.Minute
	writeTimeout    = 10 * time.Minute
	evaluateTimeout = time.Hour
)

// sendCommands are the commands that a trainer takes without arguments.
func (c *cli) sendCommands() []*cobra.Command {
	return []*cobra.Command{
		c.sendCommand("pause", "holds a run between two steps", commandTimeout, (*control.Client).Pause),
		c.sendCommand("stop", "ends a run after a checkpoint; resume continues it", writeTimeout, stop),
		c.sendCommand("checkpoint", "writes a checkpoint of a running run now", writeTimeout, (*control.Client).Checkpoint),
		c.sendCommand("evaluate", "makes a running run measure its FID now", evaluateTimeout, (*control.Client).Evaluate),
	}
}

// waiting bounds how long a command waits for its answer. An interrupt ends that,
// too, so that the command is withdrawn, or the message says that it is too late.
func waiting(ctx context.Context, wait time.Duration) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	ctx, cancel := context.WithTimeout(ctx, wait)
	return ctx, func() {
		cancel()
		stop()
	}
}

// stop stops a run and waits for its process to end.
func stop(client *control.Client, ctx context.Context) (run.Status, error) {
	st, err := client.Stop(ctx)
	if err != nil {
		return st, err
	}
	return st, run.AwaitExit(ctx, st.Dir)
}

// sendCommand is a command that makes one call to a trainer, and prints what it
// has come to.
func (c *cli) sendCommand(name, short string, wait time.Duration, call func(*control.Client, context.Context) (run.Status, error)) *cobra.Command {
	return &cobra.Command{
		Use: name + " RUN", Short: short,
		Args: oneRun, ValidArgsFunction: c.completeRun(alive),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := find(c.runs, args[0])
			if err != nil {
				return err
			}
			ctx, cancel := waiting(cmd.Context(), wait)
			defer cancel()
			st, err := call(control.NewClient(dir), ctx)
			if err != nil {
				return err
			}
			fmt.Fprintf(c.out, "%s: %s\n", st.Run, outcome(name, st))
			return nil
		},
	}
}

// outcome words what a command has come to, by the status after it.
func outcome(name string, st run.Status) string {
	kimg := func(nimg int64) string { return fmt.Sprintf("%.1f kimg", float64(nimg)/1000) }
	switch {
	case name == "checkpoint":
		return "checkpoint at " + kimg(st.CheckpointNimg)
	case name == "evaluate" && st.State == run.StatePaused && st.PauseReason != "" && st.FIDNimg != st.Nimg:
		return withReason("measures when it resumes: paused at "+kimg(st.Nimg), st)
	case name == "evaluate" && st.LastFID != nil:
		return fmt.Sprintf("%s %.2f at %s", st.FIDName, *st.LastFID, kimg(st.FIDNimg))
	}
	return withReason(st.State+" at "+kimg(st.Nimg), st)
}

// withReason adds why a run is paused, when nobody asked for it.
func withReason(text string, st run.Status) string {
	if st.PauseReason == "" {
		return text
	}
	return text + ": " + run.OneLine(st.PauseReason)
}
