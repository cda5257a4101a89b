#!/usr/bin/env python3
"""Writes inception.json: what pytorch-fid, torch-fidelity, clean-fid and the rule of
NVIDIA's EDM make of images before Inception and behind it, all with the same weights
of a recipe that both languages have.

    python inception.py [FOLDER]

With FOLDER it also writes there the weights in the forms of the four programs, by
which inception_tools.py compares the programs themselves.

Made with PyTorch 2.15.0, torchvision 0.29.2, pytorch-fid 0.3.0, torch-fidelity 0.4.0,
clean-fid 0.1.35 and Pillow 12.0.0.
"""
import json, os, sys, warnings
from collections import OrderedDict
import numpy as np
import torch
import torch.nn.functional as F
from generate import recipe

warnings.filterwarnings("ignore")


class Conv2dLayer(torch.nn.Module):
    def __init__(self, i, o, kh, kw, stride=1, padding=(0, 0)):
        super().__init__()
        self.stride: int = stride
        self.padding: tuple[int, int] = padding
        for name, shape in (("weight", (o, i, kh, kw)), ("beta", (o,)), ("mean", (o,)), ("var", (o,))):
            self.register_buffer(name, torch.zeros(shape))

    def forward(self, x):
        x = F.conv2d(x, self.weight, None, self.stride, self.padding)
        return F.relu(F.batch_norm(x, self.mean, self.var, None, self.beta, False, 0.0, 1e-3))


def conv(i, o, k, stride=1, pad=0):
    kh, kw = (k, k) if isinstance(k, int) else k
    return Conv2dLayer(i, o, kh, kw, stride, (kh // 2, kw // 2) if pad else (0, 0))


def avg():
    return torch.nn.AvgPool2d(3, 1, 1, count_include_pad=False)


def chain(**layers):
    return torch.nn.Sequential(OrderedDict(layers))


class Branches(torch.nn.Module):
    def __init__(self, **branches):
        super().__init__()
        for name, b in branches.items():
            self.add_module(name, b)


class A(Branches):
    def __init__(self, i, p):
        super().__init__(conv=conv(i, 64, 1), tower=chain(conv=conv(i, 48, 1), conv_1=conv(48, 64, 5, pad=1)),
                         tower_1=chain(conv=conv(i, 64, 1), conv_1=conv(64, 96, 3, pad=1), conv_2=conv(96, 96, 3, pad=1)),
                         tower_2=chain(pool=avg(), conv=conv(i, p, 1)))

    def forward(self, x):
        return torch.cat([self.conv(x), self.tower(x), self.tower_1(x), self.tower_2(x)], 1)


class B(Branches):
    def __init__(self, i):
        super().__init__(conv=conv(i, 384, 3, 2), tower=chain(conv=conv(i, 64, 1), conv_1=conv(64, 96, 3, pad=1), conv_2=conv(96, 96, 3, 2)),
                         pool=torch.nn.MaxPool2d(3, 2))

    def forward(self, x):
        return torch.cat([self.conv(x), self.tower(x), self.pool(x)], 1)


class C(Branches):
    def __init__(self, i, t):
        row, column = (1, 7), (7, 1)
        super().__init__(conv=conv(i, 192, 1), tower=chain(conv=conv(i, t, 1), conv_1=conv(t, t, row, pad=1), conv_2=conv(t, 192, column, pad=1)),
                         tower_1=chain(conv=conv(i, t, 1), conv_1=conv(t, t, column, pad=1), conv_2=conv(t, t, row, pad=1),
                                       conv_3=conv(t, t, column, pad=1), conv_4=conv(t, 192, row, pad=1)),
                         tower_2=chain(pool=avg(), conv=conv(i, 192, 1)))

    def forward(self, x):
        return torch.cat([self.conv(x), self.tower(x), self.tower_1(x), self.tower_2(x)], 1)


class D(Branches):
    def __init__(self, i):
        super().__init__(tower=chain(conv=conv(i, 192, 1), conv_1=conv(192, 320, 3, 2)),
                         tower_1=chain(conv=conv(i, 192, 1), conv_1=conv(192, 192, (1, 7), pad=1), conv_2=conv(192, 192, (7, 1), pad=1), conv_3=conv(192, 192, 3, 2)),
                         pool=torch.nn.MaxPool2d(3, 2))

    def forward(self, x):
        return torch.cat([self.tower(x), self.tower_1(x), self.pool(x)], 1)


class E(Branches):
    def __init__(self, i, pool):
        row, column = (1, 3), (3, 1)
        super().__init__(conv=conv(i, 320, 1), tower_conv=conv(i, 384, 1), tower_mixed_conv=conv(384, 384, row, pad=1), tower_mixed_conv_1=conv(384, 384, column, pad=1),
                         tower_1_conv=conv(i, 448, 1), tower_1_conv_1=conv(448, 384, 3, pad=1), tower_1_mixed_conv=conv(384, 384, row, pad=1),
                         tower_1_mixed_conv_1=conv(384, 384, column, pad=1), tower_2_pool=pool, tower_2_conv=conv(i, 192, 1))

    def forward(self, x):
        a, b = self.tower_conv(x), self.tower_1_conv_1(self.tower_1_conv(x))
        return torch.cat([self.conv(x), self.tower_mixed_conv(a), self.tower_mixed_conv_1(a), self.tower_1_mixed_conv(b), self.tower_1_mixed_conv_1(b),
                          self.tower_2_conv(self.tower_2_pool(x))], 1)


class Inception(torch.nn.Module):
    """The network under NVIDIA's names, and EDM's rule for its images."""

    def __init__(self):
        super().__init__()
        pool = lambda: torch.nn.MaxPool2d(3, 2)
        self.layers = chain(conv=conv(3, 32, 3, 2), conv_1=conv(32, 32, 3), conv_2=conv(32, 64, 3, pad=1), pool0=pool(), conv_3=conv(64, 80, 1), conv_4=conv(80, 192, 3),
                            pool1=pool(), mixed=A(192, 32), mixed_1=A(256, 64), mixed_2=A(288, 64), mixed_3=B(288), mixed_4=C(768, 128), mixed_5=C(768, 160),
                            mixed_6=C(768, 160), mixed_7=C(768, 192), mixed_8=D(768), mixed_9=E(1280, avg()), mixed_10=E(2048, torch.nn.MaxPool2d(3, 1, 1)), pool2=torch.nn.AvgPool2d(8))
        self.output = torch.nn.Linear(2048, 1008)

    def forward(self, img, return_features: bool = False):
        f = self.layers((self.resized(img) - 128) / 128).flatten(1)
        return f if return_features else F.linear(f, self.output.weight)

    def resized(self, img):
        n, c, h, w = img.shape
        theta = torch.eye(2, 3)
        theta[0, 2] += theta[0, 0] / w - theta[0, 0] / 299
        theta[1, 2] += theta[1, 1] / h - theta[1, 1] / 299
        grid = F.affine_grid(theta.unsqueeze(0).repeat([n, 1, 1]), [n, c, 299, 299], align_corners=False)
        return F.grid_sample(img.to(torch.float32), grid, mode="bilinear", padding_mode="border", align_corners=False)


def nvidia():
    net = Inception().eval().requires_grad_(False)
    for seed, (name, t) in enumerate(net.state_dict().items()):
        u = torch.from_numpy(recipe(seed + 1, t.numel())).reshape(t.shape)
        if name.endswith("var"):
            t.copy_(0.5 + u)
        elif t.dim() == 1:
            t.copy_((u - 0.5) * 0.5)
        else:
            t.copy_((2 * u - 1) * np.float32(np.sqrt(6 / (t.numel() / t.shape[0]))))
    return net


def torchvision_names(net, like):
    """net's tensors under the names of like, a network in torchvision's order."""
    units = [n[: -len(".bn.bias")] for n in like.state_dict() if n.endswith(".bn.bias")]
    own = [n[: -len(".beta")] for n in net.state_dict() if n.endswith(".beta")]
    assert len(units) == len(own) == 94
    from_, out = net.state_dict(), OrderedDict()
    for a, b in zip(units, own):
        for to, of in (("conv.weight", "weight"), ("bn.bias", "beta"), ("bn.running_mean", "mean"), ("bn.running_var", "var")):
            out[a + "." + to] = from_[b + "." + of]
        out[a + ".bn.weight"] = torch.ones_like(from_[b + ".beta"])
    out["fc.weight"], out["fc.bias"] = from_["output.weight"], from_["output.bias"]
    return out


def picture(h, w, c, seed):
    """8-bit pixels [H W C] of stripes and noise, as golden_test.go draws them."""
    y, x, k = np.meshgrid(np.arange(h), np.arange(w), np.arange(c), indexing="ij")
    noise = (recipe(seed, h * w * c).reshape(h, w, c) * 96).astype(np.int64)
    return ((y * 5 + x * 7 + k * 40 + noise) % 256).astype(np.uint8)


def load(folder, net):
    """Writes the weights in the three forms that have names of their own."""
    import torchvision
    like = torchvision.models.inception_v3(num_classes=1008, aux_logits=False, weights=None, init_weights=False)
    state = torchvision_names(net, like)
    torch.save(state, os.path.join(folder, "torchvision.pth"))
    torch.jit.script(net).save(os.path.join(folder, "inception-2015-12-05.pt"))
    return state


def programs(folder, net):
    """Functions of 8-bit images [N H W 3] to features, of each program's own code, and
    to what it shows to the network."""
    from cleanfid import inception_torchscript, resize as clean
    from torch_fidelity import feature_extractor_inceptionv3 as fidelity
    import pytorch_fid.inception as pf
    state = load(folder, net)
    pf.load_state_dict_from_url = lambda *a, **k: state
    pytorch = pf.InceptionV3([3]).eval()
    torch_fidelity = fidelity.FeatureExtractorInceptionV3("i", ["2048"], os.path.join(folder, "torchvision.pth"))
    script = inception_torchscript.InceptionV3W(folder, download=False)
    resizer = clean.build_resizer("clean")
    nchw = lambda x: torch.from_numpy(np.ascontiguousarray(x)).permute(0, 3, 1, 2)
    cleaned = lambda x: nchw(np.stack([resizer(i) for i in x]))
    return {
        "edm": (lambda x: net(nchw(x), True), lambda x: (net.resized(nchw(x)) - 128) / 128),
        "torch-fidelity": (lambda x: torch_fidelity(nchw(x))[0],
                           lambda x: (fidelity.interpolate_bilinear_2d_like_tensorflow1x(nchw(x).float(), (299, 299), align_corners=False) - 128) / 128),
        "pytorch-fid": (lambda x: pytorch(nchw(x).float() / 255)[0].flatten(1),
                        lambda x: 2 * F.interpolate(nchw(x).float() / 255, (299, 299), mode="bilinear", align_corners=False) - 1),
        "clean-fid": (lambda x: script(cleaned(x)), lambda x: (cleaned(x) - 128) / 128),
    }


def sample(t, n=40):
    """Some values of a tensor and their largest."""
    v = t.detach().flatten().double().numpy()
    step = max(1, v.size // n)
    return {"step": step, "values": [float(f"{x:.9g}") for x in v[::step][:n]], "largest": float(np.abs(v).max())}


def main():
    import tempfile
    torch.set_num_threads(1)
    net = nvidia()
    out = {"inputs": {}, "features": {}}
    with torch.no_grad(), tempfile.TemporaryDirectory() as tmp:
        folder = sys.argv[1] if len(sys.argv) > 1 else tmp
        for name, (features, shown) in programs(folder, net).items():
            for h, w, c in ((32, 32, 3), (28, 20, 1), (310, 450, 3), (299, 299, 1)):
                x = picture(h, w, c, 7).repeat(3 // c, 2)[None]
                out["inputs"].setdefault(name, {})[f"{h}x{w}x{c}"] = sample(shown(x).permute(0, 2, 3, 1), 71)
            f = features(picture(32, 32, 3, 7)[None])
            out["features"][name] = sample(f)
            print(name, f.mean().item(), f.max().item())
        x = torch.from_numpy(recipe(1000, 299 * 299 * 3)).reshape(1, 299, 299, 3).permute(0, 3, 1, 2) * 2 - 1
        f32 = net.layers(x).flatten(1)
        double = net.double()
        f = double.layers(x.double()).flatten(1)
        logits = F.linear(f, double.output.weight)
        out["network"] = {"features": sample(f), "logits": sample(logits)}
        print("float32 is off by", ((f32 - f).abs().max() / f.max()).item(), "of the largest feature", f.max().item(), logits.abs().max().item())
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "inception.json")
    with open(path, "w") as file:
        json.dump(out, file)
        file.write("\n")


if __name__ == "__main__":
    main()
