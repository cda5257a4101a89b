package remote_test

import (
	"encoding/json"
	"testing"

	"innate/trainer/remote"
)

// TestStampZone reads the stamps of a server in a zone of half hours: two of one file are
// the same, or the file would be fetched at every look.
func TestStampZone(t *testing.T) {
	t.Parallel()
	var a, b remote.Stamp
	for _, s := range []*remote.Stamp{&a, &b} {
		must(t, json.Unmarshal([]byte(`{"size":7,"mod":"2026-01-02T03:04:05.5+05:30","node":9}`), s))
	}
	if a != b || a.Size != 7 || a.Node != 9 || a.Mod.Nanosecond() != 5e8 || a.Mod.Hour() != 21 {
		t.Errorf("got %+v and %+v, want the same, at 21:34:05.5 UTC", a, b)
	}
}
