package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
)

// TestFaultE2EFullDisk fills the disk under a run that is open in a terminal: the
// screen says why the run is paused, neither a checkpoint nor a stop is said to
// be done, and with room again both are. Its socket is removed in between.
func TestFaultE2EFullDisk(t *testing.T) {
	d := newDesk(t)
	disk, fill, free := full(t)
	runs := filepath.Join(disk, "runs")
	dir := strings.TrimSpace(d.must("start", "tiny.toml", "--runs", runs, "--set", "run.threads=1"))
	d.trains(dir, 120)
	d.write("innate open " + dir)
	d.press("enter")
	d.wants(`● running`)
	fill()
	d.press(":")
	d.write("checkpoint")
	d.press("enter")
	d.wants(`would be lost|no checkpoint at|not written yet`)
	d.wants(`‖ paused`)
	d.wants(`paused: no space left on device: `)
	d.press(":")
	d.write("stop")
	d.press("enter")
	d.wants(`Stop 00000-tiny`)
	d.press("y")
	d.wants(`not stopped: no space left on device: `)
	if info, err := run.ReadInfo(dir); err != nil || !info.Alive {
		t.Fatalf("the run has ended: %+v, %v", info, err)
	}
	free()
	d.wants(`● running`)
	check(t, os.Remove(filepath.Join(dir, run.SocketFile)))
	waitFor(t, "the socket", func() bool { _, err := os.Lstat(filepath.Join(dir, run.SocketFile)); return err == nil })
	d.press(":")
	d.write("checkpoint")
	d.press("enter")
	d.wants(`checkpoint written`)
	d.press(":")
	d.write("stop")
	d.press("enter")
	d.wants(`Stop 00000-tiny`)
	d.press("y")
	d.wants(`■ stopped|stopped after a checkpoint`)
}
