package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"innate/trainer/run"
)

// TestE2ERemote opens a run over a program in ssh's place, steers and edits it, and
// loses the connection meanwhile.
func TestE2ERemote(t *testing.T) {
	d := newDesk(t)
	pidFile := filepath.Join(filepath.Dir(d.runs), "ssh.pid")
	d.openRemote(fakeSSH(t, "innate", fmt.Sprintf("sh -c 'echo $$ >%s; exec \"$0\" \"$@\"'", pidFile)), "innate", pidFile)
}

// TestE2ERemoteSSHD does the same over ssh itself, to an sshd of the test's own.
func TestE2ERemoteSSHD(t *testing.T) {
	d := newDesk(t)
	ssh, there, pidFile := d.sshd()
	d.openRemote(ssh, there, pidFile)
}

// openRemote opens a run by the program ssh, where innate is the program there and
// pidFile has the process whose end cuts the connection.
func (d *desk) openRemote(ssh, there, pidFile string) {
	t := d.t
	t.Helper()
	dir := d.tinyRun()
	d.write(fmt.Sprintf("INNATE_SSH=%s innate open 'ssh://host/0?runs=%s&innate=%s'", ssh, d.runs, there))
	d.press("enter")
	d.wants(`00000-tiny .*‖ paused`)
	d.wants(`on host`)
	d.press("P")
	d.wants(`00000-tiny .*● running`)
	if s := d.status(dir); s.State != run.StateRunning {
		t.Errorf("there the run is %s, want running", s.State)
	}
	d.press("P")
	d.wants(`00000-tiny .*‖ paused`)

	d.press("3")
	d.wants(`›3 layers`)
	before := d.status(dir).FrozenParams
	d.press("g", "down", "space")
	d.wants(`: froze \d+ tensors|: training \d+ tensors`)
	if after := d.status(dir).FrozenParams; after == before {
		t.Errorf("there %d parameters are frozen, as before", after)
	}

	d.press("P")
	d.wants(`00000-tiny .*● running`)
	d.press("e") // whose editor sets a learning rate
	config := filepath.Join(dir, run.ConfigFile)
	waitFor(t, "the edit to arrive", func() bool {
		text, err := os.ReadFile(config)
		check(t, err)
		return strings.Contains(string(text), "gen_lr = 3e-4")
	})
	d.wants(`3e-4|0\.0003`)

	d.press("4")
	d.wants(`›4 samples`)
	text, err := os.ReadFile(pidFile)
	check(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	check(t, err)
	check(t, syscall.Kill(pid, syscall.SIGKILL))
	d.wants(`host: connection lost`)
	waitFor(t, "the connection to come back", func() bool { return !strings.Contains(d.screen(), "connection lost") })
	d.press("P")
	d.wants(`00000-tiny .*‖ paused`)

	d.press("S")
	d.wants(`Stop 00000-tiny\?`)
	d.press("y")
	d.wants(`00000-tiny .*■ stopped`)
	d.press("r")
	d.wants(`00000-tiny .*● running`)
	d.press("P")
	d.wants(`00000-tiny .*‖ paused`)

	d.press("8", "n")
	d.wants(`Start an analysis`)
	d.press("enter")
	d.wants(`› weights[\s\S]*Distance of weights`)
	d.press(":")
	d.write("fork gen_lr=1e-5")
	d.press("enter")
	d.wants(`innate  00001-tiny .*● running[\s\S]*on host`)
	d.press("S")
	d.wants(`Stop 00001-tiny\?`)
	d.press("y")
	d.wants(`00001-tiny .*■ stopped`)
	d.press("5", "1", "esc")
	d.wants(`innate  \S+  on host`)
	d.press("d")
	d.wants(`delete: not available here; use .innate delete 0000\d-tiny. on host`)
	d.press("G", "enter")
	d.wants(`innate  00000-tiny .*‖ paused`)
	d.press("r")
	d.wants(`00000-tiny .*● running`)
	d.press("5", "1", "esc")
	d.wants(`innate  \S+  on host`)
	d.wants(`● running +00000-tiny`)
	d.press("q")
	d.wants(`(?m)^\$ ?$`)
}
