"""The scenes of markets, kitchens and tables."""

from __future__ import annotations

import math

from canvas import (
    BLUE,
    CORAL,
    CREAM,
    GOLD,
    INK,
    LEAF,
    MIST,
    MOSS,
    NAVY,
    PINE,
    PLUM,
    ROSE,
    RUST,
    SAND,
    SKY,
    STONE,
    TEAL,
    WHITE,
    WINE,
    Canvas,
    blocks,
    mix,
    person,
    ring,
    smooth,
    turned,
)


def bread(c: Canvas) -> None:
    """A round loaf with an ear of wheat cut into its crust."""
    c.sky(mix(MIST, SKY, 0.4), MIST, bottom=440)
    c.box(0, 440, 1200, 235, TEAL)
    c.box(0, 440, 1200, 12, mix(TEAL, MIST, 0.3))
    c.box(250, 500, 640, 66, mix(SAND, RUST, 0.45), 30)
    c.box(250, 492, 640, 56, mix(SAND, RUST, 0.2), 28)
    c.box(860, 508, 110, 24, mix(SAND, RUST, 0.2), 12)
    loaf = smooth(
        [
            (310, 470),
            (330, 330),
            (430, 220),
            (570, 180),
            (710, 220),
            (812, 330),
            (832, 470),
            (760, 522),
            (570, 534),
            (380, 522),
        ],
        closed=True,
    )
    c.shape(loaf, mix(RUST, GOLD, 0.35))
    with c.inside(loaf):
        c.oval(540, 320, 250, 200, mix(GOLD, RUST, 0.35))
        c.oval(500, 270, 160, 110, mix(GOLD, CORAL, 0.25))
        c.shape(
            smooth([(320, 470), (570, 500), (830, 465), (830, 560), (320, 560)], closed=True), RUST
        )
        c.line(smooth([(570, 200), (574, 330), (566, 462)]), CREAM, 9)
        for level in range(5):
            for way in (-1, 1):
                y = 236 + level * 50
                leaf = [
                    (572, y + 30),
                    (572 + way * 46, y + 12),
                    (572 + way * 84, y - 26),
                    (572 + way * 36, y - 14),
                ]
                c.shape(smooth(leaf, closed=True), CREAM)
    for lean in (-21, -7, 8, 20):
        _wheat(c, 1060, 500, lean)
    c.box(1000, 400, 120, 128, mix(BLUE, SKY, 0.3), 22)
    c.box(992, 396, 136, 22, BLUE, 10)
    c.box(1000, 450, 120, 10, CREAM)
    c.shape(
        smooth(
            [(95, 470), (90, 400), (110, 350), (170, 345), (205, 395), (210, 470), (150, 486)],
            closed=True,
        ),
        CREAM,
    )
    c.box(104, 326, 78, 26, CORAL, 12)
    for _ in range(40):
        c.disc(
            c.random.uniform(230, 1000),
            c.random.uniform(585, 655),
            c.random.choice((2, 3, 4)),
            CREAM,
            0.8,
        )


def _wheat(c: Canvas, x: float, foot: float, lean: float) -> None:
    """An ear of wheat."""
    top = turned([(x, foot - 300)], x, foot, lean)[0]
    c.line([(x, foot), top], mix(GOLD, RUST, 0.3), 5)
    for level in range(6):
        for way in (-1, 1):
            grain = ring(x + way * 13, foot - 190 - level * 22, 7, 17, turn=way * 24)
            c.shape(turned(grain, x, foot, lean), GOLD)
    c.shape(turned(ring(x, foot - 326, 7, 18), x, foot, lean), GOLD)


def market_stall(c: Canvas) -> None:
    """A stall under a striped awning."""
    c.sky(MIST, CREAM, bottom=560)
    blocks(c, 560, 200, 330, mix(MIST, ROSE, 0.45), WHITE, 0.5)
    c.box(0, 560, 1200, 115, mix(STONE, SAND, 0.5))
    for x in (210, 970):
        c.box(x, 200, 18, 400, WINE, 4)
    c.box(228, 230, 742, 180, PINE)
    for x in (300, 400, 505, 610):
        c.line([(x, 230), (x, 262)], STONE, 4)
        c.oval(x, 300, 22, 42, mix(SAND, GOLD, 0.5))
        c.oval(x, 258, 10, 8, RUST)
    person(c, 800, 560, 330, CORAL, WINE)
    c.box(762, 370, 76, 100, CREAM, 8)
    for stripe in range(10):
        x, fill = 170 + stripe * 86, CORAL if stripe % 2 == 0 else CREAM
        c.shape(
            [(x + (600 - x) * 0.1, 110), (x + 86 + (514 - x) * 0.1, 110), (x + 86, 212), (x, 212)],
            fill,
        )
        c.shape(ring(x + 43, 211, 43, 34, 0, 180), fill)
    c.box(190, 405, 820, 95, WINE)
    c.box(180, 424, 840, 30, mix(SAND, RUST, 0.5), 5)
    for number, fill in enumerate((CORAL, GOLD, LEAF, RUST, PLUM, CREAM)):
        x = 196 + number * 136
        for row, count in ((0, 5), (1, 4), (2, 2)):
            for i in range(count):
                c.disc(
                    x + 14 + row * 12 + i * 24,
                    420 - row * 19,
                    15,
                    mix(fill, WINE, 0.12 * ((i + row) % 3)),
                )
        c.box(x - 8, 428, 128, 66, mix(SAND, GOLD, 0.35), 4)
        c.box(x - 8, 446, 128, 5, mix(SAND, RUST, 0.5))
        c.box(x - 8, 470, 128, 5, mix(SAND, RUST, 0.5))
        c.box(x + 34, 440, 44, 30, WHITE, 3)
    c.box(190, 494, 820, 110, TEAL, 4)
    for x in range(214, 1000, 54):
        c.box(x, 494, 5, 110, mix(TEAL, PINE, 0.5))


def noodle_bowl(c: Canvas) -> None:
    """Noodles at the station, five minutes before the train."""
    c.sky(PINE, mix(PINE, TEAL, 0.6), bottom=480)
    c.box(0, 90, 1200, 210, mix(TEAL, PINE, 0.3))
    c.box(0, 170, 1200, 18, CORAL)
    for x in range(-40, 1200, 180):
        c.box(x, 196, 130, 76, mix(GOLD, CREAM, 0.35), 12)
        c.disc(x + 40 + (x % 50), 252, 17, WINE)
        c.shape(ring(x + 40 + (x % 50), 275, 28, 16, 180, 360), WINE)
    c.box(0, 300, 1200, 16, INK)
    c.box(0, 470, 1200, 205, RUST)
    c.box(0, 470, 1200, 16, mix(RUST, ROSE, 0.4))
    for x, phase in ((500, 0), (600, 1.6), (700, 3.1)):
        c.line(
            [(x + 18 * math.sin(y / 30 + phase), y) for y in range(90, 300, 6)],
            mix(TEAL, CREAM, 0.55),
            10,
        )
    c.oval(600, 610, 250, 22, WINE, 0.6)
    c.box(520, 570, 160, 44, mix(INK, NAVY, 0.5), 10)
    body = ring(600, 370, 290, 225, 0, 180)
    c.shape(body, NAVY)
    with c.inside(body):
        c.box(300, 420, 600, 16, CREAM)
        for x in range(340, 880, 60):
            c.line(ring(x, 476, 24, 24, 180, 360), CREAM, 6)
            c.line(ring(x, 476, 11, 11, 180, 360), CREAM, 5)
        c.shape([*ring(600, 370, 300, 235, -5, 110), *ring(540, 360, 290, 225, 100, 0)], INK, 0.45)
    c.oval(600, 370, 290, 62, mix(NAVY, SKY, 0.4))
    c.oval(600, 374, 270, 52, mix(GOLD, RUST, 0.45))
    _toppings(c)
    for shift in (0, 26):
        c.line([(690 + shift, 366), (930 + shift, 200 + shift * 0.6)], mix(WINE, RUST, 0.3), 9)


def _toppings(c: Canvas) -> None:
    """What floats in the soup."""
    with c.inside(ring(600, 374, 270, 52)):
        for number in range(9):
            c.line(
                ring(600 + number * 13, 420, 150 - number * 8, 70 - number * 4, 185, 355),
                mix(SAND, CREAM, 0.4),
                5,
            )
        c.oval(450, 372, 62, 26, WHITE)
        c.oval(450, 372, 32, 14, GOLD)
        c.shape([(520, 340), (590, 322), (604, 360), (540, 372)], PINE)
    for x, y in ((640, 350), (690, 388), (600, 398), (520, 396), (760, 372)):
        c.line(ring(x, y, 9, 5), LEAF, 4, ends=False)
    c.oval(790, 366, 34, 14, ROSE)
    c.line(ring(790, 366, 18, 7, 20, 300), CORAL, 4)


def oranges(c: Canvas) -> None:
    """A branch of bitter oranges."""
    c.sky(mix(SKY, BLUE, 0.35), SKY, MIST)
    c.box(0, 590, 1200, 85, CREAM)
    c.box(0, 590, 1200, 12, WHITE)
    branch = smooth([(-20, 120), (260, 170), (520, 130), (820, 190), (1060, 150), (1230, 60)])
    for spot, lean, size in (
        (6, -60, 1),
        (10, 50, 1),
        (16, -50, 1.1),
        (20, 118, 0.9),
        (26, -70, 1),
        (31, 60, 1),
        (36, -40, 1.1),
        (42, 65, 0.9),
        (45, -75, 1),
        (52, 55, 1),
        (55, -90, 0.9),
    ):
        x, y = branch[spot]
        leaf = turned(
            smooth(
                [(x, y), (x + 65 * size, y - 30), (x + 140 * size, y), (x + 65 * size, y + 30)],
                closed=True,
            ),
            x,
            y,
            lean,
        )
        c.shape(leaf, MOSS if lean > 0 else TEAL)
        c.line(turned([(x, y), (x + 112 * size, y)], x, y, lean), LEAF, 3)
    c.line(branch, WINE, 18)
    for start, end in (
        ((335, 160), (345, 250)),
        ((580, 138), (595, 260)),
        ((825, 190), (835, 240)),
        ((1030, 158), (1040, 230)),
    ):
        c.line([start, end], WINE, 8)
    for x, y, r in ((345, 310, 78), (595, 325, 92), (835, 300, 72), (1040, 285, 66)):
        c.disc(x, y, r, mix(GOLD, CORAL, 0.55))
        with c.inside(ring(x, y, r, r)):
            c.shape(
                [
                    *ring(x, y, r * 1.1, r * 1.1, -40, 150),
                    *ring(x - r * 0.35, y - r * 0.2, r, r, 140, -30),
                ],
                CORAL,
            )
            c.oval(x - r * 0.4, y - r * 0.45, r * 0.2, r * 0.12, mix(GOLD, CREAM, 0.5), turn=-40)
        c.disc(x, y - r * 0.86, 8, MOSS)
    _slice(c, 250, 540, 100)
    _slice(c, 930, 548, 92)
    c.oval(1082, 634, 62, 10, mix(CREAM, STONE, 0.6))
    c.disc(1076, 572, 64, CORAL)
    with c.inside(ring(1076, 572, 64, 64)):
        c.disc(1062, 560, 62, mix(GOLD, CORAL, 0.55))
    c.disc(1064, 516, 7, MOSS)


def _slice(c: Canvas, x: float, y: float, radius: float) -> None:
    """Half an orange, cut side to the front."""
    c.oval(x + 8, y + radius * 0.94, radius, 12, mix(CREAM, STONE, 0.6))
    c.disc(x, y, radius, CORAL)
    c.disc(x, y, radius * 0.92, CREAM)
    for part in range(9):
        wedge = [(x, y), *ring(x, y, radius * 0.8, radius * 0.8, part * 40 + 4, part * 40 + 36)]
        (cx, cy) = ring(x, y, 9, 9, part * 40 + 20, part * 40 + 21)[0]
        c.shape([(px + cx - x, py + cy - y) for px, py in wedge], mix(GOLD, CORAL, 0.3))
    c.disc(x, y, radius * 0.09, CREAM)


def brine_jars(c: Canvas) -> None:
    """Three jars on a shelf, each at its own pace."""
    c.sky(mix(ROSE, CREAM, 0.3), CREAM, bottom=530)
    c.box(800, 60, 250, 220, mix(SKY, MIST, 0.5), 125)
    c.box(800, 170, 250, 200, mix(SKY, MIST, 0.5))
    c.box(920, 60, 10, 310, WHITE)
    c.box(800, 200, 250, 10, WHITE)
    c.box(780, 362, 290, 18, WHITE, 5)
    c.box(0, 530, 1200, 40, mix(RUST, WINE, 0.3))
    c.box(0, 570, 1200, 105, mix(ROSE, CORAL, 0.35))
    jars = (
        (170, 220, 220, mix(LEAF, MIST, 0.5), CORAL, (MOSS, TEAL, LEAF)),
        (450, 240, 150, mix(ROSE, CREAM, 0.3), NAVY, (CORAL, RUST, PLUM)),
        (750, 210, 250, mix(SAND, CREAM, 0.4), TEAL, (GOLD, CORAL, mix(GOLD, RUST, 0.4))),
    )
    for x, wide, top, juice, lid, fills in jars:
        c.box(x, top, wide, 530 - top, mix(MIST, WHITE, 0.4), 34)
        c.box(x + 10, top + 60, wide - 20, 460 - top, juice, 26)
        with c.inside(
            [(x + 12, top + 66), (x + wide - 12, top + 66), (x + wide - 12, 518), (x + 12, 518)]
        ):
            _pickles(c, x + 24, top + 90, wide - 48, fills)
        c.box(x + 22, top + 40, 12, 330 - top / 2, WHITE, 6, 0.6)
        c.box(x + 12, top - 30, wide - 24, 44, lid, 10)
        c.box(x + 12, top - 6, wide - 24, 8, mix(lid, INK, 0.3))
        c.box(x + wide * 0.25, 400, wide * 0.5, 62, CREAM, 6)
        c.box(x + wide * 0.33, 418, wide * 0.34, 7, WINE, 3)
        c.box(x + wide * 0.33, 436, wide * 0.22, 7, WINE, 3)


def _pickles(c: Canvas, x: float, top: float, wide: float, fills: tuple[str, ...]) -> None:
    """Rows of vegetables in their brine."""
    y = top
    while y < 530:
        for px in range(int(x), int(x + wide) + 20, 44):
            tilt = c.random.uniform(-60, 60)
            fill = c.random.choice(fills)
            c.oval(px + c.random.uniform(-6, 6), y, 25, 14, fill, turn=tilt)
            c.oval(px - 3, y - 4, 12, 3, mix(fill, WHITE, 0.4), turn=tilt)
        y += 36
