package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Slurm is the scheduler of a Job that was submitted to Slurm.
const Slurm = "Slurm"

// Job is the job of a batch scheduler in which a run was submitted: what is known
// of it before it begins. JobFile keeps it.
type Job struct {
	Scheduler string    `json:"scheduler"`         // Slurm
	ID        string    `json:"id"`                // as squeue writes it: 12, or 12_3 in an array
	Cluster   string    `json:"cluster,omitempty"` // of several that one sbatch submits to
	Submitted time.Time `json:"submitted"`
}

// String is the job as a trainer in it calls it, and as Status.Job has it; "" of
// none.
func (j Job) String() string {
	if j.ID == "" {
		return ""
	}
	return j.Scheduler + " job " + j.ID
}

// WriteJob notes in a run directory the job that the run was submitted in.
func WriteJob(dir string, j Job) error { return writeJSONFile(dir, JobFile, j) }

// ReadJob reads the job that a run was submitted in. One that was not, and a note
// that cannot be read, is the zero Job: it says nothing that a trainer would not.
func ReadJob(dir string) (j Job) {
	b, err := readFile(filepath.Join(dir, JobFile))
	if err != nil || json.Unmarshal(b, &j) != nil {
		return Job{}
	}
	return j
}

// KeepJob is for a trainer that begins in a job, or in none if that is "": a note
// of another job would call the run queued again when this trainer has ended.
func KeepJob(dir, job string) error {
	if ReadJob(dir).String() == job {
		return nil
	}
	if err := os.Remove(filepath.Join(dir, JobFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}
