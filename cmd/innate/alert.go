package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"innate/trainer/alerts"
	"innate/trainer/run"
)

// describeAlerts says where alerts of runs go.
func describeAlerts(c *cli) string {
	path := alerts.Path(c.getenv)
	to, err := alerts.Read(path)
	switch {
	case err != nil:
		return err.Error()
	case !to.Any():
		return fmt.Sprintf("nowhere: %s has no webhook and no command", path)
	}
	return fmt.Sprintf("to %v; innate doctor --alert tries it", to)
}

// testAlert sends an alert that is about no run.
func testAlert(ctx context.Context, c *cli) error {
	path := alerts.Path(c.getenv)
	to, err := alerts.Read(path)
	switch {
	case err != nil:
		return err
	case !to.Any():
		return fmt.Errorf("doctor: %s: got neither webhook nor command, want one of them", path)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	if err := to.Send(ctx, alerts.New(alerts.Test, run.Status{Run: "innate"}, "a test of alerts")); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "sent to %v\n", to)
	return nil
}
