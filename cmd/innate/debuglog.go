package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"innate/configs"
)

// startDebugLog sends what packages tell by slog.Debug where INNATE_DEBUG says: a
// file, which gets one JSON object a line of every innate process that has the
// variable, or - for standard error. Without it nothing is logged.
func (c *cli) startDebugLog(args []string) error {
	name := c.getenv("INNATE_DEBUG")
	if name == "" {
		return nil
	}
	var out io.Writer = os.Stderr
	if name != "-" {
		// Left open: it is written to until the process ends. Short appends of
		// several processes do not mix.
		f, err := os.OpenFile(configs.ExpandHome(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return fmt.Errorf("INNATE_DEBUG: %w", err)
		}
		out = f
	}
	h := slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})
	slog.SetDefault(slog.New(h).With("pid", os.Getpid()))
	slog.Debug("innate", "args", args)
	return nil
}
