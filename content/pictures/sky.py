"""The scenes of the sky, and of what it powers."""

from __future__ import annotations

import math
from itertools import pairwise

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
    Point,
    house,
    mix,
    person,
    pine,
    ring,
    smooth,
    turned,
)


def comet(c: Canvas) -> None:
    """A comet in the evening sky, and two people who came to see it."""
    c.sky(INK, NAVY, BLUE, ROSE, SAND, bottom=600)
    c.stars(110, 330)
    for low, high, alpha in ((205, -190, 0.1), (150, -80, 0.14), (96, 0, 0.26)):
        lower, upper = (
            smooth([(800, 353), (520, 268 + low * 0.12), (-20, low)]),
            smooth([(-20, high), (520, 215 + high * 0.12), (806, 316)]),
        )
        c.shape([*lower, *upper], CREAM, alpha)
    c.glow(800, 335, 62, CREAM, 0.14)
    c.disc(800, 335, 19, WHITE)
    c.ridge(505, 26, PLUM, 2)
    c.ridge(560, 22, mix(PLUM, INK, 0.6), 1.5)
    top = c.ridge(606, 14, INK, 1)
    for x, high in ((250, 100), (296, 86)):
        person(c, x, top(x) + 4, high, INK, skin=INK)
    for x, high in ((1010, 120), (1060, 170), (1120, 140)):
        pine(c, x, top(x) + 8, high, INK)


def moon_over_hills(c: Canvas) -> None:
    """A moon above a valley whose lamps are out."""
    c.sky(INK, NAVY, BLUE, mix(SKY, ROSE, 0.4))
    c.stars(90, 320)
    c.glow(770, 260, 300, CREAM, 0.05)
    c.disc(770, 260, 135, CREAM)
    for x, y, r in ((720, 220, 30), (800, 300, 40), (820, 205, 18), (745, 320, 16), (760, 258, 11)):
        c.disc(x, y, r, SAND, 0.75)
    c.ridge(400, 38, mix(BLUE, SKY, 0.25), 3)
    c.ridge(460, 34, mix(BLUE, NAVY, 0.4), 2.4)
    c.ridge(520, 26, NAVY, 1.8)
    top = c.ridge(590, 18, INK, 1.4)
    for x in (190, 255, 300, 372, 430, 486, 560):
        house(
            c,
            x,
            top(x) + 10,
            c.random.randint(44, 58),
            c.random.randint(34, 50),
            INK,
            INK,
            GOLD if x == 372 else None,
        )
    c.box(338, top(340) - 96, 24, 110, INK)
    c.shape([(330, top(340) - 94), (350, top(340) - 170), (370, top(340) - 94)], INK)
    for x, high in ((880, 90), (930, 126), (980, 100), (1090, 80)):
        pine(c, x, top(x) + 8, high, INK)


def telescope_dome(c: Canvas) -> None:
    """An observatory on a ridge with its dome open."""
    c.sky(INK, PLUM, CORAL, SAND, bottom=620)
    c.stars(70, 220)
    c.ridge(480, 34, mix(PLUM, CORAL, 0.45), 3)
    c.box(965, 462, 70, 120, mix(CREAM, PLUM, 0.35))
    c.shape(ring(1000, 464, 42, 42, 180, 360), mix(CREAM, PLUM, 0.25))
    c.ridge(545, 24, PLUM, 2)
    dome = [*ring(520, 350, 190, 190, 180, 360)]
    c.box(350, 350, 340, 270, CREAM)
    c.box(560, 350, 130, 270, mix(SAND, PLUM, 0.25))
    c.shape(dome, WHITE)
    with c.inside(dome):
        c.oval(665, 360, 130, 215, mix(SAND, PLUM, 0.25))
        c.shape([(520, 380), (400, 120), (505, 130), (590, 380)], INK)
    c.line([(525, 318), (452, 150)], STONE, 46, ends=False)
    c.line([(460, 168), (452, 150)], NAVY, 52, ends=False)
    c.box(322, 340, 396, 22, mix(PLUM, INK, 0.3), 8)
    c.box(485, 472, 56, 140, PLUM, 4)
    for x in (390, 440, 610, 650):
        c.box(x, 420, 22, 36, GOLD if x == 440 else PLUM, 4)
    top = c.ridge(588, 16, WINE, 1.2)
    person(c, 770, top(770) + 3, 74, WINE, WINE, WINE)


def return_capsule(c: Canvas) -> None:
    """A capsule under its parachute above the dunes."""
    c.sky(SKY, MIST, CREAM, SAND)
    c.disc(250, 190, 62, GOLD, 0.9)
    c.ridge(470, 24, mix(SAND, CORAL, 0.35), 2.5)
    top = ring(740, 230, 190, 165, 180, 360)
    for x in (552, 610, 672, 740, 808, 870, 928):
        c.line([(x, 232), (740, 415)], mix(WINE, SAND, 0.25), 2.2)
    c.shape(top, CORAL)
    with c.inside(top):
        for rx in (190, 95):
            c.oval(740, 232, rx, 170, CREAM if rx == 190 else CORAL)
        c.oval(740, 232, 140, 170, CORAL)
        c.oval(740, 232, 92, 170, CREAM)
        c.oval(740, 232, 42, 170, CORAL)
    for i in range(6):
        c.oval(582 + i * 63.3, 232, 32, 12, mix(SAND, CREAM, 0.5 if i % 2 else 0.2))
    c.shape([(712, 410), (768, 410), (796, 468), (684, 468)], WHITE)
    c.shape([(745, 410), (768, 410), (796, 468), (752, 468)], STONE)
    c.shape(ring(740, 466, 58, 24, 0, 180), WINE)
    c.disc(726, 440, 10, NAVY)
    c.ridge(530, 26, CORAL, 1.8)
    c.oval(620, 590, 78, 9, RUST)
    c.ridge(606, 24, RUST, 1.3)
    c.ridge(650, 14, WINE, 1)


def aurora_pylons(c: Canvas) -> None:
    """Northern lights above a line of pylons."""
    night = mix(NAVY, PINE, 0.6)
    c.sky(night, night)
    c.stars(90, 360)
    for base, swing, fill in ((300, 60, SKY), (250, 50, LEAF), (390, 50, TEAL)):
        phase = c.random.uniform(0, 6)
        low = [
            (x, base + swing * math.sin(x / 190 + phase) - x * 0.06) for x in range(-80, 1220, 10)
        ]
        for share in (1, 0.7, 0.42, 0.18):
            high = [
                (x + 60 * share, y - share * (190 + 80 * math.sin(x / 120 + phase))) for x, y in low
            ]
            c.shape([*low, *reversed(high)], fill, 0.2)
    c.ridge(470, 26, mix(PINE, INK, 0.45), 3)
    c.ridge(560, 9, MIST, 1.4)
    c.ridge(630, 10, mix(MIST, SKY, 0.5), 1.2)
    masts = ((1040, 0.62), (790, 0.8), (430, 1.1))
    for x, size in masts:
        _pylon(c, x, 520 + 78 * size, size)
    for side in (-1, 1):
        for level in (250, 300):
            hooks = [(x + side * 62 * size, 520 + 78 * size - level * size) for x, size in masts]
            ends = [(1300, hooks[0][1] + 30), *hooks, (-260, hooks[-1][1] - 60)]
            for (ax, ay), (bx, by) in pairwise(ends):
                c.line(smooth([(ax, ay), ((ax + bx) / 2, (ay + by) / 2 + 26), (bx, by)]), INK, 2)


def _pylon(c: Canvas, x: float, foot: float, size: float) -> None:
    """A lattice mast."""

    def at(px: float, py: float) -> Point:
        return x + px * size, foot - py * size

    for side in (-1, 1):
        c.line([at(side * 46, 0), at(side * 14, 230), at(side * 5, 345)], INK, 6 * size)
        for level in (250, 300):
            c.line([at(0, level + 16), at(side * 64, level)], INK, 5 * size)
            c.line([at(0, level), at(side * 64, level)], INK, 4 * size)
    for low, high in ((0, 90), (90, 165), (165, 230)):
        left, right = 46 - low * 0.139, 46 - high * 0.139
        c.line([at(-left, low), at(right, high)], INK, 4 * size)
        c.line([at(left, low), at(-right, high)], INK, 4 * size)


def ringed_planet(c: Canvas) -> None:
    """A ringed planet on which its own rings rain down."""
    c.sky(INK, NAVY, PLUM)
    c.stars(150, 675)
    x, y, tilt = 600, 335, -18
    bands = ((370, 94, SAND), (330, 82, CORAL), (315, 78, CREAM), (262, 62, GOLD))

    def half(start: float) -> None:
        for rx, ry, fill in bands:
            outer, inner = (
                ring(x, y, rx, ry, start, start + 180, tilt),
                ring(x, y, rx - 36, ry - 12, start + 180, start, tilt),
            )
            c.shape([*outer, *inner], fill)

    half(180)
    globe = ring(x, y, 190, 190)
    c.shape(globe, ROSE)
    with c.inside(globe):
        for offset, high, fill in (
            (-150, 40, CREAM),
            (-85, 30, CORAL),
            (-40, 44, SAND),
            (60, 36, CORAL),
            (120, 60, SAND),
        ):
            c.shape(
                turned(
                    [
                        (300, y + offset),
                        (900, y + offset),
                        (900, y + offset + high),
                        (300, y + offset + high),
                    ],
                    x,
                    y,
                    tilt,
                ),
                fill,
            )
        c.shape(
            [*ring(x, y, 200, 200, -80, 110), *ring(x - 60, y - 10, 190, 190, 105, -75)], WINE, 0.45
        )
        c.shape(
            [*ring(x, y + 26, 350, 88, 0, 180, tilt), *ring(x, y + 26, 260, 62, 180, 0, tilt)],
            WINE,
            0.35,
        )
        for _ in range(44):
            px = c.random.uniform(420, 780)
            py = y + 95 - (px - 600) * 0.32 - abs(px - 600) ** 1.5 / 90 + c.random.uniform(0, 50)
            c.line([(px, py), (px - 5, py + c.random.uniform(14, 34))], WHITE, 3)
    half(0)
    c.disc(1010, 150, 26, CREAM)
    c.disc(1018, 146, 22, SAND)
    c.disc(180, 520, 13, ROSE)


def wind_farm(c: Canvas) -> None:
    """Turbines standing still while geese fly over."""
    c.sky(mix(SKY, BLUE, 0.3), SKY, CREAM, SAND, bottom=560)
    c.disc(890, 330, 92, GOLD, 0.85)
    c.ridge(440, 30, mix(SKY, TEAL, 0.35), 2.5)
    back = c.ridge(495, 22, mix(TEAL, LEAF, 0.35), 2)
    for x, size, lean in ((170, 0.62, 10), (600, 0.55, 40), (1040, 0.66, 75)):
        _turbine(c, x, back(x) + 10, size, lean)
    front = c.ridge(560, 20, MOSS, 1.6)
    for x, size, lean in ((370, 1.05, 22), (820, 0.92, 55)):
        _turbine(c, x, front(x) + 14, size, lean)
    c.ridge(632, 12, PINE, 1.2)
    for step in range(-4, 5):
        _goose(c, 400 + abs(step) * 56 * (1 if step < 0 else 1.15), 150 + step * 25, 0.95)


def _turbine(c: Canvas, x: float, foot: float, size: float, lean: float) -> None:
    """A wind turbine."""
    hub = (x, foot - 300 * size)
    c.shape(
        [
            (x - 8 * size, foot),
            (x - 4 * size, hub[1]),
            (x + 4 * size, hub[1]),
            (x + 8 * size, foot),
        ],
        WHITE,
    )
    for blade in range(3):
        points = [
            (x, hub[1] - 6 * size),
            (x + 12 * size, hub[1] - 34 * size),
            (x + 2 * size, hub[1] - 165 * size),
            (x - 5 * size, hub[1] - 20 * size),
        ]
        c.shape(turned(points, *hub, lean + blade * 120), WHITE)
    c.disc(*hub, 11 * size, CORAL)


def _goose(c: Canvas, x: float, y: float, size: float) -> None:
    """A goose flying to the left."""
    c.oval(x, y, 22 * size, 7 * size, INK)
    c.line(
        smooth([(x - 16 * size, y), (x - 34 * size, y - 4 * size), (x - 46 * size, y - 3 * size)]),
        INK,
        4 * size,
    )
    c.shape(
        [
            (x - 8 * size, y - 2),
            (x + 10 * size, y - 34 * size),
            (x + 24 * size, y - 36 * size),
            (x + 10 * size, y + 2),
        ],
        mix(INK, BLUE, 0.35),
    )


def battery_grid(c: Canvas) -> None:
    """A battery as long as the street it feeds."""
    c.sky(NAVY, PLUM, CORAL, ROSE, bottom=560)
    c.stars(40, 160)
    c.ridge(430, 26, mix(PLUM, CORAL, 0.25), 3)
    top = c.ridge(500, 10, mix(PLUM, INK, 0.3), 2)
    for x in (30, 100, 165, 905, 985, 1060, 1125):
        house(
            c, x, top(x) + 20, c.random.randint(52, 66), c.random.randint(54, 84), INK, WINE, GOLD
        )
    c.box(868, 372, 34, 96, STONE, 8)
    c.box(280, 320, 596, 210, mix(INK, NAVY, 0.5), 26)
    c.box(296, 336, 564, 178, CREAM, 16)
    for cell in range(6):
        c.box(312 + cell * 90, 352, 78, 146, (TEAL, TEAL, LEAF, LEAF, GOLD, SAND)[cell], 9)
    c.shape(
        [(592, 366), (520, 438), (572, 438), (548, 488), (634, 410), (582, 410), (612, 366)], WHITE
    )
    for start, end in (((195, 432), (290, 345)), ((894, 400), (1016, 424))):
        middle = ((start[0] + end[0]) / 2, max(start[1], end[1]) + 6)
        c.line(smooth([start, middle, end]), INK, 3)
    c.box(0, 528, 1200, 150, INK)
    c.box(0, 572, 1200, 8, mix(INK, PLUM, 0.6))
    for x in range(40, 1200, 120):
        c.box(x, 622, 60, 7, mix(INK, PLUM, 0.8), 3)


def solar_meadow(c: Canvas) -> None:
    """Sheep in the shade of solar panels."""
    c.sky(SKY, MIST, CREAM, bottom=420)
    c.glow(960, 130, 130, GOLD, 0.14)
    c.disc(960, 130, 58, GOLD)
    c.ridge(330, 26, mix(MIST, MOSS, 0.5), 2.5)
    c.ridge(385, 16, LEAF, 2)
    for y, size in ((400, 0.6), (470, 0.85), (570, 1.2)):
        c.box(0, y - 4, 1200, 300, mix(LEAF, MOSS, (y - 400) / 200))
        for x in range(-60, 1260, round(310 * size)):
            _panel(c, x + (y % 100), y, size)
    for x, y, size in (
        (250, 600, 1.1),
        (420, 622, 1.0),
        (720, 596, 1.15),
        (970, 618, 1.05),
        (1090, 600, 0.8),
    ):
        _sheep(c, x, y, size)


def _panel(c: Canvas, x: float, y: float, size: float) -> None:
    """A tilted row of cells on two legs."""
    c.line([(x + 50 * size, y - 50 * size), (x + 50 * size, y + 18 * size)], WINE, 6 * size)
    c.line([(x + 200 * size, y - 50 * size), (x + 200 * size, y + 18 * size)], WINE, 6 * size)
    c.shape(
        [
            (x, y - 20 * size),
            (x + 40 * size, y - 110 * size),
            (x + 280 * size, y - 110 * size),
            (x + 240 * size, y - 20 * size),
        ],
        NAVY,
    )
    for line in range(1, 6):
        c.line(
            [
                (x + line * 40 * size, y - 20 * size),
                (x + 40 * size + line * 40 * size, y - 110 * size),
            ],
            SKY,
            2 * size,
        )
    for share in (1 / 3, 2 / 3):
        c.line(
            [
                (x + 40 * size * share, y - 20 * size - 90 * size * share),
                (x + 240 * size + 40 * size * share, y - 20 * size - 90 * size * share),
            ],
            SKY,
            2 * size,
        )


def _sheep(c: Canvas, x: float, y: float, size: float) -> None:
    """A sheep that looks to the left."""
    for px in (-24, -10, 14, 26):
        c.line([(x + px * size, y), (x + px * size, y + 34 * size)], INK, 6 * size)
    for px, py, r in ((-22, -6, 20), (0, -14, 24), (22, -8, 20), (8, 6, 22), (-14, 8, 19)):
        c.disc(x + px * size, y + py * size, r * size, WHITE)
    c.oval(x - 42 * size, y - 8 * size, 15 * size, 11 * size, INK, turn=-25)
    c.oval(x - 30 * size, y - 18 * size, 9 * size, 4 * size, INK, turn=25)


def sand_silo(c: Canvas) -> None:
    """A silo of hot sand between snowy roofs."""
    c.sky(BLUE, SKY, MIST, CREAM, bottom=560)
    c.ridge(420, 30, mix(SKY, MIST, 0.5), 3)
    c.box(0, 540, 1200, 140, WHITE)
    for x, high in ((60, 150), (120, 190), (1090, 170), (1150, 210), (1030, 130)):
        pine(c, x, 540, high, mix(PINE, TEAL, 0.4))
    for x, wall in ((190, RUST), (290, GOLD), (820, TEAL), (925, CORAL)):
        c.box(x, 430, 84, 130, wall)
        c.shape([(x - 10, 432), (x + 42, 376), (x + 94, 432)], WHITE)
        for px in (16, 48):
            c.box(x + px, 456, 20, 28, CREAM, 3)
    c.box(440, 190, 320, 380, mix(STONE, NAVY, 0.35), 6)
    c.box(640, 190, 120, 380, mix(STONE, NAVY, 0.55), 6)
    c.shape([(424, 196), (600, 110), (776, 196)], WHITE)
    c.shape([(600, 110), (776, 196), (660, 196)], MIST)
    pane = [*ring(580, 330, 90, 90, 180, 360), (670, 540), (490, 540)]
    c.shape(pane, WINE)
    with c.inside(pane):
        for level, fill in enumerate((SAND, GOLD, mix(GOLD, CORAL, 0.5), CORAL, RUST)):
            c.shape(
                [
                    *smooth(
                        [
                            (470, 320 + level * 46),
                            (540, 300 + level * 46),
                            (600, 312 + level * 46),
                            (690, 296 + level * 46),
                        ]
                    ),
                    (690, 600),
                    (470, 600),
                ],
                fill,
            )
    for points in (
        ((440, 548), (400, 548), (400, 568), (180, 568)),
        ((760, 548), (800, 548), (800, 568), (1020, 568)),
    ):
        c.line(points, RUST, 14)
    c.ridge(592, 8, WHITE, 1.5)
    c.ridge(632, 8, MIST, 1.2)
