#!/usr/bin/env bash
# PyTorch's group norm on the processor takes the variance of a channels_last input
# as E[x²] - E[x]² in float32, and of a contiguous one in a way that loses nothing.
# Of values with mean 1000 and deviation 1 the first is rubbish: the result is off by
# more than a thousand, where it should lie between -5 and 5.
#
# Seen with torch 2.15.0 on Python 3.11, Linux, x86-64: the largest error against
# float64 of group_norm(randn(2, 32, 64, 64) + 1000, 8 groups):
#
#     contiguous below 0.001: True
#     channels_last above 0.1: True
#
# (5.3e-05 and 1365 on the machine where it was seen.)
#
# Needs Python 3 with venv and pip, and some 6 GB of room, since PyTorch's wheel for
# Linux brings CUDA. Exit status 0 while this is what happens, 1 when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check torch==2.15.0 numpy
cat > "$tmp/try.py" <<'PY'
import sys
import torch
from torch.nn.functional import group_norm

torch.manual_seed(0)
x = torch.randn(2, 32, 64, 64) + 1000
want = group_norm(x.double(), 8)
error = {}
for name in ("contiguous_format", "channels_last"):
    y = group_norm(x.contiguous(memory_format=getattr(torch, name)), 8)
    error[name] = (y.double() - want).abs().max().item()
print(error, file=sys.stderr)
print("contiguous below 0.001:", error["contiguous_format"] < 0.001)
print("channels_last above 0.1:", error["channels_last"] > 0.1)
PY
got=$("$tmp/venv/bin/python" "$tmp/try.py" 2>"$tmp/err") || { cat "$tmp/err"; exit 1; }
cat "$tmp/err"
echo "$got"
[ "$got" = $'contiguous below 0.001: True\nchannels_last above 0.1: True' ] || { echo "this has changed" >&2; exit 1; }
