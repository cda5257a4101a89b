package analysis

// WithNoise has the setup take that noise in place of what its seed draws.
func (s *Setup) WithNoise(z []float32) { s.drawn = z }
