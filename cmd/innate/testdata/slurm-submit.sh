#!/usr/bin/env bash
# slurm-submit.sh INNATE: what becomes of a run that innate submit hands to Slurm.
#
# Submits runs of a tiny network to a Slurm of its own, into a folder whose name a
# shell would trip over, and prints a line for each: the time limit comes, and the
# run is queued again and ends with the very checkpoint of one that never stopped; a
# job and an array are cancelled; a node is lost; a sweep is an array. Exit status 0 if all went as it
# should, 1 if something did not, 77 with a reason if there can be no Slurm here.
below="a b'c\"d#e%j\$x"
. "$(dirname "$0")/slurm-cluster.sh"
cd "$d"
export INNATE_RUNS=$runs

failed=0
check() { # WHAT COMMAND...: says whether the command succeeds
	local what=$1
	shift
	if "$@" >"$d/out/check" 2>&1; then
		echo "ok      $what"
	else
		echo "FAILED  $what: $* $(cat "$d/out/check")"
		failed=1
	fi
}
is() { [ "$1" = "$2" ] || { echo "got $1, want $2"; return 1; }; }
submit() { # NAME OPTIONS...
	local name=$1
	shift
	id[$name]=$("$innate" submit tiny.toml --slurm --out "$runs/$name" "$@" | sed -n 's/^Slurm job \([0-9]*\)  .*/\1/p')
}
becomes() { # NAME FIELD PATTERN
	for _ in $(seq 480); do
		[[ $(field "$1" "$2") == $3 ]] && return
		sleep 0.25
	done
	echo "$0: $1: $2 is $(field "$1" "$2"), want $3: $(cat "$runs/$1/trainer.log")" >&2
	squeue --states=all >&2
	exit 1
}
at_once() { # NAME: Slurm holds what it requeues for two minutes, anew when its last life is cleared away
	for _ in $(seq 240); do
		ends "${id[$1]}" || break
		sleep 0.25
	done
	sleep 2 # a life that begins in the second in which the last one ended fails: its credential counts as revoked
	for _ in $(seq 240); do
		squeue -h -j "${id[$1]}" -t running | grep -q . && return
		scontrol update jobid="${id[$1]}" StartTime=now 2>/dev/null || true
		sleep 0.5
	done
}
ends() { # JOB: whether it, or the daemon of its steps, is still at its end
	squeue -h -j "$1" -t completing | grep -q . || grep -qs "^slurmstepd: \[$1\." /proc/[0-9]*/cmdline
}
saved() { is "$(field "$1" checkpoint_nimg)" "$(field "$1" nimg)"; }
last() { ls "$runs/$1"/checkpoints/0*.safetensors | tail -n 1; }

echo "$(slurmd -V), $proctrack"
submit limit --time 1 --grace 50s
submit ranks --time 30 --ranks 2
submit cancel --time 10 --sbatch="--comment='a b'"
array=$("$innate" submit tiny.toml --slurm --seeds 3-4 | sed -n 's/^Slurm job \([0-9]*\)_0 .*/\1/p')
check "a run is known with its job from its submission" is "$(field limit job)" "Slurm job ${id[limit]}"
trains limit
trains ranks
scancel --signal=USR1 "${id[ranks]}" # as the time limit's, to every rank
trains cancel
becomes 00000-tiny state running
becomes 00001-tiny state running
scancel "${id[cancel]}" "$array"
becomes cancel state stopped
check "scancel: stopped with a checkpoint" saved cancel
becomes cancel job_state cancelled
check "… which ls says" grep -q "^cancel is stopped: Slurm job ${id[cancel]} cancelled" <("$innate" ls)
becomes 00001-tiny state stopped
check "an array's runs have their own seeds and logs, and stop with a checkpoint" \
	grep -q "stopped at .* by SIGTERM" "$runs/00001-tiny/trainer.log"
check "… the second one's" grep -q "seed = 4" "$runs/00001-tiny/config.toml"

becomes limit state queued
check "time limit: a checkpoint, and queued again" saved limit
check "… which status says" grep -q "^requeued" <(field limit job_state)
becomes ranks state queued
check "two ranks, USR1: a checkpoint, and queued again" saved ranks
two=$(field ranks nimg)
seen=$(field limit nimg)
total=$(awk "BEGIN { print ($seen + 2000) / 1000 }")
sed -i "s/^total_kimg.*/total_kimg = $total/" "$runs/limit/config.toml" tiny.toml
at_once limit
"$innate" train "$d/tiny.toml" --out "$d/reference" >"$d/out/reference" 2>&1 &
submit node --time 30 --set live.total_kimg=100000
becomes limit state done
wait $!
check "requeued: resumed from its checkpoint" grep -q "resumed from the checkpoint" "$runs/limit/events.jsonl"
check "… and ends bit for bit as a run that was never stopped" cmp "$(last limit)" "$(ls "$d"/reference/checkpoints/0*.safetensors | tail -n 1)"

at_once ranks
trains ranks "$two"
check "two ranks, requeued: both go on from the checkpoint" is "$(grep -c '"2 processes, ' "$runs/ranks/events.jsonl") $(grep -c 'resumed from the checkpoint' "$runs/ranks/events.jsonl")" "2 1"
scancel "${id[ranks]}"
becomes ranks state stopped
check "… and stop with a checkpoint" saved ranks

trains node 1000
scancel --batch --signal=USR2 "${id[node]}"
becomes node checkpoint_nimg '[1-9]*'
kept=$(field node checkpoint_nimg)
kill -KILL "$(cat "$d/slurmd.pid")"
for _ in $(seq 240); do squeue -h -j "${id[node]}" -t pending | grep -q . && break; sleep 0.25; done
check "a node's slurmd killed: the job is queued again, and its trainer left alone" is "$(field node state)" running
slurmd -N "n$$" -f "$SLURM_CONF" # which kills the trainer that Slurm has given up
becomes node state queued
check "… which status says" grep -q "^requeued" <(field node job_state)
at_once node
trains node "$kept"
check "… and the run goes on from its checkpoint" grep -q "resumed from the checkpoint" "$runs/node/events.jsonl"
scancel "${id[node]}"
becomes node state stopped
check "… to the next one" saved node

cat >some.toml <<-END
	base  = "tiny.toml"
	seeds = 2
	[set]
	live.total_kimg = 0.4
	[[axis]]
	key    = "live.lr"
	values = [1e-3, 2e-3]
END
check "a sweep is an array, of a run a point and seed" is "$("$innate" sweep some.toml --slurm --time 10 --at-once 3 | grep -c '^Slurm job [0-9]*_[0-3]  ')" 4
for _ in $(seq 480); do "$innate" sweep ls | grep -q '^some .*done' && break; sleep 0.25; done
check "… which are all trained" grep -q '^some  *done  *2  *2  *4/4$' <("$innate" sweep ls)
check "… with the point's settings" grep -Eq "^lr *= *(2e-3|0.002)" "$runs/some-lr-0.002-seed2/config.toml"
check "… and are not submitted again" grep -q "every run is done" <("$innate" sweep some.toml --slurm --time 10 2>&1)
exit $failed
