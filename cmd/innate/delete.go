package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"innate/trainer/run"
)

func (c *cli) deleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete RUN", Short: "removes a run and everything it wrote",
		Args: oneRun, ValidArgsFunction: c.completeRun(ended),
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	force := cmd.Flags().Bool("force", false, "also remove files in the run's directory that no trainer wrote")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		if info, err := run.ReadInfo(dir); err == nil { // else Delete says why not
			if err := c.mustBeFree(cmd.Context(), info); err != nil {
				return err
			}
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
	return cmd
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
