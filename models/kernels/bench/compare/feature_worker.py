"""PyTorch's side of compare for the feature networks, from torchvision and timm.

Arguments: eager, cl (channels last), compile or compilecl, and the number of threads.
The protocol is that of compare. Weights are random, as are images.
"""
import ctypes
import json
import pathlib
import sys
import time

import timm
import torch
import torchvision

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "features" / "testdata"))
sys.dont_write_bytecode = True
from generate import lite, vgg

mode, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)

# By its default glibc returns large tensors to the system and maps them anew, which on
# some machines takes longer than the arithmetic. PyTorch is measured without that.
libc = ctypes.CDLL("libc.so.6")
for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 2**28)):
    libc.mallopt(option, value)


def deit(net, x):  # as timm computes it: generate's interpolates positions
    maps = []
    x = net.norm_pre(net._pos_embed(net.patch_embed(x)))
    for i, block in enumerate(net.blocks):
        x = block(x)
        if i in (2, 5, 8, 11):
            maps.append(x[:, 2:])
    return maps


def inception(net, x):
    return [net(x)]


def headless_inception():
    net = torchvision.models.inception_v3(aux_logits=False, transform_input=False, init_weights=False)
    net.fc = torch.nn.Identity()
    return net


NETWORKS = {
    "vgg": (torchvision.models.vgg16_bn, vgg, 224),
    "lite": (lambda: timm.create_model("tf_efficientnet_lite0"), lite, 224),
    "deit": (lambda: timm.create_model("deit_base_distilled_patch16_224"), deit, 224),
    "inception": (headless_inception, inception, 299),
}


def prepare(name, batch, op):
    if op != ("features" if name == "inception" else "grad"):
        raise ValueError(f"operation {op} of {name}")
    make, read, size = NETWORKS[name]
    net = make().eval().requires_grad_(False)
    x = torch.randn(batch, 3, size, size)
    if mode.endswith("cl"):
        net = net.to(memory_format=torch.channels_last)
        x = x.contiguous(memory_format=torch.channels_last)
    call = lambda x: read(net, x)
    if mode.startswith("compile"):
        call = torch.compile(call, dynamic=False)
    params = sum(p.numel() for p in net.parameters())
    if op == "features":

        def run():
            with torch.no_grad():
                call(x)

        return run, params
    with torch.no_grad():
        weights = [torch.randn_like(m) for m in read(net, x)]

    def run():
        image = x.detach().requires_grad_(True)
        sum((m * w).sum() for m, w in zip(call(image), weights)).backward()

    return run, params


def memory(key):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(key):
                return int(line.split()[1]) // 1024


jobs = {}
print("ready", torch.__version__, flush=True)
for line in sys.stdin:
    name, batch, op, repetitions = line.split()
    key = name, int(batch), op
    try:
        if key not in jobs:
            jobs[key] = prepare(*key)
            for _ in range(2):
                jobs[key][0]()
        run, params = jobs[key]
        reply = {"ms": [], "cpu": [], "params": params}
        for _ in range(int(repetitions)):
            start, used = time.perf_counter(), time.process_time()
            run()
            reply["ms"].append(1e3 * (time.perf_counter() - start))
            reply["cpu"].append(1e3 * (time.process_time() - used))
        reply.update(hwm=memory("VmHWM"), rss=memory("VmRSS"))
    except Exception as e:
        reply = {"error": repr(e)[:200]}
    print(json.dumps(reply), flush=True)
