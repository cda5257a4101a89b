package trainer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Job names the job of a batch scheduler, or the pod, that a process with this
// environment belongs to, such as "Slurm job 123"; "" outside of any.
func Job(getenv func(string) string) string {
	array := func(job, task string) string {
		if task = getenv(task); task == "" || task == "0" || task == "undefined" {
			return job
		}
		return fmt.Sprintf("%s[%s]", job, task)
	}
	if id := getenv("SLURM_JOB_ID"); id != "" {
		if job, task := getenv("SLURM_ARRAY_JOB_ID"), getenv("SLURM_ARRAY_TASK_ID"); job != "" && task != "" {
			id = job + "_" + task // as squeue writes it
		}
		return "Slurm job " + id
	}
	if id := getenv("PBS_JOBID"); id != "" { // 12[3].server in an array
		return "PBS job " + id
	}
	if id := getenv("LSB_JOBID"); id != "" {
		return "LSF job " + array(id, "LSB_JOBINDEX")
	}
	// JOB_ID alone may be anyone's; Grid Engine says SGE_TASK_ID with it, also
	// outside of arrays.
	if id := getenv("JOB_ID"); id != "" && getenv("SGE_TASK_ID") != "" {
		return "Grid Engine job " + array(id, "SGE_TASK_ID")
	}
	if getenv("KUBERNETES_SERVICE_HOST") != "" && getenv("HOSTNAME") != "" {
		return "Kubernetes pod " + getenv("HOSTNAME")
	}
	return ""
}

// Hazards says, a line each, what on this machine ends a trainer before its
// time, and the way to start it that works: a scheduler whose signals do not
// reach it, a login whose end is its own. detached asks for the trainer that
// Spawn starts from here, otherwise it is this process. What cannot be read is
// no hazard.
func Hazards(getenv func(string) string, detached bool) []string {
	h := host{
		getenv: getenv, root: "/", uid: os.Getuid(), user: userName(getenv),
		pid: os.Getpid(), ppid: os.Getppid(), detached: detached,
	}
	if sid, err := unix.Getsid(0); err == nil && sid == h.pid && h.command(h.ppid) == h.command(h.pid) {
		h.detached = true // Spawn made this process, which leads a session of its own
	}
	return h.hazards()
}

// host is what a process sees of the machine that it runs on.
type host struct {
	getenv    func(string) string
	root      string // where /proc and /etc are
	uid       int
	user      string
	pid, ppid int
	detached  bool // the trainer is a process in the background
}

func (h host) hazards() []string {
	return slices.DeleteFunc([]string{h.slurm(), h.container(), h.logind()}, func(s string) bool { return s == "" })
}

// slurm tells of a job whose signals pass the trainer by. With Slurm's default,
// proctrack/cgroup, all signals but KILL go to the direct children of slurmstepd
// only, and when the script has ended what it left is killed at once. A job
// cannot see a trap of its parent, nor for sure which proctrack there is.
func (h host) slurm() string {
	job := h.getenv("SLURM_JOB_ID")
	if job == "" {
		return ""
	}
	const advice = `"exec innate train …" or "srun innate train …" in the script ends with a checkpoint`
	if h.detached {
		return fmt.Sprintf("slurm: job %s: with Slurm's default (proctrack/cgroup) a trainer in the background gets no signal, and is killed when the script ends; %s", job, advice)
	}
	parent := h.command(h.ppid)
	if parent == "" || parent == "slurmstepd" {
		return ""
	}
	return fmt.Sprintf("slurm: job %s: the trainer's parent is %s, not slurmstepd: with Slurm's default (proctrack/cgroup) the run dies with the job, "+
		"unless %[2]s passes TERM and USR1 on; %s", job, parent, advice)
}

// shells that pass no signal on as process 1 of a container.
var shells = []string{"sh", "bash", "dash", "ash", "busybox"}

// container tells of a container whose process 1 is a shell: only that gets the
// TERM of docker stop or of Kubernetes, and does not pass it on by itself.
func (h host) container() string {
	first := h.command(1)
	if h.pid == 1 || !slices.Contains(shells, first) {
		return ""
	}
	return fmt.Sprintf(`container: process 1 is %s: unless %[1]s passes TERM on, the run dies with the container; "exec innate train …" as its command ends with a checkpoint`, first)
}

// command is the name of a process, "" if it cannot be read.
func (h host) command(pid int) string {
	b, err := os.ReadFile(filepath.Join(h.root, "proc", strconv.Itoa(pid), "comm"))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
