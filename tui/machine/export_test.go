package machine

// At returns a machine whose /proc is elsewhere.
func At(proc string) *Machine { return at(proc) }

// WithNVML returns a machine whose NVML is at a path.
func WithNVML(path string) *Machine {
	m := New()
	m.gpus.library = path
	return m
}
