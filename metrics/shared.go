package metrics

// Shared makes images once for several collectors that take their steps in turn, each
// over as many images.
type Shared struct {
	source Source
	images []float32 // those that source has made last …
	made   int       // … from this number; -1: none
}

// NewShared makes images of source, of so many values together.
func NewShared(source Source, values int) *Shared {
	return &Shared{source: source, images: make([]float32, values), made: -1}
}

// Source is the Source of all collectors.
func (s *Shared) Source(first int, images []float32) error {
	if s.made != first {
		s.made = -1
		if err := s.source(first, s.images); err != nil {
			return err
		}
		s.made = first
	}
	copy(images, s.images)
	return nil
}

// Size is how many values it holds.
func (s *Shared) Size() int { return len(s.images) }

// Reset forgets the images: the source makes others from now on.
func (s *Shared) Reset() { s.made = -1 }
