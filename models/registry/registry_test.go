package registry_test

import (
	"slices"
	"testing"

	"innate/models/registry"
)

func TestRegistry(t *testing.T) {
	r := registry.New[int]("number")
	r.Add("two", 2)
	r.Add("one", 1)
	if v, err := r.Get("one"); v != 1 || err != nil {
		t.Errorf("one: got %d, %v", v, err)
	}
	if got := r.Names(); !slices.Equal(got, []string{"two", "one"}) {
		t.Errorf("got %v, want the order of registration", got)
	}
	if _, err := r.Get("three"); err == nil || err.Error() != `number: got "three", want two | one` {
		t.Errorf("unknown name: got %v", err)
	}
	for _, name := range []string{"one", ""} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("registered %q", name)
				}
			}()
			r.Add(name, 3)
		}()
	}
}
