package cluster_test

import (
	"strings"
	"testing"
	"time"

	"innate/trainer/cluster"
)

// healthy is a small cluster as its commands show it.
var healthy = map[string]string{
	"sbatch": `[ "$1" = --version ] && echo "slurm 25.05.1" || cat >/dev/null`,
	"squeue": "", "srun": "", "scancel": "", "sacct": "",
	"scontrol": `case $1 in
ping) echo "Slurmctld(primary) at head is UP";;
*) echo "Configuration data as of 2026"
printf '%s\n' "JobRequeue              = 1" "KillWait                = 30 sec" "PreemptMode             = REQUEUE,GANG" "ProctrackType           = proctrack/cgroup";;
esac`,
	"sinfo": `echo "gpu*|up|1-00:00:00|4|idle|gpu:a100:8"; echo "cpu|up|infinite|2|mixed|(null)"`,
}

func examined(t *testing.T, commands map[string]string) string {
	t.Helper()
	standIn(t, commands)
	var b strings.Builder
	for _, f := range cluster.Examine(t.Context(), "/proc/none", "/proc/innate", 2*time.Minute) {
		b.WriteString(f.Name + ": " + f.Text + "\n")
		if f.Advice != "" {
			b.WriteString("  " + f.Advice + "\n")
		}
	}
	return b.String()
}

// TestExamine says what is here, and what to do where something is not.
func TestExamine(t *testing.T) {
	const files = `runs: /proc/none, on a file system of type 0x9fa0
  make sure that the nodes have it at the same place
innate: /proc/innate, on a file system of type 0x9fa0
  make sure that the nodes have it at the same place
`
	if got, want := examined(t, healthy), `commands: slurm 25.05.1
controller: Slurmctld(primary) at head is UP
signals: ProctrackType = proctrack/cgroup: only direct children of slurmstepd get signals; the trainer of innate submit is one
kill wait: KillWait = 30 sec: from TERM to KILL at the limit and after scancel
requeue: JobRequeue = 1: jobs come back after a node fails
preemption: PreemptMode = REQUEUE,GANG: a job may have to give way; its run ends with a checkpoint if the partition has a GraceTime
partition: gpu*: 4 nodes idle, limit 1-00:00:00, gpu:a100:8
partition: cpu: 2 nodes mixed, limit infinite
accounting: sacct answers: how jobs ended stays known
sbatch: takes a job with a signal and --requeue
`+files; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := examined(t, nil), `commands: no sbatch on the path
  log in to a node that submits, or load the module of Slurm; innate submit --dry-run prints a script all the same
`+files; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestExamineTrouble meets a controller that is gone, and a site with its own mind.
func TestExamineTrouble(t *testing.T) {
	defer cluster.SetAskTime(200 * time.Millisecond)()
	change := func(name, body string) map[string]string {
		commands := map[string]string{name: body}
		for n, b := range healthy {
			if n != name {
				commands[n] = b
			}
		}
		return commands
	}
	for name, c := range map[string]struct {
		commands map[string]string
		want     []string
	}{
		"down":       {change("scontrol", `echo "Slurmctld(primary) at head is DOWN"; exit 1`), []string{"controller: scontrol: exit status 1\n  is this a node of the cluster"}},
		"hangs":      {change("scontrol", "sleep 30"), []string{"controller: scontrol: no answer within 200ms\n"}},
		"no gpus":    {change("sinfo", `echo "p*|up|1:00|1|idle|(null)"`), []string{"gpus: no partition offers any (gres)\n  leave --gpus out"}},
		"no account": {change("sbatch", `[ "$1" = --version ] && echo slurm 1 || { echo "sbatch: error: You must specify an account" >&2; exit 1; }`), []string{"sbatch: sbatch: You must specify an account\n  pass what it wants, as --account"}},
		"unlisted":   {change("sinfo", ""), []string{"partition: none that you may use\n"}},
		"no books":   {change("sacct", `echo "Slurm accounting storage is disabled" >&2; exit 1`), []string{"accounting: no: sacct: Slurm accounting storage is disabled\n  how a job ended is known for some minutes only"}},
		"settings":   {change("scontrol", `[ $1 = ping ] && echo is UP || printf '%s\n' "KillWait = 5 sec" "JobRequeue = 0" "PreemptMode = CANCEL" "ProctrackType = proctrack/linuxproc"`), []string{"a step and its checkpoint should take less", "jobs come back only where they ask for it", "a preempted job does not come back", "all processes of a step get signals"}},
	} {
		got := examined(t, c.commands)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, got)
			}
		}
	}
}
