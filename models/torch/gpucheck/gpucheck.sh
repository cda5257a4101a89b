#!/usr/bin/env bash
# Tries innate's device over PyTorch on the GPU of this machine, and prints what a
# report needs: the GPU and its driver, the PyTorch, every operation and a few
# iterations of the demo against innate's own kernels, and the time of a step.
# It takes under four minutes, changes nothing and needs no network.
#
#	models/torch/gpucheck/gpucheck.sh [BINARY] [DEVICE]
#
# BINARY is an innate; without one it is built, for which Go is needed. DEVICE is
# cuda:0 by default; torch:cpu tries the same without a GPU. The PyTorch is that of
# INNATE_TORCH, of the active environment or of python3, 2.10 or newer.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
innate=${1:-}
device=${2:-cuda:0}
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
timeout 200 "$innate" doctor --check --device "$device"
status=$?
echo "exit status $status"
for on in "$device" cpu; do
	echo
	(cd "$work" && timeout 60 "$innate" profile mnist-gdd-i --device "$on" --steps 16) | head -30
done
echo '```'
exit $status
