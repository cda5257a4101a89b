"""Computes golden.json, with which the distance and its gradient compare: python golden.py, with PyTorch.

The distance is as it is printed, with symmetric roots by eigh in float64, and its gradient is autograd's. Batches before
the present one are constants, and the present one counts as if the averages were its own, which the difference of the
batch's moments and the same without a gradient does.
"""
import json
from pathlib import Path

import torch

torch.set_default_dtype(torch.float64)
SMOOTHING = 1e-3


def values(seed, *shape):
    """Numbers that are exact in float32."""
    g = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=g).float().double()


def moments(x):
    return x.mean(0), x.T @ x / len(x)


def root(m):
    w, v = torch.linalg.eigh(m)
    return v @ torch.diag(w.clamp(min=0).sqrt()) @ v.T


def distance(delta, s, sr, smooth):
    r = root(sr)
    w = torch.linalg.eigvalsh(r @ s @ r)
    eps = SMOOTHING * sr.trace() / len(sr) if smooth else torch.tensor(0.0)
    return delta @ delta + s.trace() + sr.trace() - 2 * (w.clamp(min=0) + eps ** 2).sqrt().sum()


def case(seed, d, n, batches, decay):
    real = values(seed, 40, d) @ values(seed + 1, d, d)
    mu = real.mean(0).float().double()
    sr = torch.cov(real.T, correction=0).reshape(d, d).float().double()
    m1, m2, weight, out = torch.zeros(d), torch.zeros(d, d), 0.0, []
    for k in range(batches):
        x = (values(seed + 2 + k, n, d) * 0.7 + 0.3 + mu).float().double().requires_grad_()
        b1, b2 = moments(x - mu)
        weight = decay * weight + 1 - decay
        m1, m2 = decay * m1 + (1 - decay) * b1.detach(), decay * m2 + (1 - decay) * b2.detach()
        a1, a2 = m1 / weight + b1 - b1.detach(), m2 / weight + b2 - b2.detach()
        s = a2 - torch.outer(a1, a1)
        grad, = torch.autograd.grad(n * distance(a1, s, sr, True), x)
        out.append(dict(x=x.detach().flatten().tolist(), distance=distance(a1, s, sr, False).item(), grad=grad.flatten().tolist()))
    return dict(dim=d, images=n, decay=decay, mean=mu.tolist(), covariance=sr.flatten().tolist(), batches=out)


cases = dict(average=case(1, 6, 10, 3, 0.9), few=case(20, 6, 4, 2, 0.5), one=case(40, 1, 3, 2, 0.8))
Path(__file__).with_name('golden.json').write_text(json.dumps(cases, separators=(',', ':')) + '\n')
