package tui

import (
	"testing"
	"time"
)

// HurryOrders lets a test wait less for the answer to a command.
func HurryOrders(tb testing.TB, d time.Duration) {
	before := orderTimeout
	orderTimeout = d
	tb.Cleanup(func() { orderTimeout = before })
}
