package features

import "fmt"

// Config describes a small CNN: stages of two 3x3 convolutions, each followed
// by a ReLU, the second with stride 2; then a linear head on the mean of the
// last map. The network takes images of any size.
type Config struct {
	Channels int   `json:"channels"` // of the image
	Widths   []int `json:"widths"`   // channels of each stage's map, finest first
	Classes  int   `json:"classes"`
}

// Validate reports the first setting from which no network can be built.
func (c Config) Validate() error {
	if c.Channels < 1 {
		return fmt.Errorf("features: channels: %d, want > 0", c.Channels)
	}
	if len(c.Widths) == 0 {
		return fmt.Errorf("features: widths: empty, want one entry a stage")
	}
	for _, w := range c.Widths {
		if w < 1 {
			return fmt.Errorf("features: widths: %v, want entries > 0", c.Widths)
		}
	}
	if c.Classes < 1 {
		return fmt.Errorf("features: classes: %d, want > 0", c.Classes)
	}
	return nil
}

// Dim is the number of pooled features.
func (c Config) Dim() int { return c.Widths[len(c.Widths)-1] }
