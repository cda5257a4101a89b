#!/usr/bin/env python3
"""Writes towers.json and photos.json: features and input gradients of image towers as
their authors', transformers' and timm's code computes them, small ones with weights of
a recipe that both languages have; and images as the tools prepare them.

    PYTHONPATH=DINOV2 python towers.py [FOLDER]

With FOLDER it writes networks of full size there, with weights of the same recipe, and
what TestFullTowers compares with; then nothing is written here. DINOV2 is a copy of github.com/facebookresearch/dinov2 at b8931f7. Made with PyTorch
2.15.0, torchvision 0.29.2, Pillow 12.0.0, transformers 5.24.0, timm 1.0.31,
openai-clip 1.0.1, clean-fid 0.1.35 and, by hand, the rule of dgm-eval at 74c79f7.
"""
import json, os, sys, zlib
import numpy as np
import torch
from PIL import Image

here = os.path.dirname(os.path.abspath(__file__))


def recipe(seed, n):
    """n values in [0, 1), as recipe of golden_test.go draws them."""
    h = (np.arange(n, dtype=np.uint64) * 2654435761 + seed * 97531) & 0xFFFFFFFF
    h ^= h >> 15
    h = (h * 0x2C1B3C6D) & 0xFFFFFFFF
    h ^= h >> 12
    h = (h * 0x297A2D39) & 0xFFFFFFFF
    h ^= h >> 15
    return ((h >> 8).astype(np.float64) / 2**24).astype(np.float32)


def fill(net):
    """Draws all tensors, each by its name, and lists their names and shapes."""
    listed = []
    for name, t in net.state_dict().items():
        u = torch.from_numpy(recipe(zlib.crc32(name.encode()) & 0xFFFF, t.numel())).reshape(t.shape)
        if t.dim() == 1 and name.endswith("weight"):
            v = 0.5 + u
        elif t.dim() <= 1:
            v = (u - 0.5) * 0.5
        elif t.dim() == 3:
            v = (u - 0.5) * 0.1
        else:
            v = (2 * u - 1) * np.float32(np.sqrt(6 / (t.numel() / t.shape[0])))
        with torch.no_grad():
            t.copy_(v)
        listed.append([name, list(t.shape)])
    return listed


def sample(t, n):
    v = t.detach().flatten().double().numpy()
    step = max(1, v.size // n)
    return {"step": step, "values": [float(f"{x:.9g}") for x in v[::step][:n]], "largest": float(np.abs(v).max())}


def golden(net, forward, batch=1, save=None):
    net.eval().requires_grad_(False)
    tensors = fill(net)
    if save:
        save(net)
    x = torch.from_numpy(recipe(1000, batch * 224 * 224 * 3)).reshape(batch, 224, 224, 3) * 4 - 2
    x = x.permute(0, 3, 1, 2).contiguous().requires_grad_()
    y = forward(net, x)
    r = torch.from_numpy(recipe(2000, y.numel())).reshape(y.shape) - 0.5
    (dx,) = torch.autograd.grad((y * r).sum(), x)
    return {"batch": batch, "tensors": tensors, "dim": y.shape[1], "features": sample(y, 256), "gradient": sample(dx.permute(0, 2, 3, 1), 120)}


def authors(**sizes):
    """DINOv2 as torch.hub makes it, but for the sizes."""
    from functools import partial
    from dinov2.layers import MemEffAttention, NestedTensorBlock as Block
    from dinov2.models.vision_transformer import DinoVisionTransformer

    block = partial(Block, attn_class=MemEffAttention)
    return DinoVisionTransformer(img_size=518, patch_size=14, init_values=1.0, block_chunks=0, interpolate_antialias=False, interpolate_offset=0.1, block_fn=block, **sizes)


def write(out, folder):
    with open(os.path.join(folder, "towers.json"), "w") as f:
        f.write("{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v) for k, v in out.items()) + "\n}\n")
    for k, v in out.items():
        print(k, v["features"]["largest"], v["gradient"]["largest"])


def full(folder):
    """ViT-B/32 in half precision and TorchScript, as OpenAI publishes it, and ViT-B/14."""
    import clip.model

    def script(net):
        for p in net.parameters():
            p.data = p.data.half().float()
        made = torch.jit.trace(net, (torch.zeros(1, 3, 224, 224), torch.zeros(1, 7, dtype=torch.long)))
        made.half().save(os.path.join(folder, "clip.pt"))
        made.float()

    out = {}
    out["clip"] = golden(clip.model.CLIP(512, 224, 12, 768, 32, 7, 11, 512, 8, 1), lambda net, x: net.encode_image(x), 2, script)
    out["dinov2"] = golden(authors(embed_dim=768, depth=12, num_heads=12), lambda net, x: net(x), 2,
                           lambda net: torch.save(net.state_dict(), os.path.join(folder, "dinov2.pth")))
    write(out, folder)


def towers():
    import clip.model, timm
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection, Dinov2Config, Dinov2Model

    out = {}
    out["clip-openai"] = golden(clip.model.CLIP(64, 224, 2, 128, 32, 7, 11, 64, 1, 1), lambda net, x: net.encode_image(x), batch=2)
    c = CLIPVisionConfig(hidden_size=128, intermediate_size=512, projection_dim=64, num_hidden_layers=2, num_attention_heads=2, patch_size=32)
    out["clip-transformers"] = golden(CLIPVisionModelWithProjection(c), lambda net, x: net(pixel_values=x).image_embeds)
    small = dict(embed_dim=128, depth=2, num_heads=2)
    out["dinov2"] = golden(authors(**small), lambda net, x: net(x))
    # With positions for images of 224 pixels nothing is interpolated, where the others'
    # rules are not the authors'.
    d = Dinov2Config(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, image_size=224, patch_size=14)
    out["dinov2-transformers"] = golden(Dinov2Model(d), lambda net, x: net(pixel_values=x).pooler_output)
    net = timm.create_model("vit_base_patch14_dinov2", pretrained=False, img_size=224, **small)
    out["dinov2-timm"] = golden(net, lambda net, x: net(x))
    write(out, here)


def photos():
    import torchvision.transforms as T
    from cleanfid.clip_features import img_preprocess_clip

    bicubic = T.InterpolationMode.BICUBIC
    clip_norm = T.Normalize((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
    clip = T.Compose([T.Resize(224, interpolation=bicubic), T.CenterCrop(224), lambda i: i.convert("RGB"), T.ToTensor(), clip_norm])
    dgm = T.Compose([T.Resize((224, 224), bicubic), T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])

    def cleanfid(img):
        return clip_norm(T.ToTensor()(img_preprocess_clip(np.array(img.convert("RGB")))))

    out = []
    for name, rule in (("clip", clip), ("clip", cleanfid), ("dgm-eval", dgm)):
        for i, shape in enumerate([(32, 32, 3), (28, 28, 1), (256, 256, 3), (40, 61, 3), (300, 259, 3)]):
            pixels = (recipe(i + 1, int(np.prod(shape))) * 256).astype(np.uint8).reshape(shape)
            img = Image.fromarray(pixels[..., 0] if shape[2] == 1 else pixels)
            if name == "dgm-eval":
                img = img.convert("RGB")
            v = rule(img).permute(1, 2, 0)
            out.append({"rule": name, "shape": shape, "crc": zlib.crc32(v.contiguous().numpy().tobytes()), "sample": sample(v, 60)})
    with open(os.path.join(here, "photos.json"), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(o) for o in out) + "\n]\n")


torch.set_num_threads(1)
if len(sys.argv) > 1:
    full(sys.argv[1])
else:
    towers()
    photos()
