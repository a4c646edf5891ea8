"""
A drawing board for flat illustrations.

Shapes are given in the picture's own coordinates (1200 x 675), drawn at three times that size
and scaled down when the picture is saved, which makes their edges smooth. Every board has a
random generator seeded with the picture's name: the same name gives the same picture.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageColor, ImageDraw

WIDTH, HEIGHT, SCALE, BAND = 1200, 675, 3, 5

Point = tuple[float, float]

# The one palette of all pictures: blues and greens, warm colours, and the lights and darks.
INK, NAVY, BLUE, SKY, MIST = "#16213e", "#22395f", "#35648f", "#82b4c8", "#d3e5e1"
PINE, TEAL, MOSS, LEAF = "#123c46", "#1f7a7a", "#4f7d5a", "#93b06c"
WHITE, CREAM, SAND, GOLD = "#fffaf2", "#fbf0dc", "#f0d4a6", "#f1b544"
ROSE, CORAL, RUST, PLUM, WINE, STONE = (
    "#f4bba5",
    "#ed7b57",
    "#b74a30",
    "#5d3c62",
    "#3a2541",
    "#aaa59c",
)


def mix(first: str, second: str, share: float) -> str:
    """The colour that lies the given share of the way from the first to the second."""
    pairs = zip(ImageColor.getrgb(first), ImageColor.getrgb(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def ring(
    x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360, turn: float = 0
) -> list[Point]:
    """Points along an ellipse (degrees, clockwise from the right), turned about its centre."""
    steps = max(8, int(abs(end - start) / 2))
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return turned([(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles], x, y, turn)


def turned(points: Iterable[Point], x: float, y: float, degrees: float) -> list[Point]:
    """The points turned clockwise about (x, y)."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [
        (x + (px - x) * cos - (py - y) * sin, y + (px - x) * sin + (py - y) * cos)
        for px, py in points
    ]


def smooth(points: Sequence[Point], closed: bool = False) -> list[Point]:
    """A soft curve (Catmull-Rom) through the points."""
    knots = (
        [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    )
    curve = []
    for p0, p1, p2, p3 in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        curve += [
            (_blend(p0[0], p1[0], p2[0], p3[0], t), _blend(p0[1], p1[1], p2[1], p3[1], t))
            for t in (step / 12 for step in range(12))
        ]
    return curve if closed else [*curve, points[-1]]


def _blend(a: float, b: float, c: float, d: float, t: float) -> float:
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))


class Canvas:
    """The board one picture is drawn on."""

    def __init__(self, name: str) -> None:
        """An empty board, its chance seeded with the name."""
        self.random = random.Random(name)
        self.image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), CREAM)

    def save(self, path: Path) -> None:
        """Scale the board down and write it as a PNG, with a palette where 256 colours will do."""
        picture = self.image.reduce(SCALE)
        data = picture.tobytes()
        colours = Counter(zip(data[::3], data[1::3], data[2::3], strict=True)).most_common(256)
        if sum(count for _, count in colours) > 0.98 * WIDTH * HEIGHT:
            palette = Image.new("P", (1, 1))
            palette.putpalette(bytes(part for colour, _ in colours for part in colour))
            picture = picture.quantize(palette=palette, dither=Image.Dither.NONE)
        picture.save(path, optimize=True)

    def sky(self, *colours: str, bottom: float = HEIGHT) -> None:
        """A gradient from the top edge downwards, in bands too narrow to be seen."""
        draw = ImageDraw.Draw(self.image)
        for y in range(0, round(bottom), BAND):
            place = y / bottom * (len(colours) - 1)
            left = min(int(place), len(colours) - 2)
            fill = mix(colours[left], colours[left + 1], place - left)
            draw.rectangle((0, y * SCALE, WIDTH * SCALE, (y + BAND) * SCALE - 1), fill=fill)

    def shape(self, points: Iterable[Point], fill: str, alpha: float = 1) -> None:
        """A filled polygon."""
        corners = [(x * SCALE, y * SCALE) for x, y in points]
        ImageDraw.Draw(self.image, "RGBA").polygon(
            corners, fill=(*ImageColor.getrgb(fill), round(alpha * 255))
        )

    def disc(self, x: float, y: float, radius: float, fill: str, alpha: float = 1) -> None:
        """A filled circle."""
        self.shape(ring(x, y, radius, radius), fill, alpha)

    def oval(
        self, x: float, y: float, rx: float, ry: float, fill: str, alpha: float = 1, turn: float = 0
    ) -> None:
        """A filled ellipse."""
        self.shape(ring(x, y, rx, ry, turn=turn), fill, alpha)

    def box(
        self,
        x: float,
        y: float,
        wide: float,
        high: float,
        fill: str,
        round_: float = 0,
        alpha: float = 1,
    ) -> None:
        """A filled rectangle, with round corners if asked."""
        r = min(round_, wide / 2, high / 2)
        if not r:
            self.shape([(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)], fill, alpha)
            return
        corners = [
            (x + wide - r, y + high - r, 0),
            (x + r, y + high - r, 90),
            (x + r, y + r, 180),
            (x + wide - r, y + r, 270),
        ]
        self.shape([p for cx, cy, a in corners for p in ring(cx, cy, r, r, a, a + 90)], fill, alpha)

    def line(self, points: Sequence[Point], fill: str, width: float, ends: bool = True) -> None:
        """A line of one thickness, with round joints and, unless told otherwise, round ends."""
        half = width / 2
        for (ax, ay), (bx, by) in pairwise(points):
            length = math.hypot(bx - ax, by - ay) or 1
            dx, dy = (by - ay) / length * half, (ax - bx) / length * half
            self.shape(
                [(ax + dx, ay + dy), (bx + dx, by + dy), (bx - dx, by - dy), (ax - dx, ay - dy)],
                fill,
            )
        for x, y in points if ends else points[1:-1]:
            self.disc(x, y, half, fill)

    def glow(self, x: float, y: float, radius: float, fill: str, alpha: float = 0.1) -> None:
        """Four rings of light about a point."""
        for share in (1, 0.78, 0.58, 0.4):
            self.disc(x, y, radius * share, fill, alpha)

    def stars(self, count: int, bottom: float, fill: str = CREAM) -> None:
        """Small stars strewn over the upper part."""
        for _ in range(count):
            x, y = self.random.uniform(0, WIDTH), self.random.uniform(0, bottom)
            self.disc(
                x, y, self.random.choice((1.2, 1.6, 2.4)), fill, self.random.choice((0.5, 0.75, 1))
            )

    def ridge(
        self, y: float, swing: float, fill: str, waves: float = 2
    ) -> Callable[[float], float]:
        """A hilly silhouette down to the lower edge; returns the height of its top at a given x."""
        parts = [
            (
                swing / n**1.2,
                waves * n * self.random.uniform(0.8, 1.2),
                self.random.uniform(0, 6.28),
            )
            for n in (1, 2, 3)
        ]

        def top(x: float) -> float:
            return y + sum(
                high * math.sin(x / WIDTH * math.pi * often + phase) for high, often, phase in parts
            )

        self.shape(
            [*((x, top(x)) for x in range(-6, WIDTH + 12, 6)), (WIDTH + 6, HEIGHT), (-6, HEIGHT)],
            fill,
        )
        return top

    def waves(
        self, y: float, fill: str, length: float = 150, high: float = 16, shift: float = 0
    ) -> None:
        """A sea with pointed crests down to the lower edge."""
        crests = [
            (x, y + high * abs(math.sin(math.pi * (x + shift) / length)))
            for x in range(-6, WIDTH + 12, 3)
        ]
        self.shape([*crests, (WIDTH + 6, HEIGHT), (-6, HEIGHT)], fill)

    @contextmanager
    def inside(self, outline: Iterable[Point]) -> Iterator[None]:
        """Whatever is drawn in the block shows only inside the outline."""
        before = self.image.copy()
        yield
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).polygon([(x * SCALE, y * SCALE) for x, y in outline], fill=255)
        self.image = Image.composite(self.image, before, mask)


def person(
    c: Canvas, x: float, foot: float, high: float, coat: str, dark: str = INK, skin: str = ROSE
) -> None:
    """A small standing figure seen from afar."""
    c.box(x - high * 0.09, foot - high * 0.42, high * 0.08, high * 0.42, dark, high * 0.03)
    c.box(x + high * 0.01, foot - high * 0.42, high * 0.08, high * 0.42, dark, high * 0.03)
    c.box(x - high * 0.14, foot - high * 0.8, high * 0.28, high * 0.48, coat, high * 0.1)
    c.disc(x, foot - high * 0.9, high * 0.1, skin)
    c.shape(ring(x, foot - high * 0.91, high * 0.105, high * 0.105, 180, 360), dark)


def house(
    c: Canvas,
    x: float,
    foot: float,
    wide: float,
    high: float,
    wall: str,
    roof: str,
    light: str | None = None,
) -> None:
    """A gabled house standing on its foot line, with one window if a light is given."""
    c.box(x, foot - high, wide, high + 40, wall)
    c.shape(
        [
            (x - wide * 0.1, foot - high),
            (x + wide / 2, foot - high - wide * 0.5),
            (x + wide * 1.1, foot - high),
        ],
        roof,
    )
    if light:
        c.box(x + wide * 0.36, foot - high * 0.72, wide * 0.28, high * 0.36, light, 2)


def pine(c: Canvas, x: float, foot: float, high: float, fill: str) -> None:
    """A fir tree."""
    c.box(x - high * 0.03, foot - high * 0.15, high * 0.06, high * 0.2, fill)
    for low, wide, top in ((0.1, 0.26, 0.6), (0.35, 0.21, 0.82), (0.6, 0.15, 1)):
        c.shape(
            [
                (x - high * wide, foot - high * low),
                (x, foot - high * top),
                (x + high * wide, foot - high * low),
            ],
            fill,
        )


def blocks(
    c: Canvas, foot: float, low: int, high: int, fill: str, light: str | None, share: float
) -> None:
    """A row of plain buildings across the picture, a share of their windows lit."""
    x = -20.0
    while x < 1200:
        wide, tall = c.random.randint(60, 120), c.random.randint(low, high)
        c.box(x, foot - tall, wide, tall, fill)
        if c.random.random() < 0.3:
            c.box(x + wide * 0.3, foot - tall - 22, wide * 0.3, 24, fill)
        for wy in range(int(foot - tall) + 16, int(foot) - 20, 26):
            for wx in range(int(x) + 12, int(x + wide) - 16, 22):
                if light and c.random.random() < share:
                    c.box(wx, wy, 10, 14, light)
        x += wide + c.random.choice((0, 0, 6, 14))
