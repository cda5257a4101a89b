package main

import (
	"context"
	"fmt"

	"innate/tui"
)

var keysCommand = command{"keys", "", "every key and command of the workbench, as Markdown", func(_ context.Context, c *cli, args []string) error {
	rest, err := parse(c.flags("keys"), args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("keys: got %d arguments, want none", len(rest))
	}
	_, err = fmt.Fprint(c.out, tui.Keys())
	return err
}}
