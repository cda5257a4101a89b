package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"innate/trainer/run"
)

func (c *cli) logsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "logs RUN", Short: "the end of a trainer's own log",
		Args: oneRun, ValidArgsFunction: c.completeRun(anyRun),
	}
	n := countFlag(cmd.Flags(), "n", 20, 0, maxLines, "`lines` to print")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		return printLog(c.out, dir, *n)
	}
	return cmd
}

// printLog prints the last n lines of a trainer's log.
func printLog(out io.Writer, dir string, n int) error {
	text, err := os.ReadFile(filepath.Join(dir, run.LogFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: no %s: the run was not started in the background", dir, run.LogFile)
	}
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for _, line := range lines[max(0, len(lines)-n):] {
		fmt.Fprintln(out, line)
	}
	return nil
}
