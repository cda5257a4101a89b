"""Makes statistics.json: what statistics_test.go compares with. By brute force in NumPy and
SciPy, and, under tf_, by torch-fidelity 0.4.0; under pkg_prdc by prdc 0.2.

    PYTHONPATH=DIR python golden.py

with torch-fidelity, scipy, tqdm, prdc, scikit-learn, joblib, cloudpickle, loky,
threadpoolctl and narwhals installed in DIR (pip install --no-deps --target DIR).
"""
import json, sys
import numpy as np
M = (1 << 64) - 1


def splitmix(seed, n):
    """n numbers of 24 bits in [0, 1), which the test makes, too."""
    out = np.empty(n)
    s = seed
    for i in range(n):
        s = (s + 0x9E3779B97F4A7C15) & M
        z = s
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
        z ^= z >> 31
        out[i] = (z >> 40) / (1 << 24)   # exact in float32
    return out

def vectors(seed, n, d, shift):
    u = splitmix(seed, n * d).reshape(n, d)
    v = u + shift * np.roll(u, 1, axis=1) * u
    return v.astype(np.float32)

def pcg(seed1, seed2):
    """The generator of Go's math/rand/v2."""
    hi, lo = seed1, seed2
    s = (hi << 64) | lo
    mul = (2549297995355413924 << 64) | 4865540595714422341
    inc = (6364136223846793005 << 64) | 1442695040888963407
    m128 = (1 << 128) - 1
    while True:
        s = (s * mul + inc) & m128
        hi, lo = s >> 64, s & M
        hi ^= hi >> 32
        hi = (hi * 0xda942042e4dd58b5) & M
        hi ^= hi >> 48
        hi = (hi * (lo | 1)) & M
        yield hi

def draw(g, n, m):
    a = list(range(n))
    for i in range(m):
        j = i + ((next(g) * (n - i)) >> 64)
        a[i], a[j] = a[j], a[i]
    return a[:m]

def mmd(x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    m, d = x.shape
    k = lambda a, b: (a @ b.T / d + 1) ** 3
    xx, yy, xy = k(x, x), k(y, y), k(x, y)
    return (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()

def kid(x, y):
    m = min(1000, len(x), len(y))
    subsets = 1 if m == len(x) == len(y) else 100
    v = []
    for k in range(subsets):
        g = pcg(2020, k)
        v.append(mmd(x[draw(g, len(x), m)], y[draw(g, len(y), m)]))
    return float(np.mean(v)), float(np.std(v))

def cdist2(a, b):
    a, b = a.astype(np.float64), b.astype(np.float64)
    return ((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)

def prdc(fake, real):
    rr, ff, fr = cdist2(real, real), cdist2(fake, fake), cdist2(fake, real)
    rad = lambda m, k: np.sort(m, axis=1)[:, k]
    p = (fr <= rad(rr, 3)[None]).any(1).mean()
    r = (fr <= rad(ff, 3)[:, None]).any(0).mean()
    inside = fr < rad(rr, 5)[None]
    return float(p), float(r), float(inside.sum() / (5 * len(fake))), float(inside.any(0).mean())

def frechet(a, b):
    import scipy.linalg
    a, b = a.astype(np.float64), b.astype(np.float64)
    ma, mb, sa, sb = a.mean(0), b.mean(0), np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    w, v = scipy.linalg.eigh(sb)
    root = (v * np.sqrt(np.clip(w, 0, None))) @ v.T
    t = np.sqrt(np.clip(scipy.linalg.eigvalsh(root @ sa @ root), 0, None)).sum()
    return float(((ma - mb) ** 2).sum() + np.trace(sa) + np.trace(sb) - 2 * t)

def inf(a, b):
    n, K = len(a), 10
    whole = frechet(a, b)
    i = np.arange(n)
    ps = [K * whole - (K - 1) * frechet(a[i % K != k], b) for k in range(K)]
    return float(np.mean(ps)), float(np.std(ps) / np.sqrt(K - 1))

def iscore(l):
    l = l.astype(np.float64)
    l = l - l.max(1, keepdims=True)
    lp = l - np.log(np.exp(l).sum(1, keepdims=True))
    s = []
    n = len(l)
    for k in range(10):
        c = lp[k * n // 10:(k + 1) * n // 10]
        q = np.exp(c).mean(0)
        s.append(np.exp((np.exp(c) * (c - np.log(q))).sum(1).mean()))
    return float(np.mean(s)), float(np.std(s))

import torch
from unittest.mock import MagicMock
for _m in ["torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.datasets", "torchvision.models"]:
    sys.modules[_m] = MagicMock()  # imported, but not used by what is called here
from prdc.prdc import compute_prdc
from torch_fidelity.metric_kid import kid_features_to_metric
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_prc import prc_features_to_metric
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric

out = []
for name, n, m, d in [("more than dimensions", 120, 90, 12), ("fewer than dimensions", 30, 24, 40), ("equal sizes", 64, 64, 16)]:
    x, y = vectors(1, n, d, 0.25), vectors(2, m, d, 0.0)
    c = {"name": name, "images": n, "ref": m, "dim": d, "fid": frechet(x, y), "kid": kid(x, y), "prdc": prdc(x, y), "inf": inf(x, y), "is": iscore(4 * x)}
    tx, ty = torch.from_numpy(x), torch.from_numpy(y)
    tf = prc_features_to_metric(tx, ty, prc_neighborhood=3, prc_batch_size=10000, save_cpu_ram=False, verbose=False)
    near, far = compute_prdc(y, x, 3), compute_prdc(y, x, 5)  # real first; the k of each pair's authors
    c["pkg_prdc"] = [float(near["precision"]), float(near["recall"]), float(far["density"]), float(far["coverage"])]
    c["tf_pr"] = [tf["precision"], tf["recall"]]
    i = isc_features_to_metric(torch.from_numpy(4 * x), 10, False)
    c["tf_is"] = [i["inception_score_mean"], i["inception_score_std"]]
    c["tf_fid"] = fid_statistics_to_metric(fid_features_to_statistics(tx), fid_features_to_statistics(ty), False)["frechet_inception_distance"]
    if n == m:
        k = kid_features_to_metric(tx.double(), ty.double(), kid_subsets=1, kid_subset_size=n, verbose=False)
        c["tf_kid"] = k["kernel_inception_distance_mean"]
    out.append(c)
with open("statistics.json", "w") as f:
    f.write(json.dumps(out, indent=1) + "\n")
