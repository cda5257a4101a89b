package tui

import (
	"testing"
	"time"

	"innate/tui/session"
)

// HurryOrders lets a test wait less for the answer to a command.
func HurryOrders(tb testing.TB, d time.Duration) {
	before := session.OrderTimeout
	session.OrderTimeout = d
	tb.Cleanup(func() { session.OrderTimeout = before })
}
