package trainer

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
)

// Enter makes this process the trainer of the run in dir, whose lock
// the caller holds: it takes on the run's niceness, makes the run known to
// others on this machine until leave is called, and warns of a machine that is
// in use already and of the hazards given, to out and by returning what the run's
// log should say. It is no error to share a machine; a configuration that cannot
// be read is one to the trainer, which notes it in the run.
func Enter(dir string, out io.Writer, hazards ...string) (leave func(), warnings []string) {
	leave = func() {}
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return leave, nil
	}
	if forget, err := control.Register(dir); err == nil {
		leave = forget
	} else {
		fmt.Fprintln(out, err)
	}
	if err := Renice(cfg.Run.Nice); err != nil {
		fmt.Fprintln(out, err)
	}
	for _, text := range append(hazards, Occupancy(dir)) {
		if text == "" {
			continue
		}
		fmt.Fprintln(out, text)
		warnings = append(warnings, text)
	}
	return leave, warnings
}

// Renice makes this process give way to others: it raises the niceness of all
// its threads to nice, and leaves a higher one as it is.
func Renice(nice int) error {
	// Threads that start meanwhile inherit from the one that starts them, so
	// that a second pass finds any that the first has missed.
	for range 2 {
		for _, tid := range threadIDs() {
			if have, err := niceness(tid); err != nil || have >= nice {
				continue // the thread has ended, or is as nice already
			}
			if err := unix.Setpriority(unix.PRIO_PROCESS, tid, nice); err != nil {
				return fmt.Errorf("trainer: run.nice %d: %w", nice, err)
			}
		}
	}
	return nil
}

// threadIDs lists the threads of this process; 0, the caller's, where the
// system does not tell.
func threadIDs() []int {
	entries, err := os.ReadDir("/proc/self/task") // Linux has a niceness per thread
	if err != nil {
		return []int{0}
	}
	var ids []int
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// niceness of a thread, or of a process where threads have none of their own.
func niceness(id int) (int, error) {
	n, err := unix.Getpriority(unix.PRIO_PROCESS, id)
	if runtime.GOOS == "linux" {
		n = 20 - n // Linux's system call answers with 40 for -20 down to 1 for 19
	}
	return n, err
}
