"""Computes golden.json, with which the tests of this package compare: python golden.py, with PyTorch and NumPy.

The networks are those of models/nettest/golden.py, whose parameters and inputs follow from their names. What is measured of
them is written down here a second time, in float64, from the definitions alone.
"""
import json, math, sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / 'models' / 'nettest'))
import golden as nets

N = 3
GRID = [(80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7 for i in range(18)]


def rms(x):
    return x.square().mean().sqrt().item()


def turned(a, b):
    return 1 - (a @ b / (a.norm() * b.norm())).item()


def spectrum(images):
    """[N C S S] to the mean power of each ring and the energy of the three bands."""
    side = images.shape[-1]
    power = np.abs(np.fft.fft2(images.numpy())) ** 2 / side ** 2
    k = np.fft.fftfreq(side, 1 / side)
    ring = np.rint(np.hypot(k[:, None], k[None, :])).astype(int)
    nyquist = side // 2
    rings = [power[..., ring == r].mean() for r in range(nyquist + 1)]
    bands = [0.0] * 3
    for r in range(1, nyquist + 1):
        band = 0 if r <= nyquist / 3 else 1 if r <= 2 * nyquist / 3 else 2
        bands[band] += power[..., ring == r].sum() / (images.shape[0] * images.shape[1] * side ** 2)
    return rings, bands


def measure(name, kind):
    c = nets.NETS[name]
    net = (nets.ADM if c['arch'] == 'adm' else nets.Song)(c)
    nets.fill(net)
    net.double()
    for m in net.modules():
        if isinstance(m, nets.Conv):
            m.filter = m.filter.double()
    shape = (N, c['channels'], c['resolution'], c['resolution'])
    y = (nets.values('y', *shape).double() * 64 + 128) / 127.5 - 1  # bytes
    z = nets.values('z', *shape).double()
    label = nets.one_hot(N, c['label_dim']).double() if c['label_dim'] else None

    def denoise(x, s):
        e = s - (0.002 if kind == 'gdd' else 0)
        f = net(x / math.hypot(s, 0.5), torch.full((N,), math.log(s) / 4), label)
        return 0.25 / (e * e + 0.25) * x + e * 0.5 / math.hypot(s, 0.5) * f

    blocks = {k: m for k, m in net.named_modules() if isinstance(m, nets.Block)}
    order = [k for k, _ in net.named_modules() if k in blocks]
    seen = {}

    def see(key):
        def hook(m, args, out):
            x, emb = args
            short = x if m.skip is None else m.skip(x)
            seen[key] = short, out, m.affine(emb), m.gain ** (2 if m.heads else 1)
        return hook

    handles = [m.register_forward_hook(see(k)) for k, m in blocks.items()]
    share, act, mod, ablation, power, low, denoised_bands = ([] for _ in range(7))
    for s in GRID:
        want = denoise(y + s * z, s)
        taken = dict(seen)
        share.append([rms(out - g * short) / rms(short) for short, out, _, g in (taken[k] for k in order)])
        act.append([taken[k][1].abs().mean((0, 2, 3)) for k in order])
        mod.append([taken[k][2].mean(0) for k in order])
        rings, bands = spectrum(want)
        power.append(rings)
        denoised_bands.append(bands)
        low.append([(lambda b: b[0] / sum(b) if sum(b) else None)(spectrum(taken[k][1])[1]) for k in order])
        lost = []
        for k in order:
            zero = [b.register_forward_hook(lambda m, a, out: out * 0) for b in (blocks[k].conv1, getattr(blocks[k], 'proj', None)) if b is not None]
            got = denoise(y + s * z, s)
            for h in zero:
                h.remove()
            lost.append((rms(got - want) / rms(want)))
        ablation.append(lost)
    for h in handles:
        h.remove()
    real, real_bands = spectrum(y)
    one, one_bands = spectrum(denoise(80 * z, 80.0))
    selectivity = []
    for i in range(len(order)):
        a = torch.stack([step[i] for step in act])
        p = a / a.sum(0)
        selectivity.append((-(p * p.log()).sum(0) / math.log(18)).mean().item())
    raw = np.array(share).T
    return dict(
        blocks=order, raw=raw.max(1).tolist(), share=(raw / raw.max(1, keepdims=True)).tolist(), selectivity=selectivity,
        turn=[[turned(a[i], act[0][i]) for a in act] for i in range(len(order))],
        modulation=[[rms(m[i]) for m in mod] for i in range(len(order))],
        modulation_turn=[[turned(m[i], mod[0][i]) for m in mod] for i in range(len(order))],
        ablation=np.array(ablation).T.tolist(),
        real=real, one=one, bands=[real_bands, one_bands] + denoised_bands,
        denoised=(10 * np.log10(np.array(power) / np.array(real))).tolist(), low=np.array(low, dtype=object).T.tolist())


def rounded(v):
    if isinstance(v, dict):
        return {k: rounded(x) for k, x in v.items()}
    if isinstance(v, list):
        return [rounded(x) for x in v]
    return float(f'{v:.7g}') if isinstance(v, float) else v


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    with torch.no_grad():
        out = {name: measure(name, kind) for name, kind in (('residual_standard', 'edm'), ('adm_cond', 'gdd'))}
    (HERE / 'golden.json').write_text(json.dumps(rounded(out)) + '\n')


if __name__ == '__main__':
    main()
