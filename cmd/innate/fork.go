package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"innate/trainer"
	"innate/trainer/run"
)

var forkCommand = command{"fork", "RUN|CHECKPOINT", "a new run that goes on from a checkpoint of another", runFork}

func runFork(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("fork")
	at := pathFlag(f, "at", "", "`checkpoint`: thousands of images such as 40, best (by FID) or a file; default: the newest")
	name := f.String("name", "", "`name` of the new run; default: the old one's")
	start := f.Bool("start", false, "start the new run at once")
	var edits edits
	edits.register(f)
	ref, err := parseOne(f, args, "RUN or checkpoint FILE")
	if err != nil {
		return err
	}
	if edits.process.listen != "" && !*start {
		return usagef("fork: --listen counts when a trainer starts, want --start beside it")
	}
	if !strings.HasSuffix(ref, run.CheckpointExt) {
		dir, file, err := runOrFile(*runs, ref)
		if err != nil {
			return err
		}
		ref = dir + file // one of them
	}
	forked, err := trainer.Fork(trainer.ForkOptions{
		RunsDir: run.RunsDir(*runs), Source: ref, At: *at, Name: *name, Edit: edits.apply,
	})
	if err != nil {
		return err
	}
	if forked.Note != "" {
		fmt.Fprintf(c.err, "innate: %s\n", forked.Note)
	}
	fmt.Fprintln(c.err, forked.Text)
	if *start {
		return spawn(ctx, c, forked.Dir, edits.process)
	}
	fmt.Fprintln(c.out, forked.Dir)
	return nil
}

var deleteCommand = command{"delete", "RUN", "removes a run and everything it wrote", runDelete}

func runDelete(_ context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("delete")
	yes := f.Bool("yes", false, "do not ask")
	force := f.Bool("force", false, "also remove files in the run's directory that no trainer wrote")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	if !*yes {
		if c.ask == nil {
			return usagef("delete: nobody can be asked here, want --yes")
		}
		if !c.ask(deleteQuestion(dir)) {
			return errors.New("delete: nothing was deleted")
		}
	}
	return run.Delete(dir, *force)
}

// deleteQuestion says what would be lost, as far as it can be read.
func deleteQuestion(dir string) string {
	files, bytes := 0, int64(0)
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if i, err := e.Info(); err == nil { // else gone since it was listed
			files, bytes = files+1, bytes+i.Size()
		}
		return nil
	})
	is := "which cannot be read"
	if info, err := run.ReadInfo(dir); err == nil {
		is = fmt.Sprintf("%s, %.1f kimg", info.Status.State, float64(info.Status.Nimg)/1000)
	}
	return fmt.Sprintf("delete %s (%s; %d files, %.1f MB)?", dir, is, files, float64(bytes)/1e6)
}
