"""Times SciPy's two ways to the Fréchet distance at 2048 dimensions.

The first argument is the number of threads, 1 if there is none. Processor time, in
seconds; beside it: go test -run - -bench Frechet/2048 ./metrics
"""
import os
import sys
import time

threads = sys.argv[1] if len(sys.argv) > 1 else "1"
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = threads
os.environ.pop("OPENBLAS_CORETYPE", None)

import numpy as np
import scipy
from scipy import linalg

DIM = 2048
rng = np.random.default_rng(0)
a, b = (np.cov(rng.normal(size=(2 * DIM, DIM)), rowvar=False) for _ in range(2))
values, vectors = linalg.eigh(a)
root = (vectors * np.sqrt(values.clip(0))) @ vectors.T


def timed(name, trace):
    wall, cpu = time.perf_counter(), time.process_time()
    value = trace()
    print(f"{name}: {time.perf_counter() - wall:.2f} s, {time.process_time() - cpu:.2f} s of processor time, trace {value:.6f}")


print("SciPy", scipy.__version__, "with", threads, "threads")
timed("eigvalsh of the symmetric product, the reference's root being there", lambda: np.sqrt(linalg.eigvalsh(root @ b @ root).clip(0)).sum())
timed("sqrtm of the product", lambda: np.trace(linalg.sqrtm(a @ b)).real)
