package loop

// Watch is divergence for tests.
type Watch struct{ d divergence }

// Observe returns what begins to diverge, as the event says it.
func (w *Watch) Observe(nimg int64, means map[string]float64, factor float64) []string {
	var texts []string
	for _, f := range w.d.observe(nimg, means, factor) {
		texts = append(texts, f.String())
	}
	return texts
}

func (w *Watch) Rewind(nimg int64) { w.d.rewind(nimg) }
func (w *Watch) Suspect() bool     { return w.d.suspect() }
func (w *Watch) Active() bool      { return w.d.active }
