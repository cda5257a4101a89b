#!/bin/bash
#SBATCH --job-name=mine
#SBATCH --ntasks=1
#SBATCH --output=/runs/00003-mine/slurm-%A_%a.out
#SBATCH --open-mode=append --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --array=0-1%1

runs=(
	/runs/00003-mine
	'/runs/a b'\''c"d#e%j$(touch x)`touch y`;*&|<>!~ä'
)
run=${runs[$SLURM_ARRAY_TASK_ID]}
exec >>"$run"/trainer.log 2>&1 || exit
printf '\n== trainer started %(%FT%T%z)T\n' -1
exec /opt/innate train --run "$run" --requeue
