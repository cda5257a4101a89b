package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"innate/trainer/run"
)

// submitTime is how long sbatch may take: a controller that is busy answers late,
// and one that has the job although nobody waited would train it all the same.
const submitTime = time.Minute

// ErrUncertain is the error of a submission that may have succeeded all the same.
var ErrUncertain = errors.New("it may be submitted all the same")

// overriding are variables by which sbatch would take another value than that of
// the script.
var overriding = []string{"SBATCH_SIGNAL", "SBATCH_ARRAY_INX", "SBATCH_REQUEUE", "SBATCH_NO_REQUEUE", "SBATCH_OUTPUT", "SBATCH_ERROR", "SBATCH_OPEN_MODE"}

// jobID is what sbatch --parsable prints, among what a site may print beside it.
var jobID = regexp.MustCompile(`(?m)^([1-9][0-9]*)(?:;([^;\s]+))?\s*$`)

// CanSubmit says why nothing can be submitted to Slurm from here.
func CanSubmit() error {
	if _, err := exec.LookPath("sbatch"); err != nil {
		return fmt.Errorf("slurm: sbatch: %w; --dry-run prints the script", ErrNone)
	}
	return nil
}

// Submit hands the job's script to sbatch. The jobs that it returns are those of
// the runs, in order.
func (j SlurmJob) Submit(ctx context.Context) ([]run.Job, error) {
	script, err := j.Script()
	if err != nil {
		return nil, err
	}
	without := func(name string) bool { return slices.Contains(overriding, name) }
	out, err := command(ctx, submitTime, without, script, "sbatch", "--parsable")
	if errors.Is(err, errSilent) {
		return nil, fmt.Errorf("%w: %w: squeue --me --name=%s tells", err, ErrUncertain, quote(j.Name))
	}
	if err != nil {
		return nil, err
	}
	found := jobID.FindStringSubmatch(out)
	if found == nil {
		return nil, fmt.Errorf("slurm: sbatch: got %q, want a job's id: %w: squeue --me --name=%s tells", run.OneLine(out), ErrUncertain, quote(j.Name))
	}
	now := time.Now()
	jobs := make([]run.Job, len(j.Dirs))
	for i := range jobs {
		jobs[i] = run.Job{Scheduler: run.Slurm, ID: found[1], Cluster: found[2], Submitted: now}
		if len(jobs) > 1 {
			jobs[i].ID = fmt.Sprintf("%s_%d", found[1], i)
		}
	}
	return jobs, nil
}

// requeueTime is how long scontrol may take, in what is left before the limit.
const requeueTime = 30 * time.Second

// Requeue has the job of this environment begin again: Slurm ends what is left of
// it, this process included, and puts it back into the queue.
func Requeue(ctx context.Context, getenv func(string) string) error {
	id := getenv("SLURM_JOB_ID")
	if strings.Trim(id, "0123456789") != "" || id == "" {
		return fmt.Errorf("slurm: SLURM_JOB_ID: got %q, want the id of the job to queue again", id)
	}
	_, err := command(ctx, requeueTime, nothing, "", "scontrol", "requeue", id)
	return err
}

// nothing of the environment is kept from a command.
func nothing(string) bool { return false }
