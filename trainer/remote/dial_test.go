package remote_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/remote"
)

// TestDialFails words what ssh and the other side may say in the place of a greeting.
func TestDialFails(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, script, want string }{
		{"refused", `echo "ssh: connect to host gpu port 22: Connection refused" >&2; exit 255`, "gpu: ssh: connect to host gpu port 22: Connection refused"},
		{"denied", `echo "me@gpu: Permission denied (publickey)." >&2; exit 255`, "gpu: ssh: me@gpu: Permission denied (publickey)."},
		{"no innate", `echo "sh: 1: innate: not found" >&2; exit 127`,
			"gpu: ssh: sh: 1: innate: not found; want innate on the path of a shell there that is not interactive, or ?innate=PROGRAM in the address"},
		{"another", `echo hello`, "gpu: ssh: no innate serve there: EOF"},
		{"newer", `echo "innate serve 2"; exec cat`, "gpu: innate serve there speaks protocol 2, want 1: one of the two innates is older"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ssh := filepath.Join(t.TempDir(), "ssh")
			must(t, os.WriteFile(ssh, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755))
			a, err := remote.ParseAddress("ssh://gpu")
			must(t, err)
			var said strings.Builder
			_, err = remote.Dial(within(t), a, remote.DialOptions{SSH: ssh, Stderr: &said})
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}
