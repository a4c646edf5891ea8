"""
Where a picture is cut: around its detail, not blindly around its middle.
"""

from itertools import accumulate

from PIL import Image, ImageFilter

from ..model import Slot

#: The longer side of the small copy that is looked at, and so the steps a cut can be moved by.
STEPS = 96
#: How much detail a cut has to win, of all there is, for being moved by the whole way.
RELUCTANCE = 0.3
#: Of an upright picture the part above the middle: heads are there.
HEADS = 0.33
#: Less than that, of 255, is grain.
GRAIN = 12
#: On average; what is left below is grain, too.
FAINT = 0.1
Box = tuple[float, float, float, float]


def crop_box(image: Image.Image, slot: Slot) -> Box:
    """
    The part of that shape with the most detail; the middle of a picture without any.
    """
    width, height = image.size
    ratio = slot.width / slot.height
    if width > height * ratio:
        kept = height * ratio
        left = _start(_detail(image, across=True), kept / width, middle=0.5) * width
        return left, 0.0, min(left + kept, width), float(height)
    kept = width / ratio
    upright = height > width
    top = _start(_detail(image, across=False), kept / height, middle=HEADS if upright else 0.5)
    return 0.0, top * height, float(width), min(top * height + kept, height)


def _detail(image: Image.Image, *, across: bool) -> list[int]:
    """
    How much changes from pixel to pixel, by column or by row of a small copy.
    """
    scale = STEPS / max(image.size)
    size = (max(3, round(image.width * scale)), max(3, round(image.height * scale)))
    # The edge of a filter's picture is what it could not look beyond.
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=1.0).convert("L")
    edges = small.filter(ImageFilter.FIND_EDGES).point(lambda value: max(0, value - GRAIN))
    inner = Image.new("L", edges.size)
    inner.paste(edges.crop((1, 1, size[0] - 1, size[1] - 1)), (1, 1))
    rows = inner if across else inner.transpose(Image.Transpose.TRANSPOSE)
    pixels = rows.tobytes()
    if sum(pixels) < FAINT * len(pixels):
        return [0] * rows.width
    return [sum(pixels[column :: rows.width]) for column in range(rows.width)]


def _start(detail: list[int], share: float, *, middle: float) -> float:
    """
    Where the kept share of the length begins, from 0 to what is left of 1.
    """
    room, total = 1 - share, sum(detail)
    home = min(max(middle - share / 2, 0.0), room)
    kept = round(share * len(detail))
    if not total or kept >= len(detail):
        return home
    sums = [0, *accumulate(detail)]

    def worth(place: int) -> float:
        found = (sums[place + kept] - sums[place]) / total
        return found - RELUCTANCE * abs(place / len(detail) - home)

    best = max(range(len(detail) - kept + 1), key=worth)
    # Coarse steps say little about a cut that hardly moves.
    return (
        home if worth(best) <= worth(round(home * len(detail))) else min(best / len(detail), room)
    )
