package method

import (
	"innate/configs"
	"innate/models/device"
	"innate/models/precond"
	"innate/trainer/optim"
)

// average is a network whose weights follow those of another one: the one that
// makes the images that people see and FID measures.
type average struct {
	den *precond.Denoiser
	ema *optim.EMA
}

// newAverage starts at the weights of den.
func newAverage(den *precond.Denoiser, dev device.Device) (*average, error) {
	a := &average{den: den.Clone()}
	var err error
	a.ema, err = optim.NewEMA(a.den.Net.Params(), den.Net.Params(), dev)
	return a, err
}

// update follows after a step on batch images, nimg of them seen before it.
func (a *average) update(nimg int64, batch int, live configs.Live) error {
	return a.ema.Update(optim.EMABeta(nimg, batch, live.EMAHalflifeKimg, live.EMARamp))
}
