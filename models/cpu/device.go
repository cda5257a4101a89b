package cpu

import (
	"time"

	"innate/models"
	"innate/models/device"
	"innate/models/kernels"
)

// Device is the processor, with some threads of it.
type Device struct{ pool *kernels.Pool }

var _ device.Device = (*Device)(nil)

// New returns a device of that many threads; zero or less means one per CPU.
func New(threads int) *Device { return &Device{pool: kernels.NewPool(threads)} }

// Info says which kernels are in use, and with how many threads.
func (d *Device) Info() device.Info {
	return device.Info{Name: "cpu", Kernels: kernels.Active(), Threads: d.pool.Threads()}
}

// Upload and Download do nothing: the device computes in the host's memory.
func (d *Device) Upload(...*models.Param) error   { return nil }
func (d *Device) Download(...*models.Param) error { return nil }

// MeasurePeak is kernels.MeasurePeak with the device's threads.
func (d *Device) MeasurePeak(t time.Duration) float64 { return kernels.MeasurePeak(d.pool, t) }

// Close ends the threads. Closing twice is allowed.
func (d *Device) Close() { d.pool.Close() }
