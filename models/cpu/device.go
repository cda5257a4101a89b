package cpu

import (
	"runtime"
	"slices"
	"time"

	"innate/models"
	"innate/models/device"
	"innate/models/kernels"
)

// Device is the processor, with some threads of it.
type Device struct {
	pool   *kernels.Pool
	work   workspace
	packed packedWeights
}

var _ device.Device = (*Device)(nil)

// New returns a device of that many threads; zero or less means one per CPU.
func New(threads int) *Device {
	d := &Device{pool: kernels.NewPool(threads), work: workspace{pages: &pages{}}, packed: packedWeights{pages: &pages{}, average: map[*models.Param]bool{}}}
	for _, p := range []*pages{d.work.pages, d.packed.pages} {
		runtime.AddCleanup(d, (*pages).give, p) // for who does not Close
	}
	return d
}

// Info says which kernels are in use, and with how many threads.
func (d *Device) Info() device.Info {
	return device.Info{Name: "cpu", Kernels: kernels.Active(), Threads: d.pool.Threads()}
}

// Upload has what is kept of the parameters made anew. Nothing is copied: the device
// computes in the host's memory, and Download does nothing.
func (d *Device) Upload(params ...*models.Param) error {
	d.changed(params)
	return nil
}

func (d *Device) Download(...*models.Param) error { return nil }

// Workspace is what the programs share: as much as the one that needs most.
func (d *Device) Workspace() int { return 4 * d.work.need }

// MeasurePeak is kernels.MeasurePeak with the device's threads.
func (d *Device) MeasurePeak(t time.Duration) float64 { return kernels.MeasurePeak(d.pool, t) }

// Close ends the threads and the programs. Closing twice is allowed.
func (d *Device) Close() {
	for _, p := range slices.Clone(d.work.programs) {
		p.Release()
	}
	d.work.give()
	d.packed.pages.give()
	d.packed.of = nil
	d.pool.Close()
}
