"""Computes augment.npz, with which the tests of package augment compare: python generate.py, with PyTorch.

The transforms are written here from their definitions: images [N C H W], matrices that map a place of the result,
in pixels from the centre, to one of the source, and colours as 3x4 matrices. Images are values() of ../../nettest/golden.py.
"""
import math, sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).parent.parent.parent / 'nettest'))
from golden import values

SYM6 = [0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466, 0.787641141030194,
        0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148]


def translate(x, y): return torch.tensor([[1, 0, x], [0, 1, y], [0, 0, 1]], dtype=torch.float64)
def scale(x, y): return torch.diag(torch.tensor([x, y, 1], dtype=torch.float64))
def rotate(a): return torch.tensor([[math.cos(a), math.sin(-a), 0], [math.sin(a), math.cos(a), 0], [0, 0, 1]], dtype=torch.float64)


def geometry(images, inverse):
    """The images under inverse maps [N 3 3]: reflected as far as one image reaches, doubled by sym6, sampled, halved."""
    n, c, h, w = images.shape
    mx, my = w - 1, h - 1
    x = F.pad(images, [mx, mx, my, my], mode='reflect')
    f = torch.tensor(SYM6)
    k = (f.flip(0) / f.sum() * 2).tile([c, 1, 1])
    def double(x):  # along the last axis: zeros between, then a true convolution
        z = torch.stack([x, torch.zeros_like(x)], -1).flatten(-2)[..., :-1]
        return F.conv2d(z, k[:, None], groups=c, padding=[0, 6])
    x = double(double(x).transpose(2, 3)).transpose(2, 3)
    H, W = x.shape[2:]
    oh, ow = (h + 6) * 2, (w + 6) * 2
    maps = []
    for g in inverse:
        g = translate(-0.5, -0.5) @ scale(2, 2) @ g @ scale(0.5, 0.5) @ translate(0.5, 0.5)
        maps.append((scale(2 / W, 2 / H) @ g @ scale(ow / 2, oh / 2))[:2])
    x = x.double()
    x = F.grid_sample(x, F.affine_grid(torch.stack(maps), [n, c, oh, ow], align_corners=False), mode='bilinear', padding_mode='zeros', align_corners=False)
    x = x.float()
    k = (f / f.sum()).tile([c, 1, 1])
    def halve(x):
        return F.conv2d(x, k[:, None], groups=c, stride=[1, 2], padding=[0, 5])[..., 3:-3]
    return halve(halve(x).transpose(2, 3)).transpose(2, 3)


V = torch.tensor([1, 1, 1, 0], dtype=torch.float64) / math.sqrt(3)


def translate3(b): return torch.tensor([[1, 0, 0, b], [0, 1, 0, b], [0, 0, 1, b], [0, 0, 0, 1]], dtype=torch.float64)
def scale3(c): return torch.diag(torch.tensor([c, c, c, 1], dtype=torch.float64))
def luma_flip(): return torch.eye(4, dtype=torch.float64) - 2 * torch.outer(V, V)
def saturate(s): return torch.outer(V, V) + (torch.eye(4, dtype=torch.float64) - torch.outer(V, V)) * s


def hue(a):
    v, s, c = V[:3], math.sin(a), math.cos(a)
    x, y, z = v
    skew = torch.tensor([[0, -z, y], [z, 0, -x], [-y, x, 0]], dtype=torch.float64)
    m = torch.eye(4, dtype=torch.float64)
    m[:3, :3] = c * torch.eye(3) + s * skew + (1 - c) * torch.outer(v, v)
    return m


def colour(images, m):
    """m [N 4 4]; of grey images the mean of its rows."""
    n, c, h, w = images.shape
    x = images.reshape(n, c, h * w).double()
    if c == 3:
        x = m[:, :3, :3] @ x + m[:, :3, 3:]
    else:
        m = m[:, :3].mean(1, keepdim=True)
        x = x * m[:, :, :3].sum(2, keepdim=True) + m[:, :, 3:]
    return x.reshape(n, c, h, w).float()


SIDE = 8
TURNS = dict(
    identity=translate(0, 0), mirror=scale(-1, 1), quarter=rotate(-math.pi / 2), whole=translate(-2, 1),
    larger=scale(1 / 1.3, 1 / 1.3), smaller=scale(2.1, 2.1), turn=rotate(0.4), squeeze=rotate(0.3) @ scale(1 / 1.4, 1.4) @ rotate(-0.3),
    shift=translate(-0.7, 2.3), all=scale(-1, 1) @ scale(1 / 0.8, 1 / 0.8) @ rotate(-0.9) @ scale(1 / 1.1, 1.1) @ translate(0.6, -1.7))
COLOURS = dict(
    brightness=translate3(0.3), contrast=scale3(1.7), luma=luma_flip(), hue=hue(1.1), saturation=saturate(0.4),
    all=saturate(1.6) @ hue(-2.0) @ luma_flip() @ scale3(0.6) @ translate3(-0.2))


def diff(x, brightness, saturation, contrast, shift, centre):
    """DiffAugment with given draws, one image at a time."""
    n, c, h, w = x.shape
    x = x + brightness[:, None, None, None]
    mean = x.mean(1, keepdim=True)
    x = (x - mean) * saturation[:, None, None, None] + mean
    mean = x.mean([1, 2, 3], keepdim=True)
    x = (x - mean) * contrast[:, None, None, None] + mean
    out, side = torch.zeros_like(x), int(0.2 * h + 0.5)
    for i in range(n):
        dy, dx = shift[i]
        for r in range(h):
            for q in range(w):
                if 0 <= r + dy < h and 0 <= q + dx < w:
                    out[i, :, r, q] = x[i, :, r + dy, q + dx]
        if centre is None:
            continue
        y, z = centre[i]
        for r in range(y - side // 2, y - side // 2 + side):
            for q in range(z - side // 2, z - side // 2 + side):
                out[i, :, min(max(r, 0), h - 1), min(max(q, 0), w - 1)] = 0
    return out


def main():
    torch.set_num_threads(1)
    out = {}
    for channels in (1, 3):
        x = values('images', 2, channels, SIDE, SIDE)
        for name, g in TURNS.items():
            x.requires_grad_()
            y = geometry(x, torch.stack([g, torch.eye(3, dtype=torch.float64)]))
            dx, = torch.autograd.grad((y * values('r', *y.shape)).sum(), x)
            if channels == 3:
                out[f'geometry/{name}'], out[f'geometry/{name}/grad'] = y[:1].detach(), dx[:1]
        for name, m in COLOURS.items():
            out[f'colour/{name}/{channels}'] = colour(x.detach(), torch.stack([m, torch.eye(4, dtype=torch.float64)]))
    x = values('images', 2, 3, 10, 10).requires_grad_()
    one, zero = torch.ones(2), torch.zeros(2)
    none = [(0, 0), (0, 0)]
    def record(name, brightness=zero, saturation=one, contrast=one, shift=none, centre=None):
        y = diff(x, brightness, saturation, contrast, shift, centre)
        out[f'diff/{name}'] = y.detach()
        out[f'diff/{name}/grad'], = torch.autograd.grad((y * values('r', *y.shape)).sum(), x)
    b, s, c = torch.tensor([0.25, -0.5]), torch.tensor([0.5, 1.75]), torch.tensor([0.75, 1.25])
    record('brightness', brightness=b)
    record('saturation', saturation=s)
    record('contrast', contrast=c)
    record('translation', shift=[(1, -1), (0, 1)])
    record('cutout', centre=[(0, 10), (4, 7)])
    record('all', b, s, c, [(-1, 1), (1, 0)], [(9, 0), (3, 3)])
    np.savez_compressed(Path(__file__).parent / 'augment.npz', **{k: v.numpy().astype(np.float32) for k, v in out.items()})


if __name__ == '__main__':
    main()
