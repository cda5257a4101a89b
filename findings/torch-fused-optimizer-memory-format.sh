#!/usr/bin/env bash
# PyTorch's fused optimizers on the processor pair a parameter's values with those
# of its gradient in the order in which each lies in memory. Where a convolution's
# weight is channels_last and its gradient is contiguous, which autograd avoids and
# an assignment to .grad does not, every weight is moved by the gradient of another
# one, without an error or a warning. The same optimizers with fused=False are
# right.
#
# Seen with torch 2.15.0 on Python 3.11, Linux, x86-64: the largest difference
# between fused=True and fused=False after one step of lr 0.1, for a weight in the
# gradient's memory format and for one in the other:
#
#     SGD same 0.0000 other 0.3462
#     Adam same 0.0000 other 0.2000
#     AdamW same 0.0000 other 0.2000
#     Adagrad same 0.0000 other 0.2000
#
# Needs Python 3 with venv and pip, and some 6 GB of room, since PyTorch's wheel for
# Linux brings CUDA. Exit status 0 while this is what happens, 1 when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q --disable-pip-version-check torch==2.15.0 numpy
cat > "$tmp/try.py" <<'PY'
import torch


def stepped(optimizer, fused, memory_format):
    torch.manual_seed(0)
    weight, grad = torch.randn(4, 3, 3, 3), torch.randn(4, 3, 3, 3)
    p = torch.nn.Parameter(weight.to(memory_format=memory_format))
    p.grad = grad
    optimizer([p], lr=0.1, fused=fused).step()
    return p.detach().contiguous()


for name in ("SGD", "Adam", "AdamW", "Adagrad"):
    optimizer = getattr(torch.optim, name)
    apart = [
        (stepped(optimizer, True, f) - stepped(optimizer, False, f)).abs().max().item()
        for f in (torch.contiguous_format, torch.channels_last)
    ]
    print(f"{name} same {apart[0]:.4f} other {apart[1]:.4f}")
PY
got=$("$tmp/venv/bin/python" "$tmp/try.py" 2>"$tmp/err") || { cat "$tmp/err"; exit 1; }
echo "$got"
want='SGD same 0.0000 other 0.3462
Adam same 0.0000 other 0.2000
AdamW same 0.0000 other 0.2000
Adagrad same 0.0000 other 0.2000'
[ "$got" = "$want" ] || { echo "this has changed" >&2; exit 1; }
