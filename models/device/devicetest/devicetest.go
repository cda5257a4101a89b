// Package devicetest opens the device that tests of networks run on: the
// processor's own, or the one that INNATE_TEST_DEVICE names, so that every test of
// an operation, a network and a training step checks every device.
package devicetest

import (
	"os"
	"testing"

	"innate/models/cpu"
	"innate/models/device"
	"innate/models/device/devices"
)

// Variable names the device of a test run: cpu, torch:cpu, cuda or cuda:N.
const Variable = "INNATE_TEST_DEVICE"

// OnCPU reports whether tests run on the processor's own device, whose kernels
// come in several implementations and give the same bits for any number of
// threads.
func OnCPU() bool {
	name := os.Getenv(Variable)
	return name == "" || name == "cpu"
}

// New returns the device under test.
func New(threads int) (device.Device, error) {
	if OnCPU() {
		return cpu.New(threads), nil
	}
	return devices.Open(os.Getenv(Variable), devices.Options{Threads: threads})
}

// Open is New for a test, which closes the device.
func Open(t testing.TB, threads int) device.Device {
	t.Helper()
	dev, err := New(threads)
	if err != nil {
		t.Fatal(err)
	}
	return dev
}
