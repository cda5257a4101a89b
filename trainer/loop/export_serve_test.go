package loop

import "innate/trainer/control"

// Serve answers on the control socket of a run that the test steps by hand.
func (l *Loop) Serve() (*control.Server, error) { return l.serve("") }
