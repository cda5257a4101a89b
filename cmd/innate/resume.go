package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/run"
)

func (c *cli) resumeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume RUN", Short: "resumes a paused run; restarts a stopped or dead one",
		Args: oneRun, ValidArgsFunction: c.completeRun(resumable),
		Example: examples("resume 3", "from the newest checkpoint, exactly",
			"resume 3 --kimg 400", "on to 400,000 images"),
	}
	kimg := cmd.Flags().String("kimg", "", "thousands of `images` to train on in all; default: what config.toml says")
	var p process
	p.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		if *kimg != "" {
			if err := extend(cmd.Context(), dir, *kimg, &p); err != nil {
				return err
			}
		}
		before, readErr := run.ReadInfo(dir)
		err = c.resume(cmd.Context(), dir, p)
		var done doneError
		switch {
		case errors.As(err, &done):
			fmt.Fprintln(c.out, done)
			return nil
		case err == nil && readErr == nil && !before.Alive:
			fmt.Fprintf(c.out, "%s: %s\n", run.OneLine(before.Name), from(before.Status))
		}
		return err
	}
	return cmd
}

// extend changes how many images a run trains on in all: of one with a trainer
// at once, of another as its next trainer starts.
func extend(ctx context.Context, dir, kimg string, p *process) error {
	const key = "live.total_kimg"
	info, err := run.ReadInfo(dir)
	if err != nil {
		return err
	}
	if !info.Alive {
		p.set = append(p.set, key+"="+kimg)
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	_, err = control.NewClient(dir).Set(ctx, map[string]string{key: kimg})
	return err
}

// doneError is the error of a resume that has nothing to do.
type doneError struct{ error }

// finished returns the error of resuming a run that is done: with a checkpoint
// at all the images that its config asks for. It is nil for any other run.
func finished(info run.Info) error {
	if info.Status.State != run.StateDone {
		return nil
	}
	cfg, err := configs.Load(filepath.Join(info.Dir, run.ConfigFile))
	if err != nil {
		return nil // the trainer says what is wrong
	}
	list, err := run.Checkpoints(filepath.Join(info.Dir, run.CheckpointsDir))
	if err != nil || len(list) == 0 || float64(list[0].Nimg) < 1000*cfg.Live.TotalKimg {
		return nil
	}
	return doneError{fmt.Errorf("%s is done at %g of %g kimg, so there is nothing to resume; "+
		"innate resume %[1]s --kimg N trains on to N thousand images, as a larger live.total_kimg does",
		info.Name, float64(list[0].Nimg)/1000, cfg.Live.TotalKimg)}
}

// resume resumes a paused run and restarts one without a trainer from its
// last checkpoint. A trainer that has just been killed holds the run's lock for
// as long as the kernel takes to end it.
func (c *cli) resume(ctx context.Context, dir string, p process) error {
	info, err := run.ReadInfo(dir)
	if err != nil {
		return err
	}
	if info.Alive {
		if p.given() {
			err = fmt.Errorf("%s: has a trainer: --threads, --nice and --listen count when one starts, so stop it first", info.Name)
		} else {
			var st run.Status
			ctx, cancel := context.WithTimeout(ctx, commandTimeout)
			defer cancel()
			if st, err = control.NewClient(dir).Resume(ctx); err == nil {
				fmt.Fprintf(c.out, "%s: %s\n", st.Run, outcome("resume", st))
			}
		}
		if err == nil || !trainer.AwaitGone(ctx, dir) {
			return err
		}
	}
	if err := c.mustBeFree(ctx, info); err != nil {
		return err
	}
	if err := p.adjust(dir); err != nil {
		return err
	}
	if err := finished(info); err != nil {
		return err
	}
	c.warn(dir)
	return trainer.Spawn(ctx, dir, p.args()...)
}
