// Package cluster has runs trained by a scheduler: it writes the script of a job of
// Slurm and hands it to sbatch, asks Slurm what has become of such jobs, and writes
// a manifest for Kubernetes. It speaks to Slurm's commands alone, and executes
// nothing that a file says: what it is given reaches a shell only in quotes.
//
// A run that was submitted has a run.Job. Ask and Watcher say in the runs' status
// what its scheduler knows; where that does not answer, the heartbeat counts.
package cluster
