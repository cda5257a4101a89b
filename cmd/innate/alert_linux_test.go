package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/alerts"
	"innate/trainer/run"
)

// told has a program's alerts appended to a file, as lines of JSON.
func (p *program) told() (file string) {
	p.t.Helper()
	base := filepath.Dir(p.runs)
	file = filepath.Join(base, "alerts.jsonl")
	config := filepath.Join(base, "config", "innate", alerts.FileName)
	check(p.t, os.MkdirAll(filepath.Dir(config), 0o700))
	check(p.t, os.WriteFile(config, fmt.Appendf(nil, "command = ['sh', '-c', 'cat >> \"$1\"', 'sh', %q]\n", file), 0o600))
	p.env = append(p.env, "XDG_CONFIG_HOME="+filepath.Join(base, "config"))
	return file
}

// alertsIn waits until a file has n alerts.
func alertsIn(t *testing.T, file string, n int) (list []alerts.Alert) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		list = nil
		text, _ := os.ReadFile(file) // none yet is none
		for line := range strings.Lines(string(text)) {
			var a alerts.Alert
			if json.Unmarshal([]byte(line), &a) == nil { // else half of it is written
				list = append(list, a)
			}
		}
		if len(list) >= n {
			return list
		}
		if time.Now().After(end) {
			t.Fatalf("got %d alerts, want %d: %s", len(list), n, text)
		}
	}
}

// TestFaultKilledTrainerIsTold kills a trainer, of which an alert tells at once, and
// then one together with who watches it, of which the next trainer tells. One that is
// stopped is no news.
func TestFaultKilledTrainerIsTold(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	file := p.told()
	if said := p.must("doctor", "--alert"); said != "sent to the command sh\n" {
		t.Errorf("doctor --alert: %q", said)
	}
	if list := alertsIn(t, file, 1); list[0].Kind != alerts.Test {
		t.Errorf("got %+v", list)
	}
	dir := p.start()
	p.watcher(dir)
	p.kill(dir)
	list := alertsIn(t, file, 2)
	if a := list[1]; a.Kind != alerts.Died || a.State != run.StateDead || a.Dir != dir || !strings.Contains(a.Text, "the trainer died at ") {
		t.Errorf("got %+v", a)
	}

	p.must("resume", dir)
	p.trains(dir, 1)
	check(t, syscall.Kill(p.watcher(dir), syscall.SIGKILL))
	p.kill(dir)
	p.must("resume", dir)
	if a := alertsIn(t, file, 3)[2]; a.Kind != alerts.Died || a.Dir != dir {
		t.Errorf("got %+v", a)
	}
	p.trains(dir, 1)
	p.must("stop", dir)
	if list = alertsIn(t, file, 3); len(list) > 3 {
		t.Errorf("got %+v beside, want nothing said twice", list[3:])
	}
}

// watcher waits until somebody watches the trainer of a run, which looks once a second
// whether it is to be watched, and returns who.
func (p *program) watcher(dir string) (pid int) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if pid := watcherOf(p.t, dir); pid != 0 {
			return pid
		}
	}
	p.t.Fatal("nobody watches the trainer")
	return 0
}

// watcherOf is the pid of the process that watches the trainer of a run; 0 for none.
func watcherOf(t *testing.T, dir string) (pid int) {
	t.Helper()
	list, err := filepath.Glob("/proc/[0-9]*/cmdline")
	check(t, err)
	for _, path := range list {
		if line, err := os.ReadFile(path); err == nil && strings.Contains(string(line), "\x00--watch\x00--run="+dir+"\x00") {
			_, _ = fmt.Sscanf(path, "/proc/%d/cmdline", &pid)
		}
	}
	return pid
}
