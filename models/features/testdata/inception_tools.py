#!/usr/bin/env python3
"""How far the programs that compute FID lie apart on the same images with the same
weights: writes 200 pictures, in two sets, and weights, and each program's features; or
compares those with what innate made of the same.

    python inception_tools.py make FOLDER SIZE
    innate fid ref FOLDER/SIZE/a.PROGRAM.npz --dataset FOLDER/SIZE/a --vectors \\
        --features FOLDER/torchvision.pth --input PROGRAM        # and of b, for every program
    python inception_tools.py compare FOLDER SIZE

Distances of features are the mean over images of |f-g|/|f|; FID is that between the two
sets of 100, each by one program, by SciPy's sqrtm.
"""
import os, sys
import numpy as np
import torch
from PIL import Image
from inception import nvidia, programs
from generate import recipe

SETS, COUNT = ("a", "b"), 100


def pictures(size, part):
    """Waves in three colours with noise, finer in the second set."""
    y, x = np.meshgrid(np.arange(size) / size, np.arange(size) / size, indexing="ij")
    for i in range(COUNT):
        r = recipe(1000 * part + i, 40).astype(np.float64)
        out = np.zeros((size, size, 3))
        for k in range(3):
            for j in range(4):
                fy, fx, phase, height = r[12 * k + 3 * j], r[12 * k + 3 * j + 1], r[12 * k + 3 * j + 2], r[36 + j]
                out[..., k] += height * np.sin(2 * np.pi * ((4 + 8 * part) * (fy * y + fx * x) + phase))
        noise = recipe(5000 + 1000 * part + i, size * size * 3).reshape(size, size, 3) - 0.5
        yield np.clip(128 + 60 * out + 60 * noise, 0, 255).astype(np.uint8)


def make(folder, size):
    torch.set_num_threads(1)
    os.makedirs(folder, exist_ok=True)
    all_programs = programs(folder, nvidia())
    for part, name in enumerate(SETS):
        images = np.stack(list(pictures(size, part)))
        os.makedirs(os.path.join(folder, str(size), name), exist_ok=True)
        for i, p in enumerate(images):
            Image.fromarray(p).save(os.path.join(folder, str(size), name, f"{i:03d}.png"))
        with torch.no_grad():
            for program, (features, _) in all_programs.items():
                out = np.concatenate([features(images[i : i + 10]).numpy() for i in range(0, COUNT, 10)])
                np.save(os.path.join(folder, str(size), f"{name}.{program}.npy"), out)
                print(size, name, program, out.mean(), flush=True)


def fid(a, b):
    """FID of features [n d], n < d: the root's trace is a sum of n singular values."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    mean = ((a.mean(0) - b.mean(0)) ** 2).sum()
    a, b = a - a.mean(0), b - b.mean(0)
    root = np.linalg.svd(a @ b.T, compute_uv=False).sum()
    return float(mean + ((a**2).sum() + (b**2).sum() - 2 * root) / (len(a) - 1))


def compare(folder, size):
    path = lambda name: os.path.join(folder, str(size), name)
    names = ["edm", "torch-fidelity", "pytorch-fid", "clean-fid"]
    tools = {(n, s): np.load(path(f"{s}.{n}.npy")) for n in names for s in SETS}
    own = {(n, s): np.load(path(f"{s}.{n}.npz")) for n in names for s in SETS}
    vectors = lambda z: z["vectors"]
    apart = lambda f, g: float(np.mean(np.linalg.norm(f - g, axis=1) / np.linalg.norm(f, axis=1)))
    print("| features of a | " + " | ".join(names) + " | innate, the same input |")
    print("|---|" + "---|" * (len(names) + 1))
    for n in names:
        row = [apart(tools[n, "a"], tools[m, "a"]) for m in names] + [apart(tools[n, "a"], vectors(own[n, "a"]))]
        print(f"| {n} | " + " | ".join(f"{v:.2g}" for v in row) + " |", flush=True)
    for n in names:
        print(n, "FID of a and b:", fid(tools[n, "a"], tools[n, "b"]), "of innate's features:", fid(vectors(own[n, "a"]), vectors(own[n, "b"])), flush=True)
    print("edm's a against the others' a:", {n: fid(tools["edm", "a"], tools[n, "a"]) for n in names[1:]})
    print("against innate's a by the same input:", {n: fid(tools[n, "a"], vectors(own[n, "a"])) for n in names})


if __name__ == "__main__":
    {"make": make, "compare": compare}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
