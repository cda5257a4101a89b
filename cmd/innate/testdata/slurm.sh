#!/usr/bin/env bash
# slurm.sh INNATE: what becomes of a run in a Slurm job, by the way it is started.
#
# Submits jobs that train a tiny network to a Slurm of its own, ends them, and
# prints a line for each: what it was, how the run ended, and whether USR1 was heard.
# trainer/SCHEDULERS.md says what follows. Exit status 0 if all ended as they
# should, 1 if one did not, 77 with a reason if there can be no Slurm here.
below=runs
. "$(dirname "$0")/slurm-cluster.sh"

submit() { # NAME [sbatch options] -- script
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	printf '#!/bin/bash\n%s\n' "$2" >"$d/out/$name.sh"
	id[$name]=$(sbatch --parsable -J "$name" -D "$d" -o "$d/out/$name.out" --open-mode=append "${options[@]}" "$d/out/$name.sh")
}
failed=0
says() { # NAME STATE heard|- WHAT; * for any
	local state heard=- wrong="" n c
	over "$1"
	state=$(field "$1" state) n=$(field "$1" nimg) c=$(field "$1" checkpoint_nimg)
	grep -q "SIGUSR[12]: a checkpoint" "$d/out/$1.out" && heard=heard
	[ "$state" = stopped ] && [ "$n" != "$c" ] && wrong="  checkpoint at $c of $n images"
	if [[ "$state $heard" != $2\ $3 ]] || [ -n "$wrong" ]; then
		wrong="$wrong  WANT $2 $3"
		failed=1
	fi
	printf '%-8s %-8s %-6s %s%s\n' "$1" "$state" "$heard" "$4" "$wrong"
}

t="$innate train tiny.toml --out runs"
submit line -- "$t/line
echo after"
submit exec -- "exec $t/exec"
submit srun -- "srun $t/srun"
submit step -- "srun bash -c '$t/step; echo after'"
submit start -- "$innate start tiny.toml --out runs/start
sleep 2"
submit trap -- "$t/trap & trap \"kill -TERM \$!\" TERM
wait
wait"
submit batch -t1 --signal=B:USR1@50 -- "exec $t/batch"
submit steps -t1 --signal=USR1@50 -- "srun $t/steps"
submit noB -t1 --signal=USR1@50 -- "exec $t/noB"
submit limit -t1 -- "exec $t/limit"
submit again -- "[ -f runs/again/config.toml ] && exec $innate train --run runs/again
exec $t/again"
submit two -n2 -- "srun -n2 $t/two"
submit less -n2 -- "srun --kill-on-bad-exit=0 -n2 $t/less"
for name in line exec srun step trap batch steps noB limit again two less; do trains "$name"; done
kill -KILL "$(field less pid | tail -n 1)" # of the last of its ranks
scontrol update jobid="${id[limit]}" EndTime="$(date -d '+1 seconds' +%FT%T)"
scancel --signal=USR2 --batch "${id[exec]}"
scancel --signal=USR2 "${id[srun]}" "${id[step]}" "${id[line]}"
sleep 2 # they are not long on their way
for name in batch steps; do
	for _ in $(seq 200); do grep -q SIGUSR1 "$d/out/$name.out" && break; sleep 0.25; done
done
scancel --signal=USR2 "${id[two]}"
for _ in $(seq 200); do grep -q SIGUSR2 "$d/out/two.out" && break; sleep 0.25; done
scancel "${id[two]}" "${id[line]}" "${id[exec]}" "${id[srun]}" "${id[step]}" "${id[trap]}" "${id[batch]}" "${id[steps]}" "${id[noB]}" "${id[again]}"

# Without cgroups Slurm signals all descendants, and may leave some behind.
lost=dead unheard=-
[ $proctrack = proctrack/cgroup ] || lost='*' unheard='*'
echo "$(slurmd -V), $proctrack"
printf '%-8s %-8s %-6s %s\n' run ended USR started
says line "$lost" "$unheard" "innate train … on a line of the script; scancel"
says exec stopped heard "exec innate train …; scancel -b -s USR2, scancel"
says srun stopped heard "srun innate train …; scancel -s USR2, scancel"
says step "$lost" "$unheard" "srun bash -c 'innate train …; …'; scancel"
says start "$lost" - "innate start …, and the script ends"
says trap stopped - "innate train … & with a trap that passes TERM on; scancel"
says batch stopped heard "exec innate train …, --signal=B:USR1@50; scancel"
says steps stopped heard "srun innate train …, --signal=USR1@50; scancel"
says noB stopped - "exec innate train …, --signal=USR1@50 without B:; scancel"
says two stopped heard "srun -n2 innate train …; scancel -s USR2, scancel"
says less failed - "srun -n2 innate train …; the second of them killed"
"$innate" status "$d/runs/less" | grep -q "rank 1 .* is gone" || { echo "less: status does not say who is gone"; failed=1; }
over again
seen=$(field again nimg)
submit again -- "$(tail -n +2 "$d/out/again.sh")"
trains again "$seen"
scancel "${id[again]}"
says again stopped - "train --run if there is a run, else train --out; submitted twice"
says limit stopped - "exec innate train …; the job's time limit"
for name in line start; do
	"$innate" status "$d/runs/$name" | grep '^job' | grep -q "Slurm job ${id[$name]}" || { echo "$name: status names no job"; failed=1; }
	grep -q "slurm: job ${id[$name]}: " "$d/out/$name.out" || { echo "$name: no warning at the start"; failed=1; }
done
for name in exec srun batch steps limit; do
	grep "slurm: job" "$d/out/$name.out" && { echo "$name: a warning where there is nothing to warn of"; failed=1; }
done
"$innate" ls --runs "$d/runs" | grep " is dead"
exit $failed
