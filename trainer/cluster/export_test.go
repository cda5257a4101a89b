package cluster

import "time"

// SetAskTime has questions give up sooner, and returns what undoes it.
func SetAskTime(d time.Duration) (restore func()) {
	was := askTime
	askTime = d
	return func() { askTime = was }
}
