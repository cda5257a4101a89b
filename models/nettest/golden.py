"""Computes testdata/nets.npz and nets.json, with which the tests of the networks compare: python golden.py, with PyTorch.

The classes follow the papers' descriptions and EDM's names, one module a layer. Parameters and inputs are not stored:
they follow from their names, by values() here and nettest.Values in Go. Gradients are those of sum(out * r).
"""
import json, math, zlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

SAMPLED = 48  # values of each gradient that are stored, evenly chosen


def values(name, *shape, std=1.0):
    """Uniform values on a grid of 1/128, scaled by a power of two near 1.7 times std; they are exact in float32."""
    n = math.prod(shape)
    x = (zlib.crc32(name.encode()) + np.arange(n, dtype=np.uint64) * 2654435761) & 0xffffffff
    x ^= x >> 16
    x = x * 2246822519 & 0xffffffff
    x ^= x >> 13
    k = (x >> 8 & 0xff).astype(np.float64) - 128
    return torch.from_numpy((k / 128 * 2.0 ** round(math.log2(1.7 * std))).astype(np.float32)).reshape(shape)


def fill(module):
    with torch.no_grad():
        for name, p in module.named_parameters():
            std = 1 / math.sqrt(p[0].numel()) if p.dim() > 1 else 0.125
            p.copy_(values(name, *p.shape, std=std))
            if p.dim() == 1 and name.endswith('weight'):
                p += 1
        for name, b in module.named_buffers():
            b.copy_(values(name, *b.shape, std=2.0))


def weight(*shape):
    return nn.Parameter(torch.zeros(shape))


class Linear(nn.Module):
    def __init__(self, fan_in, fan_out, bias=True):
        super().__init__()
        self.weight = weight(fan_out, fan_in)
        self.bias = weight(fan_out) if bias else None

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


class Conv(nn.Module):
    """A k x k convolution behind a resampling; k = 0 is the resampling alone, fused the resampling behind."""
    def __init__(self, cin, cout, k, how='', taps=(1, 1)):
        super().__init__()
        self.k, self.how = k, how
        f = torch.tensor(taps, dtype=torch.float32)
        self.filter, self.pad = torch.outer(f, f) / f.sum() ** 2, (len(taps) - 1) // 2
        if k:
            self.weight, self.bias = weight(cout, cin, k, k), weight(cout)

    def resample(self, x, pad):
        c = x.shape[1]
        f = self.filter.repeat(c, 1, 1, 1)
        if self.how == 'up':
            return F.conv_transpose2d(x, 4 * f, stride=2, padding=pad, groups=c)
        return F.conv2d(x, f, stride=2, padding=pad, groups=c)

    def forward(self, x):
        if self.how == 'fused':
            return self.resample(F.conv2d(x, self.weight, padding=self.k // 2 + self.pad), 0) + self.bias[:, None, None]
        if self.how:
            x = self.resample(x, self.pad)
        return F.conv2d(x, self.weight, self.bias, padding=self.k // 2) if self.k else x


class Norm(nn.Module):
    def __init__(self, c, eps):
        super().__init__()
        self.weight, self.bias, self.eps = weight(c), weight(c), eps

    def forward(self, x):
        return F.group_norm(x, min(32, x.shape[1] // 4), self.weight, self.bias, self.eps)


class Block(nn.Module):
    def __init__(self, cin, cout, emb, heads, how='', *, taps=(1, 1), eps, adaptive, project, gain):
        super().__init__()
        self.cin, self.heads, self.adaptive, self.gain = cin, heads, adaptive, gain
        self.norm0, self.conv0 = Norm(cin, eps), Conv(cin, cout, 3, how, taps)
        self.affine = Linear(emb, cout * (2 if adaptive else 1))
        self.norm1, self.conv1 = Norm(cout, eps), Conv(cout, cout, 3)
        self.skip = Conv(cin, cout, 1 if project or cin != cout else 0, how, taps) if how or cin != cout else None
        if heads:
            self.norm2, self.qkv, self.proj = Norm(cout, eps), Conv(cout, 3 * cout, 1), Conv(cout, cout, 1)

    def forward(self, x, emb):
        h = self.conv0(F.silu(self.norm0(x)))
        p = self.affine(emb)[:, :, None, None]
        if self.adaptive:
            scale, shift = p.chunk(2, 1)
            h = F.silu(shift + self.norm1(h) * (1 + scale))
        else:
            h = F.silu(self.norm1(h + p))
        x = (self.conv1(h) + (x if self.skip is None else self.skip(x))) * self.gain
        if self.heads:
            n, c, height, width = x.shape
            q, k, v = self.qkv(self.norm2(x)).view(n * self.heads, c // self.heads, 3, height * width).unbind(2)
            w = torch.einsum('ncq,nck->nqk', q, k / math.sqrt(c // self.heads)).softmax(2)
            x = (self.proj(torch.einsum('nqk,nck->ncq', w, v).reshape(x.shape)) + x) * self.gain
        return x


def join(x, skips, block):
    return x if x.shape[1] == block.cin else torch.cat([x, skips.pop()], 1)


class Song(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, m, out = c, c['model_channels'], c.get('out_channels', c['channels'])
        emb, noise, taps = m * c['channel_mult_emb'], m * c['channel_mult_noise'], c['resample_filter']
        def block(cin, cout, attends=False, how=''):
            return Block(cin, cout, emb, int(attends), how, taps=taps, eps=1e-6, adaptive=False, project=True, gain=math.sqrt(0.5))
        if c['embedding'] == 'fourier':
            self.map_noise = nn.Module()
            self.map_noise.register_buffer('freqs', torch.zeros(noise // 2))
        if c['label_dim']:
            self.map_label = Linear(c['label_dim'], noise)
        if c['augment_dim']:
            self.map_augment = Linear(c['augment_dim'], noise, bias=False)
        self.map_layer0, self.map_layer1 = Linear(noise, emb), Linear(emb, emb)
        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        cout, aux, skips = m, c['channels'], []
        for level, mult in enumerate(c['channel_mult']):
            side = c['resolution'] >> level
            at = f'{side}x{side}_'
            if level == 0:
                self.enc[at + 'conv'] = Conv(c['channels'], cout, 3)
            else:
                self.enc[at + 'down'] = block(cout, cout, how='down')
                if c['encoder'] == 'skip':
                    self.enc[at + 'aux_down'], self.enc[at + 'aux_skip'] = Conv(aux, aux, 0, 'down', taps), Conv(aux, cout, 1)
                if c['encoder'] == 'residual':
                    self.enc[at + 'aux_residual'], aux = Conv(aux, cout, 3, 'fused', taps), cout
            skips.append(cout)
            for i in range(c['num_blocks']):
                self.enc[at + f'block{i}'] = block(cout, m * mult, side in c['attn_resolutions'])
                cout = m * mult
                skips.append(cout)
        last = len(c['channel_mult']) - 1
        for level in range(last, -1, -1):
            side, width = c['resolution'] >> level, m * c['channel_mult'][level]
            at = f'{side}x{side}_'
            if level == last:
                self.dec[at + 'in0'], self.dec[at + 'in1'] = block(cout, cout, True), block(cout, cout)
            else:
                self.dec[at + 'up'] = block(cout, cout, how='up')
            for i in range(c['num_blocks'] + 1):
                self.dec[at + f'block{i}'] = block(cout + skips.pop(), width, i == c['num_blocks'] and side in c['attn_resolutions'])
                cout = width
            if c['decoder'] == 'skip' or level == 0:
                if c['decoder'] == 'skip' and level < last:
                    self.dec[at + 'aux_up'] = Conv(out, out, 0, 'up', taps)
                self.dec[at + 'aux_norm'], self.dec[at + 'aux_conv'] = Norm(cout, 1e-6), Conv(cout, out, 3)

    def forward(self, x, t, label=None, augment=None):
        half = self.map_layer0.weight.shape[1] // 2
        f = 2 * math.pi * self.map_noise.freqs if self.c['embedding'] == 'fourier' else 10000 ** (-torch.arange(half) / (half - 1))
        e = torch.cat([torch.sin(t[:, None] * f), torch.cos(t[:, None] * f)], 1)
        if self.c['label_dim']:
            label = torch.zeros(1, self.c['label_dim']) if label is None else label
            e = e + self.map_label(label * math.sqrt(self.c['label_dim']))
        if augment is not None:
            e = e + self.map_augment(augment)
        e = F.silu(self.map_layer1(F.silu(self.map_layer0(e))))
        skips, aux = [], x
        for name, m in self.enc.items():
            if name.endswith('aux_down'):
                aux = m(aux)
            elif name.endswith('aux_skip'):
                x = skips[-1] = x + m(aux)
            elif name.endswith('aux_residual'):
                x = skips[-1] = aux = (x + m(aux)) * math.sqrt(0.5)
            else:
                x = m(x, e) if isinstance(m, Block) else m(x)
                skips.append(x)
        out = 0
        for name, m in self.dec.items():
            if name.endswith('aux_up'):
                out = m(out)
            elif name.endswith('aux_norm'):
                normed = F.silu(m(x))
            elif name.endswith('aux_conv'):
                out = out + m(normed)
            else:
                x = m(join(x, skips, m), e)
        return out


class ADM(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, m, out = c, c['model_channels'], c.get('out_channels', c['channels'])
        emb = m * c['channel_mult_emb']
        def block(cin, cout, attends=False, how=''):
            return Block(cin, cout, emb, cout // 64 if attends else 0, how, eps=1e-5, adaptive=True, project=False, gain=1)
        if c['augment_dim']:
            self.map_augment = Linear(c['augment_dim'], m, bias=False)
        self.map_layer0, self.map_layer1 = Linear(m, emb), Linear(emb, emb)
        if c['label_dim']:
            self.map_label = Linear(c['label_dim'], emb, bias=False)
        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        cout, skips = m * c['channel_mult'][0], []
        for level, mult in enumerate(c['channel_mult']):
            side = c['resolution'] >> level
            at = f'{side}x{side}_'
            if level == 0:
                self.enc[at + 'conv'] = Conv(c['channels'], cout, 3)
            else:
                self.enc[at + 'down'] = block(cout, cout, how='down')
            skips.append(cout)
            for i in range(c['num_blocks']):
                self.enc[at + f'block{i}'] = block(cout, m * mult, side in c['attn_resolutions'])
                cout = m * mult
                skips.append(cout)
        last = len(c['channel_mult']) - 1
        for level in range(last, -1, -1):
            side, width = c['resolution'] >> level, m * c['channel_mult'][level]
            at = f'{side}x{side}_'
            if level == last:
                self.dec[at + 'in0'], self.dec[at + 'in1'] = block(cout, cout, True), block(cout, cout)
            else:
                self.dec[at + 'up'] = block(cout, cout, how='up')
            for i in range(c['num_blocks'] + 1):
                self.dec[at + f'block{i}'] = block(cout + skips.pop(), width, side in c['attn_resolutions'])
                cout = width
        self.out_norm, self.out_conv = Norm(cout, 1e-5), Conv(cout, out, 3)

    def forward(self, x, t, label=None, augment=None):
        half = self.c['model_channels'] // 2
        f = 10000 ** (-torch.arange(half) / half)
        e = torch.cat([torch.cos(t[:, None] * f), torch.sin(t[:, None] * f)], 1)
        if augment is not None:
            e = e + self.map_augment(augment)
        e = self.map_layer1(F.silu(self.map_layer0(e)))
        if label is not None:
            e = e + self.map_label(label)
        e, skips = F.silu(e), []
        for m in self.enc.values():
            x = m(x, e) if isinstance(m, Block) else m(x)
            skips.append(x)
        for m in self.dec.values():
            x = m(join(x, skips, m), e)
        return self.out_conv(F.silu(self.out_norm(x)))


# ------------------------------------------------------------------ denoisers, in float64 around a network in float32

U = [0.0] * 1001
for j in range(1000, 0, -1):
    bar = lambda j: math.sin(math.pi / 2 * j / (1000 * 1.008)) ** 2
    U[j - 1] = math.sqrt((U[j] ** 2 + 1) / max(bar(j - 1) / bar(j), 0.001) - 1)
vp_sigma = lambda d, m: lambda t: math.sqrt(math.expm1(d * t * t / 2 + m * t))
vp_inv = lambda d, m: lambda s: (math.sqrt(m * m + 2 * d * math.log1p(s * s)) - m) / d


class Denoiser:
    def __init__(self, net, kind):
        self.net, self.kind = net, kind
        self.lo, self.hi = dict(vp=(vp_sigma(19.9, 0.1)(1e-5), vp_sigma(19.9, 0.1)(1)), ve=(0.02, 100), iddpm=(U[999], U[0])).get(kind, (0, math.inf))

    def round(self, s):
        return min(U, key=lambda u: abs(u - s)) if self.kind == 'iddpm' else s

    def __call__(self, x, s, label=None):
        if self.kind in ('edm', 'gdd'):
            e = s - (0.002 if self.kind == 'gdd' else 0)
            skip, out, cin, noise = 0.25 / (e * e + 0.25), e * 0.5 / math.hypot(s, 0.5), 1 / math.hypot(s, 0.5), math.log(s) / 4
        elif self.kind == 've':
            skip, out, cin, noise = 1, s, 1, math.log(s / 2)
        else:
            skip, out, cin = 1, -s, 1 / math.hypot(s, 1)
            noise = 999 * vp_inv(19.9, 0.1)(s) if self.kind == 'vp' else 999 - min(range(1001), key=lambda j: abs(U[j] - s))
        x = x.float()
        f = self.net(cin * x, torch.full((len(x),), noise, dtype=torch.float32), label)
        return skip * x + out * f[:, :x.shape[1]]


def edm_sample(D, z, label, n, churn=0, lo=0, hi=math.inf, noise=1):
    a, b = max(0.002, D.lo), min(80, D.hi)
    t = [D.round((a_ + i / (n - 1) * (b_ - a_)) ** 7) for i in range(n) for a_, b_ in [(b ** (1 / 7), a ** (1 / 7))]] + [0]
    x = z.double() * t[0]
    for i in range(n):
        gamma = min(churn / n, math.sqrt(2) - 1) if lo <= t[i] <= hi else 0
        s = D.round(t[i] * (1 + gamma))
        x = x + math.sqrt(s * s - t[i] ** 2) * noise * values(f'noise/{i}', *x.shape).double()
        d = (x - D(x, s, label).double()) / s
        y = x + (t[i + 1] - s) * d
        if t[i + 1]:
            y = x + (t[i + 1] - s) * (d + (y - D(y, t[i + 1], label).double()) / t[i + 1]) / 2
        x = y
    return x


def ablation_sample(D, z, label, n, solver, discretization, schedule, scaling, churn=0, alpha=1):
    lo = {'vp': vp_sigma(19.9, 0.1)(1e-3), 've': 0.02}.get(discretization, 0.002)
    hi = {'vp': vp_sigma(19.9, 0.1)(1), 've': 100, 'iddpm': 81}.get(discretization, 80)
    lo, hi = max(lo, D.lo), min(hi, D.hi)
    bd = 2 * (math.log1p(lo * lo) / 1e-3 - math.log1p(hi * hi)) / (1e-3 - 1)
    bm = math.log1p(hi * hi) - bd / 2
    at = [i / (n - 1) for i in range(n)]
    if discretization == 'vp':
        levels = [vp_sigma(bd, bm)(1 + i * (1e-3 - 1)) for i in at]
    elif discretization == 've':
        levels = [math.sqrt(hi ** 2 * (lo ** 2 / hi ** 2) ** i) for i in at]
    elif discretization == 'iddpm':
        u = [v for v in U if lo <= v <= hi]
        levels = [u[round((len(u) - 1) * i)] for i in at]
    else:
        levels = [(hi ** (1 / 7) + i * (lo ** (1 / 7) - hi ** (1 / 7))) ** 7 for i in at]
    if schedule == 'vp':
        sigma, inv = vp_sigma(bd, bm), vp_inv(bd, bm)
        slope = lambda t: (bm + bd * t) * (sigma(t) + 1 / sigma(t)) / 2
    elif schedule == 've':
        sigma, inv, slope = math.sqrt, lambda s: s * s, lambda t: 0.5 / math.sqrt(t)
    else:
        sigma, inv, slope = (lambda t: t), (lambda s: s), (lambda t: 1)
    if scaling == 'vp':
        scale = lambda t: 1 / math.hypot(1, sigma(t))
        scale_slope = lambda t: -sigma(t) * slope(t) * scale(t) ** 3
    else:
        scale, scale_slope = (lambda t: 1), (lambda t: 0)
    t = [inv(D.round(s)) for s in levels] + [0]
    x = z.double() * sigma(t[0]) * scale(t[0])
    def d(x, t):
        a = slope(t) / sigma(t)
        return (a + scale_slope(t) / scale(t)) * x - a * scale(t) * D(x / scale(t), sigma(t), label).double()
    for i in range(n):
        gamma = min(churn / n, math.sqrt(2) - 1)
        hat = inv(D.round(sigma(t[i]) * (1 + gamma)))
        x = scale(hat) / scale(t[i]) * x
        x = x + math.sqrt(max(sigma(hat) ** 2 - sigma(t[i]) ** 2, 0)) * scale(hat) * values(f'noise/{i}', *x.shape).double()
        h, d0 = t[i + 1] - hat, d(x, hat)
        if solver == 'euler' or i == n - 1:
            x = x + h * d0
        else:
            x = x + h * ((1 - 1 / (2 * alpha)) * d0 + 1 / (2 * alpha) * d(x + alpha * h * d0, hat + alpha * h))
    return x


# ------------------------------------------------------------------ losses, as EDM's training has them

def train_level(kind, draw):
    """The noise level of a draw, unit normal of EDM, else uniform in [0, 1), and the loss's weight."""
    if kind == 'vp':
        s = vp_sigma(19.9, 0.1)(1 + draw * (1e-5 - 1))
    elif kind == 've':
        s = 0.02 * (100 / 0.02) ** draw
    elif kind == 'iddpm':
        s = U[int(draw * 1000)]
    else:
        s = math.exp(draw * 1.2 - 1.2)
    return s, (s * s + 0.25) / (s * 0.5) ** 2 if kind == 'edm' else 1 / s ** 2


def train(net, kind, out):
    D, y, n = Denoiser(net, kind), values('y', 2, 1, 4, 4), values('n', 2, 1, 4, 4)
    label, elem = one_hot(2, 2), []
    for i, draw in enumerate((0.125, 0.75)):
        s, w = train_level(kind, draw)
        elem.append(w * (D(y[i:i + 1] + s * n[i:i + 1], s, label[i:i + 1]) - y[i:i + 1]) ** 2)
    net.zero_grad()
    (torch.cat(elem).sum() / 2).backward()
    out[f'trained/{kind}'] = torch.cat(elem).detach()
    out[f'trained/{kind}/largest'] = torch.stack([p.grad.abs().max() for p in net.parameters()])


# ------------------------------------------------------------------ what is computed

BASE = dict(arch='ddpmpp', resolution=8, channels=2, label_dim=0, augment_dim=0, model_channels=8, channel_mult=[1, 2], channel_mult_emb=2,
            num_blocks=1, attn_resolutions=[4], embedding='positional', channel_mult_noise=1, encoder='standard', decoder='standard', resample_filter=[1, 1])
WIDE, RANDOM = dict(resample_filter=[1, 3, 3, 1]), dict(embedding='fourier', channel_mult_noise=2)
PLAIN = {k: v for k, v in BASE.items() if k not in ('embedding', 'channel_mult_noise', 'encoder', 'decoder', 'resample_filter')}
NETS = dict(
    standard_standard=BASE | RANDOM | WIDE,
    standard_skip=BASE | dict(decoder='skip', channel_mult=[1, 2, 1], attn_resolutions=[8, 2]),
    residual_standard=BASE | dict(encoder='residual', label_dim=3),
    residual_skip=BASE | RANDOM | WIDE | dict(encoder='residual', decoder='skip', channel_mult=[2, 1, 2], augment_dim=4),
    skip_standard=BASE | WIDE | dict(encoder='skip', channel_mult=[1, 1, 2], label_dim=3, augment_dim=4),
    skip_skip=BASE | RANDOM | dict(encoder='skip', decoder='skip', out_channels=4, num_blocks=2),
    adm_cond=PLAIN | dict(arch='adm', model_channels=16, channel_mult=[4, 8], label_dim=5, augment_dim=4),
    adm_uncond=PLAIN | dict(arch='adm', model_channels=64, channel_mult=[1, 1], num_blocks=1, attn_resolutions=[8], out_channels=4),
)
TINY = BASE | dict(resolution=4, channels=1, out_channels=2, channel_mult=[1], attn_resolutions=[], label_dim=2)
ABLATIONS = [('euler', 'vp', 'vp', 'vp', 0), ('heun', 'vp', 'vp', 'none', 0), ('euler', 've', 've', 'none', 0), ('heun', 've', 'linear', 'none', 6),
             ('heun', 'iddpm', 'linear', 'none', 0), ('euler', 'iddpm', 've', 'vp', 0), ('heun', 'edm', 'linear', 'none', 0), ('heun', 'edm', 'vp', 'vp', 4)]


def one_hot(n, classes):
    return F.one_hot((torch.arange(n) * 2 + 1) % classes, classes).float()


def network(name, c, out):
    net = (ADM if c['arch'] == 'adm' else Song)(c)
    fill(net)
    x = values('x', 2, c['channels'], c['resolution'], c['resolution']).requires_grad_()
    t = torch.tensor([-1.25, 0.75])
    label = one_hot(2, c['label_dim']) if c['label_dim'] else None
    augment = values('augment', 2, c['augment_dim']) if c['augment_dim'] else None
    y = net(x, t, label, augment)
    (y * values('r', *y.shape)).sum().backward()
    out[name + '/out'], out[name + '/grad_x'] = y.detach(), x.grad
    sampled, largest = [], []
    for p in net.parameters():
        flat, n = p.grad.flatten(), p.numel()
        sampled += [flat[j * n // min(n, SAMPLED)] for j in range(min(n, SAMPLED))]
        largest.append(flat.abs().max())
    out[name + '/grads'], out[name + '/largest'] = torch.stack(sampled), torch.stack(largest)
    return dict(config=c, names=[k for k, _ in net.named_parameters()])


def main():
    torch.set_num_threads(1)
    out, meta = {}, dict(nets={}, ablations=ABLATIONS)
    for name, c in NETS.items():
        meta['nets'][name] = network(name, c, out)
    net = Song(TINY)
    fill(net)
    meta['tiny'] = TINY
    z, label = values('z', 2, 1, 4, 4), one_hot(2, 2)
    with torch.no_grad():
        for kind in ('edm', 'gdd', 'vp', 've', 'iddpm'):
            D = Denoiser(net, kind)
            out[f'denoised/{kind}'] = torch.stack([D(z * math.sqrt(s * s + 1), s, label) for s in (0.03, 0.4, 5.0, 70.0)])
            out[f'heun/{kind}'] = edm_sample(D, z, label, 4)
        out['churned/edm'] = edm_sample(Denoiser(net, 'edm'), z, label, 5, churn=4, lo=0.05, hi=50, noise=1.003)
        out['churned/iddpm'] = edm_sample(Denoiser(net, 'iddpm'), z, label, 5, churn=4, lo=0.05, hi=50, noise=1.003)
        for k, (*how, churn) in enumerate(ABLATIONS):
            for kind in ('edm', 'vp', 'iddpm'):
                out[f'ablation{k}/{kind}'] = ablation_sample(Denoiser(net, kind), z, label, 4, *how, churn=churn)
        out['alpha/edm'] = ablation_sample(Denoiser(net, 'edm'), z, label, 4, 'heun', 'edm', 'linear', 'none', alpha=0.5)
    for kind in ('edm', 'vp', 've', 'iddpm'):
        train(net, kind, out)
    folder = Path(__file__).parent / 'testdata'
    folder.mkdir(exist_ok=True)
    np.savez_compressed(folder / 'nets.npz', **{k: v.numpy().astype(np.float32) for k, v in out.items()})
    (folder / 'nets.json').write_text(json.dumps(meta, indent=1))


if __name__ == '__main__':
    main()
