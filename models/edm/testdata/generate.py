"""Writes edm.pkl: the network of ../../unet/testdata/ddpmpp_cond.npz in the layout of EDM's network pickles
(PyTorch 2.15, NumPy 2). Weights are half-precision, convolutions channels_last; their values are exact in both."""
import json, pickle, sys, types
import numpy as np
import torch
import torch.nn as nn

persistence = types.ModuleType("torch_utils.persistence")
sys.modules["torch_utils"], sys.modules["torch_utils.persistence"] = types.ModuleType("torch_utils"), persistence
def _reconstruct_persistent_obj(meta): raise NotImplementedError
_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
source = "raise SystemExit('the source of a class was run')\n"

class Persistent(nn.Module):
    def __init__(self, class_name, **kwargs):
        super().__init__()
        self.__dict__["_class_name"] = class_name
        self._init_args, self._init_kwargs = (), kwargs
    def __reduce__(self):
        state = {k: v for k, v in self.__dict__.items() if k != "_class_name"}
        return _reconstruct_persistent_obj, (dict(type="class", version=6, module_src=source, class_name=self._class_name, state=state),)

def kind(name):
    if name in ("enc", "dec"): return None
    if name.startswith("map_"): return "Linear"
    return {"norm": "GroupNorm", "affi": "Linear"}.get(name[:4]) or ("Conv2d" if name[:4] in ("conv", "skip", "qkv", "proj") or name.endswith("conv") else "GroupNorm" if name.endswith("norm") else "UNetBlock")

def put(module, path, value):
    if len(path) == 1:
        value = torch.from_numpy(value).to(torch.float16 if value.ndim > 1 else torch.bfloat16)
        if value.ndim == 4: value = value.to(memory_format=torch.channels_last)
        return module.register_parameter(path[0], nn.Parameter(value, requires_grad=False))
    if path[0] not in module._modules:
        cls = kind(path[0])
        child = nn.ModuleDict() if cls is None else Persistent(cls)
        if path[0] == "conv0" and ("down" in module.at or "up" in module.at): child.register_buffer("resample_filter", torch.full((1, 1, 2, 2), 0.25))
        child.__dict__["at"] = path[0]
        module._modules[path[0]] = child
    put(module._modules[path[0]], path[1:], value)

golden = np.load("../../unet/testdata/ddpmpp_cond.npz")
cfg = json.load(open("../../unet/testdata/ddpmpp_cond.json"))["config"]
args = dict(img_resolution=cfg["resolution"], img_channels=cfg["channels"], label_dim=cfg["label_dim"], use_fp16=False, augment_dim=9, dropout=0.13,
            model_type="SongUNet", embedding_type="positional", encoder_type="standard", decoder_type="standard", channel_mult_noise=1,
            resample_filter=[1, 1], model_channels=cfg["model_channels"], channel_mult=cfg["channel_mult"], num_blocks=cfg["num_blocks"], attn_resolutions=cfg["attn_resolutions"])
net = Persistent("EDMPrecond", **args)
net.__dict__ |= dict(sigma_min=0, sigma_max=float("inf"), sigma_data=0.5)
net.model = Persistent("SongUNet", **{k: v for k, v in args.items() if k != "model_type"})
net.model.__dict__["at"] = ""
for name in golden.files:
    if name.startswith("param/model."):
        put(net.model, name.removeprefix("param/model.").split("."), golden[name])
for m in net.modules(): m.__dict__.pop("at", None)
with open("edm.pkl", "wb") as f: pickle.dump(dict(ema=net.eval(), loss_fn=None, augment_pipe=None, dataset_kwargs=dict(path="x.zip")), f)
