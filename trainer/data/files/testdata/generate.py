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
for name in "rgb.jpg full.jpg progressive.jpg gray.jpg lossless.webp lossy.webp palette.png alpha.png gray.png".split():
    img = PIL.Image.open(name)
    if img.mode != "L":
        img = img.convert("RGB")
    with open(name + ".txt", "w") as f:
        print(img.height, img.width, 1 if img.mode == "L" else 3, img.tobytes().hex(), file=f)
