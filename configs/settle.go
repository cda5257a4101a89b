package configs

import "time"

// sight is what a look at the file finds; two that are equal say the same.
type sight struct {
	text, problem string
}

// settler decides when a file that may be half written says something new.
type settler struct {
	told, candidate sight
	since           time.Time // when candidate was first seen, unbroken
}

func newSettler(known string, at time.Time) *settler {
	s := sight{text: known}
	return &settler{told: s, candidate: s, since: at}
}

// see takes what a look has found. It returns whether that is news, being
// neither told before nor about to change, and otherwise after how long to look
// again; 0 means that nothing is pending.
func (s *settler) see(now sight, at time.Time) (news bool, again time.Duration) {
	if now != s.candidate {
		s.candidate, s.since = now, at
	}
	if now == s.told {
		return false, 0
	}
	need := settleAfter
	if now == (sight{}) {
		need = pollEvery // most likely truncated and about to be written
	}
	if wait := need - at.Sub(s.since); wait > 0 {
		return false, wait
	}
	s.told = now
	return true, 0
}
