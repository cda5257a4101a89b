# Writes frechet.json: Fréchet distances by SciPy, of sets with more images than
# dimensions and with fewer, by the symmetric root and by sqrtm of the product.
# Usage: python frechet.py >frechet.json, with NumPy and SciPy alone.
import json

import numpy as np
import scipy.linalg


def vectors(seed, n, d, shift):
    k = np.arange(1, n * d + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + k * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    u = ((z >> np.uint64(40)).astype(np.float64) / 2**24).reshape(n, d)
    return (u + (shift * np.roll(u, 1, 1)) * u).astype(np.float32).astype(np.float64)


def distances(x, y):
    ma, mb, sa, sb = x.mean(0), y.mean(0), np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    rest = ((ma - mb) ** 2).sum() + np.trace(sa) + np.trace(sb)
    w, v = scipy.linalg.eigh(sb)
    root = (v * np.sqrt(np.clip(w, 0, None))) @ v.T
    symmetric = np.sqrt(np.clip(scipy.linalg.eigvalsh(root @ sa @ root), 0, None)).sum()
    # The roots are the singular values of the centred images of one set by the other's,
    # which loses no digits to squares: the most exact of the three.
    singular = scipy.linalg.svdvals((x - ma) @ (y - mb).T).sum() / np.sqrt((len(x) - 1) * (len(y) - 1))
    general = np.trace(scipy.linalg.sqrtm(sa @ sb)).real
    return [float(rest - 2 * t) for t in (singular, symmetric, general)]


out = []
for n, m in [(700, 500), (500, 60), (60, 500), (60, 50), (2, 500)]:
    singular, symmetric, general = distances(vectors(1, n, 160, 0.25), vectors(2, m, 160, 0.0))
    out.append({"images": n, "ref": m, "dim": 160, "singular": singular, "symmetric": symmetric, "sqrtm": general})
print(json.dumps(out, indent=1))
