# Sourced with INNATE in $1: a Slurm of one node in a temporary folder $d, with
# nothing but Debian's slurmctld, slurmd, slurm-client and munge (no systemd, no
# configuration outside the folder), and what scripts of jobs have in common. Runs
# lie in $runs, which is $below the folder; the script exits with 77 and a reason if
# there can be no Slurm here.
set -euo pipefail

cannot() { echo "$0: $1" >&2; exit 77; }
innate=$(realpath "${1:?want the path of innate}")
[ "$(id -u)" = 0 ] || cannot "not root, who alone can run slurmd for others"
for c in slurmctld slurmd sbatch srun scancel scontrol munged; do
	command -v $c >/dev/null || PATH=$PATH:/usr/sbin command -v $c >/dev/null || cannot "no $c, want slurmctld, slurmd, slurm-client and munge"
done
export PATH=$PATH:/usr/sbin

d=$(mktemp -d /tmp/slurm.XXXXXX)
chmod 755 "$d"
runs=$d/$below
mkdir "$d/state" "$d/spool" "$d/munge" "$d/out" "$runs"
export SLURM_CONF=$d/slurm.conf
unset ${!SLURM_JOB*} ${!SLURM_ARRAY*} 2>/dev/null || true
ended() { # NAME: kills the daemon of that name
	local pid
	pid=$(cat "$d/$1.pid" 2>/dev/null) && kill "$pid" 2>/dev/null && timeout 20 tail --pid="$pid" -f /dev/null || true
}
finish() {
	scancel -u root 2>/dev/null || true
	for _ in $(seq 30); do [ -n "$(squeue -h 2>/dev/null)" ] || break; sleep 0.5; done
	for run in "$runs"/*; do [ ! -d "$run" ] || timeout 20 "$innate" stop "$run" 2>/dev/null || true; done # what Slurm left
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
	SlurmdTimeout=6
	MessageTimeout=3
	ReturnToService=2
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
field() { "$innate" status "$runs/$1" --json 2>/dev/null | sed -n "s/^ *\"$2\": \"\{0,1\}\([^\",]*\).*/\1/p" || true; }
trains() { # NAME [MORE THAN]
	local n
	for _ in $(seq 240); do
		n=$(field "$1" nimg)
		[ "$(field "$1" state)" = running ] && [ "${n:-0}" -gt "${2:-0}" ] && return
		sleep 0.25
	done
	echo "$0: $1 does not train: $(cat "$d/out/$1.out" "$runs/$1/trainer.log" 2>/dev/null)" >&2
	exit 1
}
over() { # NAME: until its job is
	for _ in $(seq 360); do
		squeue -h -j "${id[$1]}" -t pending,running,completing,suspended,signaling 2>/dev/null | grep -q . || return 0
		sleep 0.25
	done
	echo "$0: $1: job ${id[$1]} is not over" >&2
	exit 1
}
