package trainer

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
)

// Cores is the number of processors that this process may use: those of the
// machine, less what an affinity mask or a cgroup's limit takes away.
func Cores() int { return runtime.GOMAXPROCS(0) }

// Occupancy says in one line which running trainers leave the one for the run
// in dir no cores to itself; "" if its threads fit beside theirs. It knows the
// runs that lie beside dir and those of this user elsewhere on this machine. It
// only warns, so what cannot be read counts as idle.
func Occupancy(dir string) string {
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return ""
	}
	near, _ := run.List(filepath.Dir(dir))
	far, _ := control.Registered()
	return occupancy(Cores(), cfg.Run.Threads, append(near, far...), dir)
}

func occupancy(cores, threads int, runs []run.Info, self string) string {
	if threads <= 0 {
		threads = cores
	}
	seen := map[string]bool{realPath(self): true}
	used := 0
	var names []string
	for _, r := range runs {
		path := realPath(r.Dir)
		if seen[path] || !busy(r) {
			continue
		}
		seen[path] = true
		n := r.Status.Threads
		if n <= 0 || r.Status.State == run.StateStarting { // it has not said yet
			n = threadsOf(r.Dir, cores)
		}
		used += n
		names = append(names, r.Name)
	}
	if len(names) == 0 || used+threads <= cores {
		return ""
	}
	if len(names) > 3 {
		names = append(names[:3], fmt.Sprintf("%d more", len(names)-3))
	}
	advice := "--nice 10 lets the others go first, --threads 1 takes less"
	if free := cores - used; free > 0 {
		advice = fmt.Sprintf("--threads %d keeps to the free ones, --nice 10 lets the others go first", free)
	}
	return fmt.Sprintf("machine: %d of %d cores are in use by %s; this run will share them; %s",
		min(used, cores), cores, strings.Join(names, ", "), advice)
}

// threadsOf is how many threads the settings of a run say; all cores where they cannot
// be read.
func threadsOf(dir string, cores int) int {
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil || cfg.Run.Threads <= 0 {
		return cores
	}
	return cfg.Run.Threads
}

// busy reports whether a run computes on this machine now: a paused one does
// not, and one whose process is not here has the run directory from elsewhere.
func busy(r run.Info) bool {
	s := r.Status
	if !r.Alive || s.State == run.StatePaused || s.PID <= 0 {
		return false
	}
	err := syscall.Kill(s.PID, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// realPath follows links where it can, to know one directory by two names.
func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return dir
}
