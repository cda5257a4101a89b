package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"innate/models/atomicfile"
	"innate/trainer/run"
)

// Finding is a line of what Examine sees: what is here and, where something is
// missing or would end a run unseen, what to do.
type Finding struct{ Name, Text, Advice string }

// Examine looks at the Slurm that is here, for runs that are submitted in a
// directory with a program, and with a grace before their limit.
func Examine(ctx context.Context, runs, program string, grace time.Duration) []Finding {
	found := []Finding{commands(ctx)}
	if found[0].Advice != "" {
		return append(found, shared("runs", runs), shared("innate", program))
	}
	controller, answers := controller(ctx)
	found = append(found, controller)
	if answers {
		found = append(found, settings(ctx, grace)...)
		found = append(found, partitions(ctx)...)
		found = append(found, accounting(ctx), trial(ctx))
	}
	return append(found, shared("runs", runs), shared("innate", program))
}

// commands says which version of Slurm's commands is here, and which are missing.
func commands(ctx context.Context) Finding {
	var missing []string
	for _, name := range []string{"sbatch", "squeue", "scontrol", "sinfo", "srun", "scancel"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	if slices.Contains(missing, "sbatch") {
		return Finding{"commands", "no sbatch on the path", "log in to a node that submits, or load the module of Slurm; innate submit --dry-run prints a script all the same"}
	}
	version, err := command(ctx, askTime, nothing, "", "sbatch", "--version")
	if err != nil {
		version = err.Error()
	}
	f := Finding{Name: "commands", Text: run.OneLine(version)}
	if len(missing) > 0 {
		f.Text += ", without " + strings.Join(missing, ", ")
		f.Advice = "install the rest of Slurm's client (Debian: slurm-client): a job needs scontrol to be queued again"
	}
	return f
}

// controller says whether a slurmctld answers.
func controller(ctx context.Context) (f Finding, answers bool) {
	out, err := command(ctx, askTime, nothing, "", "scontrol", "ping")
	said := run.OneLine(out)
	switch {
	case errors.Is(err, ErrNone):
		return Finding{"controller", "no scontrol on the path", "install Slurm's client"}, false
	case err != nil:
		said = strings.TrimPrefix(err.Error(), "slurm: ")
	case strings.Contains(out, " UP"):
		return Finding{Name: "controller", Text: said}, true
	}
	return Finding{"controller", said, "is this a node of the cluster, with its slurm.conf and munge.key? SLURM_CONF names another"}, false
}

// setting finds a line of scontrol show config.
var setting = regexp.MustCompile(`(?m)^(\w+)\s*=\s*(.*?)\s*$`)

// settings says what of the cluster's configuration decides how a run ends.
func settings(ctx context.Context, grace time.Duration) []Finding {
	out, err := command(ctx, askTime, nothing, "", "scontrol", "show", "config")
	if err != nil {
		return []Finding{{"settings", strings.TrimPrefix(err.Error(), "slurm: "), "ask again when the controller answers"}}
	}
	conf := map[string]string{}
	for _, m := range setting.FindAllStringSubmatch(out, -1) {
		conf[m[1]] = run.OneLine(m[2])
	}
	var found []Finding
	show := func(name, key, meaning, advice string) {
		found = append(found, Finding{name, fmt.Sprintf("%s = %s: %s", key, conf[key], meaning), advice})
	}
	switch conf["ProctrackType"] {
	case "proctrack/cgroup":
		show("signals", "ProctrackType", "only direct children of slurmstepd get signals; the trainer of innate submit is one", "")
	default:
		show("signals", "ProctrackType", "all processes of a step get signals", "")
	}
	wait := "from TERM to KILL at the limit and after scancel"
	advice := ""
	if sec, err := strconv.Atoi(strings.TrimSuffix(conf["KillWait"], " sec")); err == nil && sec < 30 {
		advice = fmt.Sprintf("a step and its checkpoint should take less; at the limit --grace (%v) comes before it", grace)
	}
	show("kill wait", "KillWait", wait, advice)
	switch conf["JobRequeue"] {
	case "1":
		show("requeue", "JobRequeue", "jobs come back after a node fails", "")
	default:
		show("requeue", "JobRequeue", "jobs come back only where they ask for it, as those of innate submit do", "")
	}
	if conf["PreemptMode"] != "" && conf["PreemptMode"] != "OFF" {
		advice := ""
		if strings.Contains(conf["PreemptMode"], "CANCEL") {
			advice = "a preempted job does not come back by itself: innate submit --run RUN --slurm resumes it"
		}
		show("preemption", "PreemptMode", "a job may have to give way; its run ends with a checkpoint if the partition has a GraceTime", advice)
	}
	return found
}

// partitions says where jobs may run, for how long, and with which GPUs.
func partitions(ctx context.Context) []Finding {
	out, err := command(ctx, askTime, func(name string) bool { return strings.HasPrefix(name, "SINFO_") }, "",
		"sinfo", "--noheader", "--format=%P|%a|%l|%D|%T|%G")
	if err != nil {
		return []Finding{{"partition", strings.TrimPrefix(err.Error(), "slurm: "), "ask again when the controller answers"}}
	}
	var found []Finding
	gpus := false
	for line := range strings.Lines(out) {
		f := strings.Split(run.OneLine(line), "|")
		if len(f) != 6 {
			continue
		}
		text := fmt.Sprintf("%s: %s nodes %s, limit %s", f[0], f[3], f[4], f[2])
		if f[5] != "(null)" && f[5] != "" {
			text += ", " + f[5]
			gpus = gpus || strings.Contains(f[5], "gpu")
		}
		found = append(found, Finding{Name: "partition", Text: text})
	}
	if len(found) == 0 {
		return []Finding{{"partition", "none that you may use", "ask who runs the cluster for an account"}}
	}
	if !gpus {
		found = append(found, Finding{"gpus", "no partition offers any (gres)", "leave --gpus out: runs train on processors"})
	}
	return found
}

// accounting says whether jobs that are long over are still known.
func accounting(ctx context.Context) Finding {
	_, err := command(ctx, askTime, viewing, "", "sacct", "--noheader", "--allocations", "--parsable2", "--format=JobID", "--starttime=now-1minutes")
	if err != nil {
		return Finding{"accounting", "no: " + strings.TrimPrefix(err.Error(), "slurm: "), "how a job ended is known for some minutes only (MinJobAge); then the run's own heartbeat says it"}
	}
	return Finding{Name: "accounting", Text: "sacct answers: how jobs ended stays known"}
}

// trial asks sbatch whether it would take a job, which it does not keep.
func trial(ctx context.Context) Finding {
	out, err := command(ctx, askTime, nothing, "#!/bin/sh\n", "sbatch", "--test-only", "--requeue", "--signal=B:USR1@60")
	if err != nil {
		return Finding{"sbatch", strings.TrimPrefix(err.Error(), "slurm: "), "pass what it wants, as --account, --partition or --sbatch"}
	}
	text := "takes a job with a signal and --requeue"
	if out != "" {
		text += ": " + run.OneLine(out)
	}
	return Finding{Name: "sbatch", Text: text}
}

// filesystems are names of those that nodes may share, and of some that they do
// not, by the type that Linux's statfs gives.
var filesystems = map[int64]struct {
	name   string
	shared bool
}{
	0x6969: {"NFS", true}, 0x0BD00BD0: {"Lustre", true}, 0x47504653: {"GPFS", true}, 0x19830326: {"BeeGFS", true},
	0x00C36400: {"CephFS", true}, 0x65735546: {"FUSE", true}, 0xFE534D42: {"SMB", true}, 0x7461636f: {"OCFS2", true}, 0x01161970: {"GFS2", true},
	0xEF53: {"ext4", false}, 0x58465342: {"XFS", false}, 0x9123683E: {"Btrfs", false},
	0x01021994: {"memory (tmpfs)", false}, 0x794c7630: {"an overlay, as of a container", false}, 0x2fc12fc1: {"ZFS", false},
}

// shared says whether other nodes can be expected to see a path, or the first above
// it that exists.
func shared(name, path string) Finding {
	path, err := filepath.Abs(path)
	if err != nil {
		return Finding{name, err.Error(), ""}
	}
	s, err := atomicfile.Disk(path)
	if err != nil {
		return Finding{name, err.Error(), ""}
	}
	fs, known := filesystems[int64(s.Type)&0xffffffff]
	switch {
	case !known:
		return Finding{name, fmt.Sprintf("%s, on a file system of type %#x", path, s.Type), "make sure that the nodes have it at the same place"}
	case fs.shared:
		return Finding{Name: name, Text: fmt.Sprintf("%s, on %s", path, fs.name)}
	}
	return Finding{name, fmt.Sprintf("%s, on %s: of this machine alone, unless it serves it to others", path, fs.name),
		"with more nodes than this one, put it on a file system that they share, at the same place"}
}
