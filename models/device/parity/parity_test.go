package parity_test

import (
	"testing"

	"innate/models/device/devicetest"
	"innate/models/device/parity"
	"innate/models/device/reference"
	"innate/models/graph"
)

// TestParity holds the device under test against the reference.
func TestParity(t *testing.T) {
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	for _, r := range parity.Run(dev, reference.Device{}) {
		if !r.OK() {
			t.Errorf("%s: %v, %.2g, second derivatives %.2g", r.Name, r.Err, r.Worst, r.Second)
		}
	}
}

// TestEveryOperation: no operation is left out, but those in whose midst a run goes to
// its host: what they compute is not a device's.
func TestEveryOperation(t *testing.T) {
	seen, err := parity.Operations()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range graph.Ops() {
		if !seen[op] && !op.Outside {
			t.Errorf("%s is in no expression", op.Name)
		}
	}
}
