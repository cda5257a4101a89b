#!/usr/bin/env bash
# Tries innate's device over PyTorch on the GPU of this machine, and prints what a
# report needs: the GPU and its driver, the PyTorch, every operation and a few
# iterations of the demo against innate's own kernels, a loss that falls, the time and
# the memory of steps, as they are and as CUDA graphs, and a look for leaks.
# It is stopped after four minutes, changes nothing and needs no network.
#
#	models/torch/gpucheck/gpucheck.sh [BINARY] [DEVICE] [REFERENCE]
#
# BINARY is an innate; without one it is built, for which Go is needed. DEVICE is
# cuda:0 by default; torch:cpu tries a smaller set without a GPU. REFERENCE is a
# Python program that times the same steps in PyTorch (cmd/innate/eager.go says how it
# is asked). The PyTorch is that of INNATE_TORCH, of the active environment or of python3, 2.10 or newer.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
innate=${1:-}
device=${2:-cuda:0}
reference=${3:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ -z "$innate" ]; then
	innate=$work/innate
	(cd "$here" && CGO_ENABLED=0 go build -o "$innate" innate/cmd/innate) || exit 1
fi

echo '```'
date -u +%Y-%m-%d
"$innate" version
"$innate" doctor --runs "$work"
if command -v nvidia-smi >/dev/null; then
	nvidia-smi --query-gpu=name,driver_version,memory.total,compute_cap --format=csv,noheader
fi
echo
timeout --kill-after=15 240 "$innate" doctor --check --device "$device" ${reference:+--reference "$reference"}
status=$?
[ $status -ne 124 ] && [ $status -ne 137 ] || echo "stopped after four minutes: what is missing took too long"
echo "exit status $status"
echo '```'
exit $status
