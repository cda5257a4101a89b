package optim

import (
	"fmt"
	"math"
	"slices"

	"innate/models"
	"innate/models/device"
)

// EMABeta is the decay for one step of batch images, nimg images having been
// seen before it: 0.5^(batch/h), where the half-life h is halflifeKimg thousand
// images but at most ramp*nimg (EDM, training_loop.py). The first step, at
// nimg 0, has decay 0. A ramp of zero or less means none.
func EMABeta(nimg int64, batch int, halflifeKimg, ramp float64) float64 {
	halflife := halflifeKimg * 1000
	if ramp > 0 {
		halflife = min(halflife, ramp*float64(nimg))
	}
	return math.Pow(0.5, float64(batch)/max(halflife, 1e-8))
}

// EMA keeps one parameter set as the moving average of another.
type EMA struct{ plan device.Average }

// NewEMA binds the average to what it averages. Every parameter of ema must be
// in params, in the same shape; ema may live on in params' order or its own.
func NewEMA(ema, params *models.ParamSet, dev device.Device) (*EMA, error) {
	var x []*models.Param
	for _, avg := range ema.All() {
		p := params.Get(avg.Name)
		if p == nil {
			return nil, fmt.Errorf("optim: average of %q: no such parameter", avg.Name)
		}
		if p == avg {
			return nil, fmt.Errorf("optim: average of %q: the same tensor as the parameter", avg.Name)
		}
		if !slices.Equal(p.Shape, avg.Shape) {
			return nil, fmt.Errorf("optim: average of %q: shape %v, want %v", avg.Name, avg.Shape, p.Shape)
		}
		x = append(x, p)
	}
	plan, err := dev.PlanAverage(ema.All(), x)
	return &EMA{plan}, err
}

// Update sets ema = x + beta*(ema - x) for every value, beta in [0, 1].
func (e *EMA) Update(beta float64) error {
	if !(beta >= 0 && beta <= 1) {
		panic(fmt.Sprintf("optim: EMA decay %v, want 0 to 1", beta))
	}
	return e.plan.Update(beta)
}
