package adm

import (
	"fmt"

	"innate/models/nn"
	"innate/models/precond"
)

// Config is everything that decides the network's parameters.
type Config struct{ precond.Sizes }

// headWidth is the channels of an attention head: a narrower layer has none.
const headWidth = 64

// Validate reports the first setting from which no network can be built.
func (c Config) Validate() error {
	if err := c.Sizes.Validate(); err != nil {
		return fmt.Errorf("adm: %w", err)
	}
	layers := build(c, nn.NewHollowBuilder()).Layers()
	if err := c.ValidateLayers(layers); err != nil {
		return fmt.Errorf("adm: %w", err)
	}
	for _, l := range layers {
		if width := l.Shape[0] / 3; len(l.Shape) == 4 && l.Shape[0] == 3*l.Shape[1] && l.Shape[2] == 1 && width%max(1, width/headWidth) != 0 {
			return fmt.Errorf("adm: model_channels: %d gives attention of %d channels, want a multiple of its %d heads", c.ModelChannels, width, width/headWidth)
		}
	}
	return nil
}
