"""The scenes of the sea."""

from __future__ import annotations

import math

from canvas import (
    BLUE,
    CORAL,
    CREAM,
    GOLD,
    INK,
    MIST,
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
    mix,
    ring,
    smooth,
)


def tide_mill(c: Canvas) -> None:
    """An old mill on a tidal dam, its wheel in the water."""
    c.sky(SKY, MIST, CREAM, SAND, bottom=520)
    c.disc(250, 200, 66, GOLD, 0.9)
    c.ridge(380, 24, mix(MIST, TEAL, 0.35), 3)
    c.ridge(420, 16, mix(SKY, TEAL, 0.6), 2)
    c.box(0, 430, 1200, 120, STONE)
    for x in range(40, 1200, 150):
        c.box(x + 10, 446, 54, 12, mix(STONE, CREAM, 0.35), 5)
        c.box(x - 60, 474, 70, 12, mix(STONE, NAVY, 0.15), 5)
    for x in (120, 280, 1060):
        c.shape([*ring(x, 490, 48, 48, 180, 360), (x + 48, 560), (x - 48, 560)], NAVY)
    c.box(400, 235, 330, 200, CREAM)
    c.box(610, 235, 120, 200, mix(SAND, STONE, 0.3))
    c.box(655, 92, 38, 90, WINE)
    c.shape([(370, 245), (430, 140), (700, 140), (760, 245)], mix(RUST, WINE, 0.25))
    c.shape([(370, 245), (430, 140), (610, 140), (640, 245)], RUST)
    for px, py in ((440, 280), (520, 280), (650, 280), (440, 355), (650, 355)):
        c.box(px, py, 40, 46, GOLD if py == 280 else NAVY, 4)
    c.box(520, 350, 48, 85, TEAL, 5)
    _mill_wheel(c, 815, 438, 122)
    c.waves(520, mix(TEAL, SKY, 0.25), 160, 16, 20)
    c.waves(556, TEAL, 190, 18, 90)
    c.waves(596, mix(TEAL, PINE, 0.55), 230, 20, 40)
    c.waves(638, PINE, 270, 18, 150)
    c.line(smooth([(1010, 260), (1105, 300), (1210, 285)]), INK, 2.5)
    c.line(smooth([(730, 250), (870, 285), (1010, 260)]), INK, 2.5)
    c.line([(1010, 436), (1010, 246)], WINE, 9)
    c.line([(985, 262), (1035, 262)], WINE, 7)


def _mill_wheel(c: Canvas, x: float, y: float, radius: float) -> None:
    """A wooden wheel with paddles."""
    for spoke in range(12):
        ways = [
            ring(x, y, r, r, spoke * 30, spoke * 30 + 1)[0] for r in (20, radius - 26, radius + 8)
        ]
        c.line(ways[:2], WINE, 7)
        c.line(ways[1:], mix(WINE, RUST, 0.2), 17, ends=False)
    for r in (radius - 4, radius - 32):
        c.line(ring(x, y, r, r), mix(WINE, RUST, 0.5), 9, ends=False)
    c.disc(x, y, 26, RUST)
    c.disc(x, y, 9, CREAM)


def kelp_forest(c: Canvas) -> None:
    """A diver between young kelp."""
    _deep(c, 0, mix(SKY, MIST, 0.4), PINE, 14)
    for x in (300, 700, 1000):
        c.shape([(x, 0), (x + 110, 0), (x - 130, 675), (x - 290, 675)], WHITE, 0.09)
    for depth, fill in ((0, mix(TEAL, SKY, 0.4)), (1, TEAL), (2, PINE)):
        for x in ((330, 560, 860, 980), (20, 250, 800, 1170), (70, 190, 1020, 1120))[depth]:
            _kelp(
                c,
                x + c.random.uniform(-30, 30),
                60 + 40 * c.random.random(),
                0.7 + depth * 0.25,
                fill,
            )
    for x, y, way in (
        (720, 200, 1),
        (790, 240, 1),
        (660, 250, 1),
        (735, 290, 1),
        (330, 440, -1),
        (390, 470, -1),
    ):
        c.oval(x, y, 24, 10, GOLD if way > 0 else CORAL)
        c.shape(
            [(x - way * 18, y), (x - way * 38, y - 12), (x - way * 38, y + 12)],
            GOLD if way > 0 else CORAL,
        )
    body = [(520, 400), (600, 372), (650, 378), (655, 400), (600, 420), (525, 418)]
    c.shape(smooth(body, closed=True), INK)
    c.disc(676, 380, 21, INK)
    c.oval(686, 378, 11, 9, MIST)
    c.box(570, 352, 70, 20, CORAL, 10)
    c.line([(530, 408), (470, 430), (415, 420)], INK, 13)
    c.shape([(425, 412), (370, 398), (378, 436), (425, 428)], CORAL)
    c.line([(640, 404), (690, 436)], INK, 12)
    for x, y, r in ((700, 340, 7), (716, 312, 10), (704, 280, 6), (722, 250, 12)):
        c.disc(x, y, r, WHITE, 0.6)
    c.ridge(620, 14, mix(PINE, INK, 0.5), 3)


def _deep(c: Canvas, top: float, light: str, dark: str, layers: int) -> None:
    """Water that darkens in layers down to the lower edge."""
    for layer in range(layers):
        y = top + (675 - top) * layer / layers
        c.box(0, y, 1200, 680 - y, mix(light, dark, layer / layers))


def _kelp(c: Canvas, x: float, top: float, size: float, fill: str) -> None:
    """One stalk with its blades."""
    stalk = [(x + 22 * math.sin(y / 70 + x), y) for y in range(int(top), 680, 10)]
    c.line(stalk, fill, 7 * size)
    for number, (px, py) in enumerate(stalk[2::7]):
        way = 1 if number % 2 else -1
        blade = [
            (px, py),
            (px + way * 36 * size, py - 32 * size),
            (px + way * 92 * size, py - 52 * size),
            (px + way * 54 * size, py - 6 * size),
        ]
        c.shape(smooth(blade, closed=True), fill)


def lighthouse(c: Canvas) -> None:
    """A lighthouse on its rock above five rows of waves."""
    c.sky(NAVY, PLUM, CORAL, SAND, bottom=480)
    c.stars(40, 150)
    c.shape([(842, 168), (-20, 40), (-20, 210)], CREAM, 0.28)
    c.shape([(858, 168), (1220, 110), (1220, 216)], CREAM, 0.28)
    rock = smooth([(640, 500), (700, 440), (770, 424), (900, 418), (970, 452), (1060, 520)])
    c.shape([*rock, (1060, 560), (640, 560)], WINE)
    tower = [(815, 430), (828, 200), (872, 200), (885, 430)]
    c.shape(tower, WHITE)
    with c.inside(tower):
        for y in (250, 345):
            c.box(800, y, 100, 48, CORAL)
        c.shape([(858, 190), (900, 190), (900, 440), (866, 440)], WINE, 0.3)
    c.box(812, 192, 76, 12, INK, 5)
    c.box(830, 148, 40, 44, GOLD, 4)
    c.line([(850, 146), (850, 192)], INK, 3)
    c.shape([(822, 150), (850, 116), (878, 150)], RUST)
    c.glow(850, 168, 80, GOLD, 0.1)
    c.box(906, 372, 84, 62, CREAM)
    c.shape([(896, 376), (948, 336), (1000, 376)], RUST)
    c.box(936, 392, 22, 22, GOLD, 3)
    for row, fill in enumerate((mix(BLUE, ROSE, 0.35), BLUE, mix(BLUE, NAVY, 0.5), NAVY, INK)):
        c.waves(452 + row * 46, fill, 130 + row * 34, 18 + row * 2, row * 57)


def whale(c: Canvas) -> None:
    """A slow ship above, a whale and her calf below."""
    c.sky(CREAM, SAND, bottom=190)
    c.disc(960, 110, 48, CORAL)
    _freighter(c, 330, 180)
    c.waves(180, SKY, 120, 10)
    _deep(c, 206, mix(SKY, BLUE, 0.15), INK, 12)
    _whale(c, 640, 420, 1.0, INK, mix(SKY, BLUE, 0.35))
    _whale(c, 330, 560, 0.45, mix(INK, NAVY, 0.6), mix(SKY, BLUE, 0.5))
    for radius in (70, 105, 140):
        c.line(ring(925, 440, radius, radius, -38, 30), CREAM, 4)


def _freighter(c: Canvas, x: float, y: float) -> None:
    """A cargo ship seen from the side."""
    for row, count in ((0, 6), (1, 5), (2, 3)):
        for column in range(count):
            c.box(
                x - 60 + column * 42,
                y - 54 - row * 22,
                39,
                20,
                (CORAL, GOLD, TEAL, BLUE)[(row * 2 + column) % 4],
                1,
            )
    c.box(x - 130, y - 96, 46, 70, WHITE)
    c.box(x - 126, y - 88, 38, 10, NAVY)
    c.box(x - 116, y - 122, 18, 28, RUST)
    c.shape([(x - 160, y - 34), (x + 230, y - 34), (x + 200, y + 14), (x - 145, y + 14)], WINE)
    c.shape([(x - 152, y - 8), (x + 214, y - 8), (x + 200, y + 14), (x - 145, y + 14)], RUST)


def _whale(c: Canvas, x: float, y: float, size: float, back: str, belly: str) -> None:
    """A whale swimming to the right."""

    def at(points: list[Point]) -> list[Point]:
        return [(x + px * size, y + py * size) for px, py in points]

    body = smooth(
        at(
            [
                (255, 10),
                (200, -50),
                (80, -82),
                (-60, -70),
                (-180, -20),
                (-285, -52),
                (-290, -30),
                (-190, 34),
                (-60, 76),
                (90, 84),
                (200, 60),
            ]
        ),
        closed=True,
    )
    c.shape(
        smooth(
            at([(-270, -40), (-330, -110), (-390, -120), (-350, -60), (-395, -10), (-340, -14)]),
            closed=True,
        ),
        back,
    )
    c.shape(body, back)
    with c.inside(body):
        c.shape(
            smooth(
                at(
                    [(270, 30), (180, 36), (60, 50), (-80, 60), (-200, 30), (-100, 140), (200, 130)]
                ),
                closed=True,
            ),
            belly,
        )
        for groove in range(5):
            c.line(
                smooth(
                    at(
                        [
                            (250 - groove * 16, 44 + groove * 9),
                            (120, 58 + groove * 9),
                            (10, 66 + groove * 7),
                        ]
                    )
                ),
                back,
                2.5 * size,
            )
    c.shape(
        smooth(at([(80, 48), (40, 130), (-40, 168), (-20, 100), (10, 52)]), closed=True),
        mix(back, BLUE, 0.3),
    )
    c.disc(*at([(168, 8)])[0], 7 * size, CREAM)


def iceberg(c: Canvas) -> None:
    """A diver with a lamp beneath the ice."""
    c.sky(mix(SKY, MIST, 0.5), CREAM, bottom=220)
    c.disc(200, 120, 44, GOLD, 0.85)
    c.shape(
        [(420, 215), (500, 110), (560, 140), (640, 50), (730, 130), (770, 110), (850, 215)], WHITE
    )
    c.shape(
        [(640, 50), (730, 130), (770, 110), (850, 215), (690, 215), (660, 140)], mix(MIST, SKY, 0.5)
    )
    c.waves(203, mix(TEAL, SKY, 0.3), 100, 7)
    _deep(c, 216, TEAL, INK, 13)
    c.shape(
        [
            (340, 212),
            (920, 212),
            (960, 300),
            (850, 420),
            (760, 450),
            (680, 560),
            (590, 480),
            (450, 400),
            (370, 320),
        ],
        mix(SKY, TEAL, 0.25),
    )
    c.shape(
        [(340, 212), (560, 212), (520, 330), (590, 480), (450, 400), (370, 320)],
        mix(SKY, MIST, 0.45),
    )
    c.shape([(560, 212), (740, 212), (690, 350), (680, 560), (590, 480), (520, 330)], SKY)
    c.shape(
        [(740, 212), (920, 212), (960, 300), (850, 420), (760, 450), (690, 350)],
        mix(SKY, BLUE, 0.6),
    )
    c.shape([(258, 532), (470, 420), (520, 560)], GOLD, 0.35)
    c.shape(
        smooth(
            [(130, 548), (200, 520), (236, 524), (236, 546), (190, 560), (135, 562)], closed=True
        ),
        CORAL,
    )
    c.disc(250, 530, 17, INK)
    c.oval(258, 528, 9, 7, GOLD)
    c.box(168, 504, 52, 15, INK, 7)
    c.line([(138, 555), (95, 574), (62, 566)], CORAL, 10)
    c.shape([(70, 560), (26, 548), (30, 580), (70, 574)], INK)
    for x, y, r in ((262, 498, 6), (274, 474, 9), (264, 446, 5), (278, 424, 8)):
        c.disc(x, y, r, WHITE, 0.5)
    c.ridge(650, 10, INK, 3)
