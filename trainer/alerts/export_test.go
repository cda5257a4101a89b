package alerts

import (
	"testing"
	"time"
)

// Hurry has tries follow each other at once.
func Hurry(t *testing.T) {
	old := webhookWait
	webhookWait = time.Millisecond
	t.Cleanup(func() { webhookWait = old })
}

// HurryCommand gives commands little time.
func HurryCommand(t *testing.T) {
	old := commandTime
	commandTime = 300 * time.Millisecond
	t.Cleanup(func() { commandTime = old })
}
