package configs_test

import (
	"os/user"
	"path/filepath"
	"testing"

	"innate/configs"
)

// TestFaultExpandHome reads ~ as a shell does.
func TestFaultExpandHome(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	cases := map[string]string{
		"~": "/home/me", "~/": "/home/me", "~/a b/c": "/home/me/a b/c", "~//x": "/home/me/x",
		"": "", "a/~": "a/~", "./~/x": "./~/x", "/~": "/~", "-x": "-x", "~no-such-user/x": "~no-such-user/x", "~~": "~~",
	}
	if me, err := user.Current(); err == nil && me.Username != "" {
		cases["~"+me.Username+"/x"] = filepath.Join(me.HomeDir, "x")
	}
	for path, want := range cases {
		if got := configs.ExpandHome(path); got != want {
			t.Errorf("%q: got %q, want %q", path, got, want)
		}
	}
	t.Setenv("HOME", "")
	if got := configs.ExpandHome("~/x"); got != "~/x" {
		t.Errorf("without a home: got %q", got)
	}
	t.Setenv("HOME", "/home/me")
	for ref, want := range map[string]string{
		"builtin:mnist-teacher": "builtin:mnist-teacher", "": "", "a.npz": "/run/a.npz", "../a.npz": "/a.npz", "/a.npz": "/a.npz", "~/a.npz": "/home/me/a.npz",
	} {
		if got := configs.Locate("/run", ref); got != want {
			t.Errorf("%q in /run: got %q, want %q", ref, got, want)
		}
	}
}
