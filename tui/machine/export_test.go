package machine

// At returns a machine whose /proc is elsewhere.
func At(proc string) *Machine { return at(proc) }
