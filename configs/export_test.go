package configs

import "time"

// Limits that tests refer to.
const (
	MaxFileBytes = maxFileBytes
	SettleAfter  = settleAfter
	PollEvery    = pollEvery
)

// Settler is the decision inside Watch, without files and clock.
type Settler struct{ s *settler }

func NewSettler(known string, at time.Time) Settler { return Settler{newSettler(known, at)} }

func (s Settler) See(text, problem string, at time.Time) (news bool, again time.Duration) {
	return s.s.see(sight{text, problem}, at)
}
