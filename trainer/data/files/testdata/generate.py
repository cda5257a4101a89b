"""Writes small images of every kind that innate decodes, and as NAME.txt the bytes that
Pillow (12.0.0) makes of them: size, channels, hexadecimal. Run with Pillow."""
import PIL.Image

w, h = 24, 16
rgb = PIL.Image.new("RGB", (w, h))
rgb.putdata([(x * 10, y * 15, (x * x + y * 7) % 256) for y in range(h) for x in range(w)])
gray = rgb.convert("L")
rgb.save("rgb.jpg", quality=92)                      # 4:2:0
rgb.save("full.jpg", quality=92, subsampling=0)
rgb.save("progressive.jpg", quality=80, progressive=True)
gray.save("gray.jpg", quality=92)
rgb.save("lossless.webp", lossless=True)
rgb.save("lossy.webp", quality=90)
rgb.quantize(16).save("palette.png")
rgb.convert("RGBA").save("alpha.png")
gray.save("gray.png")
beside = gray.copy()
beside.putalpha(rgb.getchannel("G"))
beside.save("gray-alpha.png")
gray.save("gray-transparent.png", transparency=60)
rgb.convert("CMYK").save("cmyk.jpg", quality=92)
rgb.save("animated.webp", save_all=True, append_images=[rgb.rotate(180)], lossless=True)  # which is refused

# What JPEG and WebP do at the edges of images whose sides are no whole blocks, and with
# other ratios of chroma. Pillow does not write the last two: the bytes that say the size
# and the ratio are changed into others with as many blocks, so that the same stream is
# a picture of them.
odd = rgb.crop((0, 0, 23, 15))
odd.save("odd.jpg", quality=92)
odd.save("odd-422.jpg", quality=92, subsampling=1)
rgb.crop((0, 0, 4, 5)).save("tiny.jpg", quality=92)
odd.convert("RGBA").rotate(3).save("odd.webp", quality=80)


def other(source, name, width, height, ratio):
    b = bytearray(open(source, "rb").read())
    at = b.index(b"\xff\xc0")
    b[at + 5:at + 9] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    b[at + 11] = ratio
    open(name, "wb").write(b)


wide = PIL.Image.new("RGB", (32, 16))
wide.paste(rgb)
wide.save("440.jpg", quality=92, subsampling=1)
other("440.jpg", "440.jpg", 15, 29, 0x12)
wide.save("411.jpg", quality=92)
other("411.jpg", "411.jpg", 61, 8, 0x41)

for name in "odd.jpg odd-422.jpg tiny.jpg odd.webp 440.jpg 411.jpg rgb.jpg full.jpg progressive.jpg gray.jpg lossless.webp lossy.webp palette.png alpha.png gray.png gray-alpha.png gray-transparent.png cmyk.jpg".split():
    img = PIL.Image.open(name)
    if img.mode in ("L", "LA"):
        img = img.convert("L")
    else:
        img = img.convert("RGB")
    with open(name + ".txt", "w") as f:
        print(img.height, img.width, 1 if img.mode == "L" else 3, img.tobytes().hex(), file=f)
