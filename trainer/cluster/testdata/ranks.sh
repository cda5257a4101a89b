#!/bin/bash
#SBATCH --job-name=mine
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=2
#SBATCH --output=/runs/00003-mine/trainer.log
#SBATCH --open-mode=append --requeue
#SBATCH --signal=USR1@120

printf '\n== trainer started %(%FT%T%z)T\n' -1
exec srun --ntasks=4 --cpus-per-task=2 /opt/innate train --run /runs/00003-mine --requeue
