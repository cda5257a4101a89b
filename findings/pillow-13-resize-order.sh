#!/usr/bin/env bash
# Pillow 13.0.0 resizes an image that becomes wider and lower to other pixels than
# Pillow 12: it filters along columns first, where 12 always filters along rows first.
# Between the two passes values are rounded to 8 bits and clipped, so the order shows.
#
# Seen with Pillow 12.0.0 and 13.0.0, of an RGB image made by a formula, to 64x64:
#
#     65x63 LANCZOS: 0 of 12288 values differ, by at most 0 levels
#     63x65 LANCZOS: 3649 of 12288 values differ, by at most 24 levels
#     63x65 BICUBIC: 2677 of 12288 values differ, by at most 16 levels
#     63x65 BILINEAR: 1338 of 12288 values differ, by at most 1 levels
#     128x128 LANCZOS: 0 of 12288 values differ, by at most 0 levels
#
# It matters to whoever makes training images or reference statistics for FID again
# and expects the bytes of the published ones: EDM's dataset_tool.py resizes so.
#
# Needs Python 3.10 or newer with venv. Exit status 0 while this is what happens, 1
# when it has changed.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/env"
for version in 12.0.0 13.0.0; do
	"$tmp/env/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$tmp/$version" "pillow==$version"
done
cat >"$tmp/resize.py" <<'PY'
import sys
from PIL import Image

def picture(width, height):
    image = Image.new("RGB", (width, height))
    image.putdata([((37 * x + 91 * y) % 256, (x * x + 3 * y) % 256, 7 * x * y % 256) for y in range(height) for x in range(width)])
    return image

with open(sys.argv[1], "wb") as out:
    for size, name in ((65, 63), "LANCZOS"), ((63, 65), "LANCZOS"), ((63, 65), "BICUBIC"), ((63, 65), "BILINEAR"), ((128, 128), "LANCZOS"):
        out.write(picture(*size).resize((64, 64), getattr(Image, name)).tobytes())
PY
for version in 12.0.0 13.0.0; do
	PYTHONPATH=$tmp/$version "$tmp/env/bin/python" "$tmp/resize.py" "$tmp/$version.raw"
done
got=$("$tmp/env/bin/python" - "$tmp/12.0.0.raw" "$tmp/13.0.0.raw" <<'PY'
import sys

a, b = (open(path, "rb").read() for path in sys.argv[1:])
size = 64 * 64 * 3
for i, name in enumerate(("65x63 LANCZOS", "63x65 LANCZOS", "63x65 BICUBIC", "63x65 BILINEAR", "128x128 LANCZOS")):
    off = [abs(p - q) for p, q in zip(a[i * size:(i + 1) * size], b[i * size:(i + 1) * size])]
    print(f"{name}: {sum(d > 0 for d in off)} of {size} values differ, by at most {max(off)} levels")
PY
)
echo "$got"
[ "$got" = "$(sed -n 's/^#     \([0-9]*x.*levels\)$/\1/p' "$0")" ] || { echo "this has changed" >&2; exit 1; }
