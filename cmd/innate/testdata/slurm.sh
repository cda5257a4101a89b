#!/usr/bin/env bash
# slurm.sh INNATE: what becomes of a run in a Slurm job, by the way it is started.
#
# Sets up a Slurm of one node in a temporary folder, with nothing but Debian's
# slurmctld, slurmd, slurm-client and munge (no systemd, no configuration outside
# the folder), submits jobs that train a tiny network, ends them, and prints a
# line for each: what it was, how the run ended, and whether USR1 was heard.
# trainer/SCHEDULERS.md says what follows. Exit status 0 if all ended as they
# should, 1 if one did not, 77 with a reason if there can be no Slurm here.
set -euo pipefail

cannot() { echo "slurm.sh: $1" >&2; exit 77; }
innate=$(realpath "${1:?want the path of innate}")
[ "$(id -u)" = 0 ] || cannot "not root, who alone can run slurmd for others"
for c in slurmctld slurmd sbatch srun scancel scontrol munged; do
	command -v $c >/dev/null || PATH=$PATH:/usr/sbin command -v $c >/dev/null || cannot "no $c, want slurmctld, slurmd, slurm-client and munge"
done
export PATH=$PATH:/usr/sbin

d=$(mktemp -d /tmp/slurm.XXXXXX)
chmod 755 "$d"
mkdir "$d/state" "$d/spool" "$d/munge" "$d/runs" "$d/out"
export SLURM_CONF=$d/slurm.conf
unset ${!SLURM_JOB*} ${!SLURM_ARRAY*} 2>/dev/null || true
ended() { # NAME: kills the daemon of that name
	local pid
	pid=$(cat "$d/$1.pid" 2>/dev/null) && kill "$pid" 2>/dev/null && timeout 5 tail --pid="$pid" -f /dev/null
	true
}
finish() {
	scancel -u root 2>/dev/null || true
	for _ in $(seq 30); do [ -n "$(squeue -h 2>/dev/null)" ] || break; sleep 0.5; done
	for run in "$d"/runs/*; do [ ! -d "$run" ] || timeout 20 "$innate" stop "$run" 2>/dev/null || true; done # what Slurm left
	ended slurmd
	ended slurmctld
	ended munged
	[ -z "${group-}" ] || find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
	rm -rf "$d"
}
trap finish EXIT

# Slurm's default is proctrack/cgroup, which needs the freezer of cgroup v1 here.
# Without it signals reach all descendants of slurmstepd, and less can be shown.
host=$(hostname -s)
proctrack=proctrack/linuxproc
if mkdir "/sys/fs/cgroup/freezer/probe.$$" 2>/dev/null; then
	rmdir "/sys/fs/cgroup/freezer/probe.$$"
	proctrack=proctrack/cgroup
	group=/sys/fs/cgroup/freezer/slurm_n$$ # named after the node
fi
port=$((20000 + $$ % 10000 * 2))
head -c 128 /dev/urandom >"$d/munge/key"
chmod 600 "$d/munge/key"
cat >"$SLURM_CONF" <<-END
	ClusterName=one
	SlurmctldHost=$host(127.0.0.1)
	SlurmUser=root
	AuthInfo=socket=$d/munge/socket
	SlurmctldPort=$port
	SlurmdPort=$((port + 1))
	SlurmctldPidFile=$d/slurmctld.pid
	SlurmdPidFile=$d/slurmd.pid
	SlurmctldLogFile=$d/slurmctld.log
	SlurmdLogFile=$d/slurmd.log
	StateSaveLocation=$d/state
	SlurmdSpoolDir=$d/spool
	PlugStackConfig=/dev/null
	ProctrackType=$proctrack
	TaskPlugin=task/none
	MpiDefault=none
	SelectType=select/cons_tres
	SelectTypeParameters=CR_CPU
	SlurmdParameters=config_overrides
	SchedulerParameters=batch_sched_delay=0,sched_interval=1
	KillWait=15
	NodeName=n$$ NodeHostname=$host NodeAddr=127.0.0.1 CPUs=32 State=UNKNOWN
	PartitionName=p Nodes=n$$ Default=YES MaxTime=60 State=UP
END
cat >"$d/cgroup.conf" <<-END
	CgroupPlugin=cgroup/v1
	CgroupMountpoint=/sys/fs/cgroup
	ConstrainCores=no
END
started() { # COMMAND...: or there can be no Slurm here
	"$@" >"$d/out/daemon" 2>&1 || cannot "$1: $(tail -n 1 "$d/out/daemon")"
}
started munged --force --key-file="$d/munge/key" --socket="$d/munge/socket" --pid-file="$d/munged.pid" \
	--log-file="$d/munge/log" --seed-file="$d/munge/seed"
started slurmctld -c -f "$SLURM_CONF"
started slurmd -N "n$$" -f "$SLURM_CONF"
for _ in $(seq 60); do
	[ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && break
	sleep 0.5
done
[ "$(sinfo -h -o %T 2>/dev/null)" = idle ] || cannot "the node does not become idle: $(tail -n 1 "$d/slurmd.log")"

# A run that is not over by itself, with no checkpoint but those asked for.
cat >"$d/tiny.toml" <<-END
	name = "tiny"
	method = "edm"
	[run]
	batch = 4
	threads = 1
	tensorboard = false
	[model]
	model_channels = 8
	channel_mult = [1, 1, 1]
	attn_resolutions = []
	[live]
	total_kimg = 100000.0
	tick_kimg = 0.4
	checkpoint_kimg = 100000.0
	fid_kimg = 0.0
	sample_kimg = 0.0
	layers_kimg = 0.0
END

declare -A id
submit() { # NAME [sbatch options] -- script
	local name=$1 options=()
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	printf '#!/bin/bash\n%s\n' "$2" >"$d/out/$name.sh"
	id[$name]=$(sbatch --parsable -J "$name" -D "$d" -o "$d/out/$name.out" --open-mode=append "${options[@]}" "$d/out/$name.sh")
}
field() { "$innate" status "$d/runs/$1" --json 2>/dev/null | sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\).*/\1/p" || true; }
trains() { # NAME [MORE THAN]
	local n
	for _ in $(seq 240); do
		n=$(field "$1" nimg)
		[ "$(field "$1" state)" = running ] && [ "${n:-0}" -gt "${2:-0}" ] && return
		sleep 0.25
	done
	echo "slurm.sh: $1 does not train: $(cat "$d/out/$1.out")" >&2
	exit 1
}
over() { # NAME: until its job is
	for _ in $(seq 360); do
		squeue -h -j "${id[$1]}" -t pending,running,completing,suspended,signaling 2>/dev/null | grep -q . || return 0
		sleep 0.25
	done
	echo "slurm.sh: $1: job ${id[$1]} is not over" >&2
	exit 1
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
for name in line exec srun step trap batch steps noB limit again; do trains "$name"; done
scontrol update jobid="${id[limit]}" EndTime="$(date -d '+1 seconds' +%FT%T)"
scancel --signal=USR2 --batch "${id[exec]}"
scancel --signal=USR2 "${id[srun]}" "${id[step]}" "${id[line]}"
sleep 2 # they are not long on their way
for name in batch steps; do
	for _ in $(seq 200); do grep -q SIGUSR1 "$d/out/$name.out" && break; sleep 0.25; done
done
scancel "${id[line]}" "${id[exec]}" "${id[srun]}" "${id[step]}" "${id[trap]}" "${id[batch]}" "${id[steps]}" "${id[noB]}" "${id[again]}"

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
