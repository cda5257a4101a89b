package augment

import (
	"math"

	"innate/models"
)

// How ADA adapts: after how many steps, and over how many images the probability can
// rise from 0 to 1.
const (
	ADAInterval = 4
	adaImages   = 500_000
)

// ADA adapts the probability of a Pipe to how far the discriminator overfits
// (Karras et al. 2020, section 3.1): the mean sign of its logits for real images.
// All that it knows is in its State, in float32, so that a checkpoint continues it
// exactly.
type ADA struct {
	State *models.Param // [4]: the probability, the one that was set, the sum of mean signs, their number
}

// NewADA starts at a probability.
func NewADA(p float64) *ADA {
	a := &ADA{models.NewParam("ada", 4)}
	a.State.Data[0], a.State.Data[1] = float32(p), float32(p)
	return a
}

// P is the probability.
func (a *ADA) P() float64 { return float64(a.State.Data[0]) }

// Take takes over the settings in force: another p than before is where the
// probability starts anew; without a target it stays there.
func (a *ADA) Take(p, target float64) {
	s := a.State.Data
	if s[1] != float32(p) || target == 0 {
		s[0], s[1] = float32(p), float32(p)
	}
	if target == 0 {
		s[2], s[3] = 0, 0
	}
}

// Add takes note of one step's mean sign.
func (a *ADA) Add(sign float64) {
	a.State.Data[2] += float32(sign)
	a.State.Data[3]++
}

// Update follows the steps since the last one, each of so many images: one step
// towards more augmentation where the mean sign is above the target, and else
// towards less. The probability has no upper bound.
func (a *ADA) Update(target float64, batch int) {
	s := a.State.Data
	if s[3] == 0 {
		return
	}
	step := float32(ADAInterval*batch) / adaImages
	switch mean := float64(s[2]) / float64(s[3]); {
	case mean > target:
		s[0] += step
	case mean < target:
		s[0] = float32(math.Max(0, float64(s[0]-step)))
	}
	s[2], s[3] = 0, 0
}
