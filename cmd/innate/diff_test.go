package main

import "testing"

// TestDiff compares a preset with a run of another and with itself.
func TestDiff(t *testing.T) {
	runs := t.TempDir()
	dir, err := create(runs, "", "mnist-gdd-i", edits{set: []string{"live.gen_lr=2e-4"}})
	if err != nil {
		t.Fatal(err)
	}
	text := "setting        mnist-gdd    0\n" +
		"name           \"mnist-gdd\"  \"mnist-gdd-i\"\n" +
		"live.gen_lr    0.0005       0.0002\n" +
		"freeze.preset  \"none\"       \"gdd-i\"\n"
	for _, c := range []struct {
		args   []string
		status int
		out    string
		err    string
	}{
		{[]string{"mnist-gdd", "0"}, 0, text, ""},
		{[]string{dir, "0"}, 0, "no setting differs\n", ""},
		{[]string{"0", "0", "--json"}, 0, "[]\n", ""},
		{[]string{"1"}, 2, "", "innate: diff: got 1 arguments, want two: runs, presets or .toml files\n"},
	} {
		status, out, stderr := line(t, append([]string{"diff", "--runs", runs}, c.args...)...)
		if status != c.status || out != c.out || stderr != c.err {
			t.Errorf("diff %v: status %d, %q, %q; want %d, %q, %q", c.args, status, out, stderr, c.status, c.out, c.err)
		}
	}
}
