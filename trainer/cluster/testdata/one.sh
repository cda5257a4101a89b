#!/bin/bash
#SBATCH --job-name=mine
#SBATCH --partition=gpu
#SBATCH --account=lab
#SBATCH --time=1-0
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=8
#SBATCH --gres=gpu:a100:1
#SBATCH --mem=32G
#SBATCH --output=/runs/00003-mine/trainer.log
#SBATCH --open-mode=append --requeue
#SBATCH --signal=B:USR1@120
#SBATCH --constraint=fast&big
#SBATCH --mail-type=END

printf '\n== trainer started %(%FT%T%z)T\n' -1
exec /opt/innate train --run /runs/00003-mine --requeue --listen 127.0.0.1:7070
