"""Writes transforms.txt: what the rules of EDM's dataset_tool make, with Pillow, of
images of a seeded recipe, as CRC-32. Run with Pillow up to 12 (12.0.0 was)."""
import zlib
import PIL.Image

LANCZOS = PIL.Image.Resampling.LANCZOS


def image(h, w, c, seed):
    """Bytes of xorshift32, over a ramp, as in package resize."""
    x, out = seed, bytearray()
    for i in range(h * w * c):
        x ^= x << 13 & 0xffffffff
        x ^= x >> 17
        x ^= x << 5 & 0xffffffff
        out.append((x >> 8 & 0xff) if i // 7 % 2 else (i * 255 // (h * w * c)))
    return PIL.Image.frombytes("L" if c == 1 else "RGB", (w, h), bytes(out))


def stretch(img, w, h):
    return img.resize((w, h), LANCZOS)


def center_crop(img, w, h):
    side = min(img.size)
    x, y = (img.width - side) // 2, (img.height - side) // 2
    return img.crop((x, y, x + side, y + side)).convert("RGB").resize((w, h), LANCZOS)


def center_crop_wide(img, w, h):
    band = round(w * img.height / img.width)
    if img.width < w or band < h:
        return None
    rows = list(range(img.height))[(img.height - band) // 2:(img.height + band) // 2]
    img = img.crop((0, rows[0], img.width, rows[-1] + 1)).convert("RGB").resize((w, h), LANCZOS)
    canvas = PIL.Image.new("RGB", (w, w))
    canvas.paste(img, (0, (w - h) // 2))
    return canvas


with open("transforms.txt", "w") as f:
    for name, how, cases in [
        ("-", stretch, [(20, 30, 3, 16, 16), (64, 64, 3, 64, 64), (17, 9, 1, 32, 32)]),
        ("center-crop", center_crop, [(50, 37, 3, 16, 16), (33, 80, 3, 64, 64), (41, 40, 1, 16, 16)]),
        ("center-crop-wide", center_crop_wide, [(48, 64, 3, 32, 16), (45, 64, 1, 64, 32), (20, 64, 3, 32, 16), (101, 133, 3, 64, 40)]),
    ]:
        for i, (h, w, c, to_w, to_h) in enumerate(cases):
            out = how(image(h, w, c, i + 1), to_w, to_h)
            print(name, h, w, c, i + 1, to_w, to_h, "none" if out is None else f"{len(out.getbands())} {zlib.crc32(out.tobytes()):08x}", file=f)
