"""Writes the files of this folder, with PyTorch 2.15 and NumPy 2, and golden.json: names, types, shapes, strides and
bytes, row by row, of the tensors in each. The classes stand in for those of EDM and persist as those do."""
import collections, io, json, math, pickle, sys, types
import numpy as np
import torch
import torch.nn as nn

golden = {}

def note(file, tensors):
    golden[file] = [dict(name=k, dtype=str(t.dtype).removeprefix("torch."), shape=list(t.shape),
                         strides=None if t.is_contiguous() else list(t.stride()),
                         hex=raw(t)) for k, t in tensors.items()]

def raw(t):
    t = t.detach().resolve_conj().resolve_neg().contiguous()
    return bytes(t.reshape(-1).view(torch.uint8).tolist()).hex() if t.numel() else ""

torch.manual_seed(1)
dtypes = "float32 float64 float16 bfloat16 int64 int32 int16 int8 uint8 bool complex64 uint64 uint32 uint16 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu".split()
every = {d: torch.randint(1, 100, (2, 3)).to(getattr(torch, d)) for d in dtypes}
shared = torch.arange(24.)
complexes = torch.randn(2, 3, dtype=torch.complex64)
parameter = nn.Parameter(torch.randn(3))
parameter.note = "an attribute"
views = dict(
    scalar=torch.tensor(2.5), empty=torch.zeros(0, 3), whole=shared, middle=shared[4:10], transposed=shared.view(4, 6).t(),
    every_second=shared[1::2], expanded=torch.randn(3, 1).expand(3, 4), channels_last=torch.randn(8, 4, 3, 3).to(memory_format=torch.channels_last),
    conj=complexes.conj(), negative=torch.randn(2, 3, dtype=torch.complex64).conj().imag, conj_transposed=complexes.mH, parameter=parameter,
    plain_parameter=nn.Parameter(torch.randn(2), requires_grad=False), buffer=nn.Buffer(torch.randn(2)), channels_last_3d=torch.randn(2, 3, 2, 2, 2).to(memory_format=torch.channels_last_3d),
)
state = nn.Sequential(nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)).state_dict()
nested = {"epoch": 3, "model": state, "optimizer": {"state": {0: {"step": torch.tensor(1.)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}, "best": np.float64(0.25)}

for name, value, tensors in [("dtypes", every, every), ("views", views, views), ("state", nested, state)]:
    for legacy in (False, True):
        file = name + ("-legacy" if legacy else "") + ".pt"
        torch.save(value, file, _use_new_zipfile_serialization=not legacy)
        note(file, tensors)

# A type that safetensors does not have, before one that it has.
torch.save(dict(z=torch.zeros(2, dtype=torch.complex128), w=torch.ones(2)), "double-legacy.pt", _use_new_zipfile_serialization=False)

arrays = {"a": np.arange(6, dtype=np.float64).reshape(2, 3), "f": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3))}
with open("arrays.pkl", "wb") as f: pickle.dump(arrays, f, protocol=4)
note("arrays.pkl", {k: torch.from_numpy(v) for k, v in arrays.items()})

# Persistent classes: what is stored is a class name, the source and the object's attributes.
persistence = types.ModuleType("torch_utils.persistence")
sys.modules["torch_utils"], sys.modules["torch_utils.persistence"] = types.ModuleType("torch_utils"), persistence
def _reconstruct_persistent_obj(meta): raise NotImplementedError
_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
source = "raise SystemExit('the source of a class was run')  # a stand-in for 36 kB of source\n" * 20

def persistent(cls):
    class Made(cls):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self._init_args, self._init_kwargs = args, kwargs
        def __reduce__(self):
            return _reconstruct_persistent_obj, (dict(type="class", version=6, module_src=source, class_name=cls.__name__, state=dict(self.__dict__)),)
    return Made

@persistent
class Conv2d(nn.Module):
    def __init__(self, in_channels, out_channels, kernel, up=False):
        super().__init__()
        self.up = up
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, kernel, kernel)) if kernel else None
        self.bias = nn.Parameter(torch.zeros(out_channels)) if kernel else None
        self.register_buffer("resample_filter", torch.full((1, 1, 2, 2), 0.25) if up else None)

@persistent
class GroupNorm(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("scratch", torch.zeros(5), persistent=False)

@persistent
class UNetBlock(nn.Module):
    def __init__(self, channels, up=False):
        super().__init__()
        self.skip_scale = np.sqrt(0.5)
        self.norm0, self.conv0 = GroupNorm(channels), Conv2d(channels, channels, 3, up=up)
        self.skip = Conv2d(channels, channels, 0, up=up)

@persistent
class SongUNet(nn.Module):
    def __init__(self, img_resolution, model_channels=4, **kwargs):
        super().__init__()
        self.enc = nn.ModuleDict({"8x8_conv": Conv2d(3, model_channels, 3), "8x8_block0": UNetBlock(model_channels)})
        self.dec = nn.ModuleDict({"8x8_up": UNetBlock(model_channels, up=True)})

@persistent
class EDMPrecond(nn.Module):
    def __init__(self, img_resolution, img_channels, label_dim=0, use_fp16=False, sigma_min=0, sigma_max=float("inf"), sigma_data=0.5, model_type="DhariwalUNet", **model_kwargs):
        super().__init__()
        self.img_resolution, self.img_channels, self.label_dim, self.use_fp16 = img_resolution, img_channels, label_dim, use_fp16
        self.sigma_min, self.sigma_max, self.sigma_data = sigma_min, sigma_max, sigma_data
        self.model = SongUNet(img_resolution=img_resolution, **model_kwargs)

@persistent
class EDMLoss:
    def __init__(self, P_mean=-1.2): self.P_mean = P_mean

net = EDMPrecond(img_resolution=8, img_channels=3, model_type="SongUNet", model_channels=4, channel_mult=[1, 2], dropout=0.13)
net.model.enc["8x8_conv"].weight.data = net.model.enc["8x8_conv"].weight.data.to(memory_format=torch.channels_last)
snapshot = dict(ema=net.eval().requires_grad_(False), loss_fn=EDMLoss(), augment_pipe=None, dataset_kwargs=dict(path="cifar10.zip", resolution=8))
for p in (2, 3, 4, 5):
    with open(f"network{p}.pkl", "wb") as f: pickle.dump(snapshot, f, protocol=p)
    note(f"network{p}.pkl", net.state_dict())
torch.save(dict(net=net, optimizer_state={"state": {}}), "training.pt")  # EDM's training state
note("training.pt", net.state_dict())

embedding = nn.Embedding(3, 2)
with open("embedding.pkl", "wb") as f: pickle.dump({"embed": embedding}, f, protocol=3)
note("embedding.pkl", {"embed." + k: v for k, v in embedding.state_dict().items()})

class Scripted(nn.Module):
    """One with what a TorchScript file has beside parameters: numbers, lists, a buffer, an empty child."""
    sizes: list[int]
    names: dict[str, float]
    def __init__(self):
        super().__init__()
        self.scale, self.sizes, self.names = nn.Parameter(torch.randn(2)), [3, 4], {"eps": 1e-5}
        self.body, self.rest = nn.Sequential(nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2)).half(), nn.Identity()
    def forward(self, x):
        return self.rest(self.body(x)) * self.scale[0] * self.sizes[0] * self.names["eps"]

script = torch.jit.script(Scripted().eval())
script.save("script.pt")
note("script.pt", script.state_dict())

@persistent
class Detector:
    """A TorchScript network within a pickle: Python pickles none, so that its bytes are kept."""
    def __init__(self, script):
        buffer = io.BytesIO()
        torch.jit.save(script, buffer)
        self.name, self.script = "detector", buffer.getvalue()
class Bare:
    """The same without the constructor's arguments, of which one is the network itself."""
    def __init__(self, made): self.made = made
    def __reduce__(self):
        call, (meta,) = self.made.__reduce__()
        return call, (meta | dict(state={k: v for k, v in meta["state"].items() if not k.startswith("_init")}),)

with open("scripted.pkl", "wb") as f: pickle.dump(Bare(Detector(script)), f, protocol=4)
note("scripted.pkl", script.state_dict())

# Arrays beside each other of every kind, under keys of every kind: those of what is no number are none.
kinds = {"big": np.arange(3, dtype=">f4"), "big_complex": np.array([1 + 2j, 3 - 4j], dtype=">c8"), "big_transposed": np.arange(6, dtype=">i2").reshape(2, 3, order="F"),
         "complex": np.array([1 + 2j], dtype=np.complex64), "texts": np.array(["a", "bb"]), "objects": np.array(["a", None], dtype=object),
         True: np.ones(1), ("a", 1): np.ones(2), None: np.ones(3), 2.5: {3: np.ones(4)}}
with open("kinds.pkl", "wb") as f: pickle.dump(kinds, f, protocol=4)
names = {True: "True", ("a", 1): "a.1", None: "8", 2.5: "9.3"}
note("kinds.pkl", {names.get(k, k): torch.from_numpy(np.array(v, dtype=v.dtype.newbyteorder("="), order="K")) for k, v in (kinds | {2.5: kinds[2.5][3]}).items()
                   if v.dtype.kind not in "UO"})

# A whole module in the legacy form, which brings the source of its classes along, here a stand-in.
torch.serialization.get_source_lines_and_file = lambda *_: ([source], 0, "module.py")
whole = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU())
torch.save(whole, "module-legacy.pt", _use_new_zipfile_serialization=False)
note("module-legacy.pt", whole.state_dict())

with open("golden.json", "w") as f: json.dump(golden, f, indent=0)
