package loop

import (
	"innate/configs"
	"innate/models/gdd"
	"innate/models/kernels"
	"innate/models/unet"
)

// Distill runs the iterations of a distillation on given inputs and returns the
// losses of each: generator, discriminator (per image) and R1, NaN where it did
// not run.
func Distill(pool *kernels.Pool, nets gdd.Nets, batch int, preset string, live configs.Live, genZ, discZ, real [][]float32) ([]map[string]float64, error) {
	d, err := newDistiller(pool, nets, gdd.NonSaturating, batch)
	if err != nil {
		return nil, err
	}
	frozen := map[string]bool{}
	names, err := unet.FreezePreset(nets.Gen.Net.Params.Names(), preset)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		frozen[n] = true
	}
	if err := d.freeze(func(name string) bool { return frozen[name] }); err != nil {
		return nil, err
	}
	var losses []map[string]float64
	for i := range genZ {
		s := newScalars()
		d.iterate(int64(i), genZ[i], discZ[i], real[i], live, s)
		losses = append(losses, s.means())
	}
	return losses, nil
}
