"""Writes resize.txt: what Pillow makes of images of a seeded recipe, as CRC-32 of the
bytes, and of the smallest the bytes themselves; and floats.txt: of their first channel
in mode F, as CRC-32 of the floats. Run with Pillow up to 12 (12.0.0 was)."""
import zlib
import PIL.Image


def image(h, w, c, seed):
    """Bytes of xorshift32, over a ramp so that neighbours are not all unlike."""
    x, out = seed, bytearray()
    for i in range(h * w * c):
        x ^= x << 13 & 0xffffffff
        x ^= x >> 17
        x ^= x << 5 & 0xffffffff
        out.append((x >> 8 & 0xff) if i // 7 % 2 else (i * 255 // (h * w * c)))
    return bytes(out)


filters = {"lanczos": PIL.Image.Resampling.LANCZOS, "box": PIL.Image.Resampling.BOX, "bicubic": PIL.Image.Resampling.BICUBIC}
cases = [(3, 4, 1, 2, 2), (5, 5, 3, 8, 8), (1, 1, 3, 4, 4), (7, 1, 1, 3, 5), (28, 28, 1, 32, 32), (32, 32, 3, 32, 16),
         (100, 64, 3, 64, 64), (333, 257, 3, 64, 64), (512, 512, 3, 64, 64), (90, 1000, 3, 32, 32), (65, 63, 1, 64, 64), (2, 300, 3, 300, 2), (32, 32, 3, 224, 224), (256, 300, 3, 224, 262)]
with open("resize.txt", "w") as f:
    for name, how in filters.items():
        for i, (h, w, c, to_h, to_w) in enumerate(cases):
            img = PIL.Image.frombytes("L" if c == 1 else "RGB", (w, h), image(h, w, c, i + 1))
            out = img.resize((to_w, to_h), how).tobytes()
            print(name, h, w, c, to_h, to_w, i + 1, f"{zlib.crc32(out):08x}", out.hex() if len(out) < 40 else "-", file=f)
with open("floats.txt", "w") as f:
    for name, how in filters.items():
        for i, (h, w, c, to_h, to_w) in enumerate(cases):
            img = PIL.Image.frombytes("L" if c == 1 else "RGB", (w, h), image(h, w, c, i + 1))
            out = img.getchannel(0).convert("F").resize((to_w, to_h), how).tobytes()
            print(name, h, w, c, to_h, to_w, i + 1, f"{zlib.crc32(out):08x}", file=f)
