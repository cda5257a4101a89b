package configs

import "time"

// sight is what a look at the file finds; two that are equal say the same.
type sight struct {
	text, problem string
}

// debouncer decides when a file that may be half written says something new.
type debouncer struct {
	reported, candidate sight
	since               time.Time // when candidate was first seen, unbroken
}

func newDebouncer(known string, at time.Time) *debouncer {
	s := sight{text: known}
	return &debouncer{reported: s, candidate: s, since: at}
}

// see takes what a look has found. It returns whether that is news, being
// neither reported before nor about to change, and otherwise after how long to look
// again; 0 means that nothing is pending.
func (s *debouncer) see(now sight, at time.Time) (news bool, again time.Duration) {
	if now != s.candidate {
		s.candidate, s.since = now, at
	}
	if now == s.reported {
		return false, 0
	}
	need := debounceTime
	if now == (sight{}) {
		need = pollEvery // most likely truncated and about to be written
	}
	if wait := need - at.Sub(s.since); wait > 0 {
		return false, wait
	}
	s.reported = now
	return true, 0
}
