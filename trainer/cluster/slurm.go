package cluster

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"innate/trainer/run"
)

// SlurmJob is a job of Slurm that trains runs: one, or as an array each of several
// in a task of its own.
type SlurmJob struct {
	Name    string
	Program string   // innate, where the nodes have it
	Dirs    []string // of the runs, where the nodes have them
	Args    []string // of innate train, beside the run

	Partition string
	Account   string
	Time      string // the limit, as sbatch takes it; "" for the partition's
	GPUs      string // how many, or KIND:N
	CPUs      int    // of each task; 0 for Slurm's default
	Memory    string // as sbatch takes it, such as 16G
	AtOnce    int    // tasks of an array; 0 for as many as there is room for
	Ranks     int    // processes that train one run together; 0 and 1 for one

	// Grace is the time before the limit at which a run writes its checkpoint and
	// its job goes back to the queue.
	Grace time.Duration

	Extra []string // further options of sbatch, as they stand behind #SBATCH
}

// owned are options of sbatch that the script depends on.
var owned = []string{"--signal", "--array", "-a", "--requeue", "--no-requeue", "--output", "-o", "--error", "-e", "--open-mode", "--wrap", "--ntasks", "-n"}

// check refuses what would make a script that means something else, or a job that
// begins again for ever.
func (j SlurmJob) check() error {
	for _, dir := range j.Dirs {
		if strings.ContainsRune(dir, '\\') {
			return fmt.Errorf("slurm: %s: has a backslash, which the name of a job's output cannot have", dir)
		}
	}
	for what, values := range map[string][]string{
		"name": {j.Name}, "program": {j.Program}, "run": j.Dirs, "argument": j.Args, "--partition": {j.Partition},
		"--account": {j.Account}, "--time": {j.Time}, "--gpus": {j.GPUs}, "--mem": {j.Memory}, "--sbatch": j.Extra,
	} {
		for _, v := range values {
			if err := oneWord("slurm: "+what, v); err != nil {
				return err
			}
		}
	}
	for _, line := range j.Extra {
		option, _, _ := strings.Cut(line, "=")
		option, _, _ = strings.Cut(option, " ")
		if !strings.HasPrefix(line, "-") {
			return fmt.Errorf("slurm: --sbatch: got %q, want an option of sbatch, such as --constraint=a100", line)
		}
		if slices.Contains(owned, option) {
			return fmt.Errorf("slurm: --sbatch: got %s, which innate sets itself", option)
		}
	}
	if j.Time == "" {
		return nil
	}
	limit, err := parseLimit(j.Time)
	if err != nil {
		return err
	}
	if limit > 0 && limit <= j.Grace {
		return fmt.Errorf("slurm: --time %s: the run stops %v before its end: want a longer --time, or a shorter --grace", j.Time, j.Grace)
	}
	return nil
}

// parseLimit reads a time limit as sbatch does: minutes, minutes:seconds,
// hours:minutes:seconds, days-hours, days-hours:minutes and
// days-hours:minutes:seconds. It is 0 for none.
func parseLimit(s string) (time.Duration, error) {
	bad := fmt.Errorf("slurm: --time: got %q, want minutes, hours:minutes:seconds or days-hours:minutes", s)
	switch strings.ToLower(s) {
	case "unlimited", "infinite":
		return 0, nil
	}
	units := []time.Duration{time.Minute, time.Second}
	days, rest, ok := strings.Cut(s, "-")
	if ok {
		units = []time.Duration{time.Hour, time.Minute, time.Second}
	} else {
		days, rest = "0", s
	}
	fields := strings.Split(rest, ":")
	if !ok && len(fields) == 3 {
		units = []time.Duration{time.Hour, time.Minute, time.Second}
	}
	if len(fields) > len(units) {
		return 0, bad
	}
	n, err := strconv.ParseUint(days, 10, 16)
	limit := time.Duration(n) * 24 * time.Hour
	for i, f := range fields {
		n, fieldErr := strconv.ParseUint(f, 10, 31)
		err = errors.Join(err, fieldErr)
		limit += time.Duration(n) * units[i]
	}
	if err != nil {
		return 0, bad
	}
	return limit, nil
}

// Script is the job's script. The trainer takes the script's place, or is a task of
// srun: by Slurm's default, only the direct children of slurmstepd get its signals.
// USR1 comes before the time limit; innate train --requeue ends at it with a
// checkpoint and has the job queued again, whose script then resumes the run.
func (j SlurmJob) Script() (string, error) {
	if err := j.check(); err != nil {
		return "", err
	}
	var b strings.Builder
	option := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "#SBATCH --%s=%s\n", name, quote(value))
		}
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	b.WriteString("#!/bin/bash\n")
	option("job-name", j.Name)
	option("partition", j.Partition)
	option("account", j.Account)
	option("time", j.Time)
	option("ntasks", number(max(j.Ranks, 1)))
	option("cpus-per-task", number(j.CPUs))
	if j.GPUs != "" {
		option("gres", "gpu:"+j.GPUs)
	}
	option("mem", j.Memory)
	option("output", j.output())
	b.WriteString("#SBATCH --open-mode=append --requeue\n")
	to := "B:" // the script, whose place the trainer has taken
	if j.Ranks > 1 {
		to = ""
	}
	option("signal", fmt.Sprintf("%sUSR1@%d", to, int(j.Grace.Seconds())))
	if len(j.Dirs) > 1 {
		tasks := fmt.Sprintf("0-%d", len(j.Dirs)-1)
		if j.AtOnce > 0 {
			tasks += fmt.Sprintf("%%%d", j.AtOnce)
		}
		option("array", tasks)
	}
	for _, line := range j.Extra {
		fmt.Fprintf(&b, "#SBATCH %s\n", line)
	}
	b.WriteByte('\n')
	j.body(&b)
	return b.String(), nil
}

// output names the file that Slurm opens for the job. That of a single run is its
// log; the runs of an array have theirs from the script.
func (j SlurmJob) output() string {
	if len(j.Dirs) == 1 {
		return strings.ReplaceAll(filepath.Join(j.Dirs[0], run.LogFile), "%", "%%")
	}
	dir := strings.ReplaceAll(j.Dirs[0], "%", "%%")
	return filepath.Join(dir, strings.Replace(run.JobOutput, "*", "%A_%a", 1))
}

func (j SlurmJob) body(b *strings.Builder) {
	dir := quote(j.Dirs[0])
	if len(j.Dirs) > 1 {
		b.WriteString("runs=(\n")
		for _, dir := range j.Dirs {
			fmt.Fprintf(b, "\t%s\n", quote(dir))
		}
		fmt.Fprintf(b, ")\nrun=${runs[$SLURM_ARRAY_TASK_ID]}\nexec >>\"$run\"/%s 2>&1 || exit\n", run.LogFile)
		dir = `"$run"`
	}
	fmt.Fprintf(b, "printf '\\n%s%%(%%FT%%T%%z)T\\n' -1\n", run.StartMark)
	b.WriteString("exec ")
	if j.Ranks > 1 {
		fmt.Fprintf(b, "srun --ntasks=%d ", j.Ranks)
		if j.CPUs > 0 { // which srun does not take over from sbatch since 22.05
			fmt.Fprintf(b, "--cpus-per-task=%d ", j.CPUs)
		}
	}
	fmt.Fprintf(b, "%s train --run %s --requeue", quote(j.Program), dir)
	for _, arg := range j.Args {
		b.WriteString(" " + quote(arg))
	}
	b.WriteByte('\n')
}
