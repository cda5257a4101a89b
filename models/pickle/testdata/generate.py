"""Writes plainN.pkl, one value in protocol N, with long strings from protocol 4 on: Python 3.11 and NumPy 2."""
import collections, pickle
import numpy as np

class EasyDict(dict):
    pass
EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
import sys, types
sys.modules["dnnlib"], sys.modules["dnnlib.util"] = types.ModuleType("dnnlib"), types.ModuleType("dnnlib.util")
sys.modules["dnnlib.util"].EasyDict = EasyDict

shared = [1, 2]
value = {
    "none": None, "true": True, "small": 7, "short": 300, "minus": -5, "int": 1 << 40, "long": -(1 << 70),
    "float": 2.5, "complex": 1 + 2j, "text": "Grüße", "bytes": b"\x00\xff" * 3, "tuple": (1, (2, 3), (), (1, 2, 3, 4)), "list": [shared, shared],
    "set": {1}, "ordered": collections.OrderedDict([("b", 1), ("a", 2)]), "easy": EasyDict(x=1),
    "many": {str(i): i for i in range(50)},
    "scalar": np.float64(0.5) ** 0.5, "float32": np.float32(0.25), "half": np.float16(-1.5), "int64": np.int64(-3), "bool": np.bool_(True),
    "uint64": np.uint64(2**64 - 1),
    "complex64": np.complex64(1 + 2j), "counter": collections.Counter("aab"), "default": collections.defaultdict(list, a=[1]),
    "no numbers": [np.array(["a", "bb"]), np.array(["a", None], dtype=object), np.array([b"a"]), np.zeros(2, [("x", "f4"), ("y", "U3")]),
                   np.array(["2026-01-02"], "M8[D]"), np.str_("text"), np.datetime64("2026-01-02"), np.dtype("O")],
    "array": np.arange(6, dtype=np.int32).reshape(2, 3), "fortran": np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)),
}
value["itself"] = [value["list"]]
value["itself"].append(value["itself"])
for p in range(2, 6):
    if p == 4:
        value |= {"long text": "ü" * 33000, "long bytes": bytes(range(256)) * 257}
    with open(f"plain{p}.pkl", "wb") as f:
        pickle.dump(value, f, protocol=p)
