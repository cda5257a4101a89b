package configs

import "time"

// Limits that tests refer to.
const (
	MaxFileBytes = maxFileBytes
	DebounceTime = debounceTime
	PollEvery    = pollEvery
)

// Debouncer is the decision inside Watch, without files and clock.
type Debouncer struct{ s *debouncer }

func NewDebouncer(known string, at time.Time) Debouncer { return Debouncer{newDebouncer(known, at)} }

func (s Debouncer) See(text, problem string, at time.Time) (news bool, again time.Duration) {
	return s.s.see(sight{text, problem}, at)
}
