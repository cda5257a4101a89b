#!/usr/bin/env bash
# PyTorch's Adam and AdamW take no whole number as a decay: betas=(0, 0.99), which the
# training script of StyleGAN2-ADA passes (as [0, 0.99]), is refused with a
# message about tensors. RAdam and NAdam of the same release take it, and so did Adam
# up to 2.5.1. 0.0 in place of 0 is all it takes.
#
# Seen with torch 2.15.0 and 2.5.1 on Python 3.11, Linux, x86-64:
#
#     2.15.0 Adam ValueError: betas must be either both floats or both Tensors
#     2.15.0 AdamW ValueError: betas must be either both floats or both Tensors
#     2.15.0 RAdam takes it
#     2.15.0 NAdam takes it
#     2.5.1 Adam takes it
#     2.5.1 AdamW takes it
#     2.5.1 RAdam takes it
#     2.5.1 NAdam takes it
#
# Needs Python 3 with venv and pip, and some 12 GB of room, since PyTorch's wheels for
# Linux bring CUDA. Exit status 0 while this is what happens, 1 when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cat > "$tmp/try.py" <<'PY'
import torch

weight = torch.nn.Parameter(torch.zeros(1))
for optimizer in (torch.optim.Adam, torch.optim.AdamW, torch.optim.RAdam, torch.optim.NAdam):
    try:
        optimizer([weight], betas=(0, 0.99))
        said = "takes it"
    except Exception as e:
        said = f"{type(e).__name__}: {e}"
    print(torch.__version__.partition("+")[0], optimizer.__name__, said)
PY
want=$(sed -n 's/^#     \([0-9].*\)/\1/p' "$0")
got=
for version in 2.15.0 2.5.1; do
	python3 -m venv "$tmp/$version"
	"$tmp/$version/bin/pip" install -q --disable-pip-version-check "torch==$version" numpy
	got+=$("$tmp/$version/bin/python" -W ignore "$tmp/try.py")$'\n'
	rm -rf "${tmp:?}/$version"
done
printf %s "$got"
[ "${got%$'\n'}" = "$want" ] || { echo "this has changed" >&2; exit 1; }
