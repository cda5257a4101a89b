package precond

import (
	"fmt"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

// Maker makes one-step images for another program, which reads them where they
// are made, on the device.
type Maker struct {
	Images  *models.Param // [N H W C], of the last Make
	sampler *Sampler
}

// NewMaker compiles den for batches of the given size.
func NewMaker(dev device.Device, den *Denoiser, batch int) (*Maker, error) {
	m := &Maker{}
	var err error
	m.sampler, err = newSampler(dev, den, batch, func(out graph.Node) device.Request {
		m.Images = models.NewParam("one-step images", out.Shape()...)
		return device.Request{Assigns: []graph.Assign{{Dst: m.Images, Src: out}}}
	})
	return m, err
}

// Make maps one batch of unit noise z [N H W C] to images, as Sampler.OneStep does.
// Labels are [N LabelDim], or nil for all zero.
func (m *Maker) Make(z, labels []float32) error {
	if len(z) != len(m.Images.Data) {
		panic(fmt.Sprintf("precond: %d values of noise, want a batch of %d", len(z), len(m.Images.Data)))
	}
	m.sampler.setLabels(labels)
	m.sampler.noise(z)
	return m.sampler.run(SigmaMax)
}

// Program is what one batch runs.
func (m *Maker) Program() device.Program { return m.sampler.program }
