"""The scenes of streets and workshops."""

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
)


def tram(c: Canvas) -> None:
    """The night tram, lit from inside."""
    c.sky(INK, NAVY, PLUM, mix(PLUM, CORAL, 0.5), bottom=520)
    c.stars(50, 200)
    c.disc(1020, 120, 40, CREAM)
    c.disc(1004, 112, 36, mix(INK, NAVY, 0.6))
    blocks(c, 520, 130, 270, mix(PLUM, NAVY, 0.5), None, 0)
    blocks(c, 520, 60, 170, mix(INK, PLUM, 0.4), GOLD, 0.12)
    c.box(0, 500, 1200, 175, INK)
    c.line([(0, 212), (1200, 212)], mix(STONE, PLUM, 0.4), 3)
    c.line([(560, 300), (610, 256), (566, 214)], STONE, 5)
    c.box(130, 296, 940, 236, RUST, 34)
    c.box(130, 296, 940, 62, CREAM, 30)
    c.box(130, 326, 940, 26, CREAM)
    for x in range(160, 1030, 112):
        door = x in (384, 720)
        c.box(x, 338, 92, 178 if door else 104, WINE, 8)
        c.box(x + 5, 343, 82, 168 if door else 94, GOLD, 6)
        c.box(x + 5, 343, 82, 30, mix(GOLD, CREAM, 0.5), 6)
        if door:
            c.line([(x + 46, 345), (x + 46, 510)], WINE, 4)
    for x, coat in ((200, NAVY), (330, TEAL), (560, PLUM), (640, CORAL), (870, NAVY), (975, TEAL)):
        c.disc(x, 384, 15, WINE)
        c.shape([*ring(x, 437, 26, 34, 180, 360)], coat)
    c.box(130, 470, 254, 8, GOLD)
    c.box(476, 470, 244, 8, GOLD)
    c.box(812, 470, 258, 8, GOLD)
    c.disc(1050, 500, 11, CREAM)
    c.shape([(1060, 492), (1200, 470), (1200, 560), (1060, 508)], CREAM, 0.25)
    for x in (230, 330, 560, 650, 880, 980):
        c.disc(x, 532, 24, STONE)
        c.disc(x, 532, 11, INK)
    c.line([(0, 560), (1200, 560)], STONE, 5)
    c.line([(0, 616), (1200, 616)], mix(STONE, INK, 0.4), 7)
    for x in range(160, 1030, 112):
        c.box(x + 10, 580, 72, 8, GOLD, 4, 0.35)


def bridge(c: Canvas) -> None:
    """A slender arch with people halfway across."""
    c.sky(SKY, MIST, CREAM, ROSE, bottom=560)
    c.disc(330, 190, 64, CORAL, 0.9)
    c.ridge(370, 30, mix(SKY, BLUE, 0.25), 3)
    blocks(c, 450, 20, 84, mix(BLUE, MIST, 0.25), None, 0)
    c.box(0, 450, 1200, 230, mix(SKY, TEAL, 0.45))
    for y, x, wide in (
        (478, 180, 260),
        (506, 700, 340),
        (540, 80, 220),
        (566, 520, 300),
        (600, 860, 240),
        (630, 240, 360),
    ):
        c.box(x, y, wide, 7, mix(SKY, MIST, 0.5), 3)
    c.oval(332, 560, 52, 9, CORAL)
    c.oval(332, 586, 34, 7, CORAL)
    deck = [(x, _deck(x)) for x in range(0, 1201, 20)]
    arch = [(x, _arch(x)) for x in range(90, 1111, 15)]
    for x in range(160, 1041, 60):
        c.line([(x, _deck(x)), (x, _arch(x))], WINE, 3)
    c.line(arch, RUST, 18)
    c.line(deck, WINE, 16)
    c.line([(x, y - 26) for x, y in deck], WINE, 3)
    for x, coat in ((410, GOLD), (446, TEAL), (590, CORAL), (700, NAVY), (820, PLUM)):
        person(c, x, _deck(x) - 7, 62, coat)
    c.shape([(0, 436), (70, 428), (130, 520), (110, 580), (0, 590)], STONE)
    c.shape([(1200, 436), (1130, 428), (1070, 520), (1090, 580), (1200, 590)], STONE)
    c.ridge(650, 8, TEAL, 2)


def _deck(x: float) -> float:
    """How high the bridge's path is."""
    return 430 - 70 * math.sin(math.pi * x / 1200)


def _arch(x: float) -> float:
    """How high the bridge's arch is."""
    return 520 - 330 * math.sin(math.pi * (x - 90) / 1020)


def bicycles(c: Canvas) -> None:
    """Three bicycles leaning on a wall."""
    c.sky(SAND, mix(SAND, ROSE, 0.6), bottom=520)
    for x in (110, 490, 870):
        c.box(x, 60, 220, 200, mix(ROSE, CORAL, 0.4), 6)
        c.box(x + 12, 72, 196, 176, NAVY, 4)
        c.shape([(x + 12, 180), (x + 120, 72), (x + 180, 72), (x + 12, 240)], BLUE)
        c.box(x + 104, 72, 8, 176, CREAM)
        c.box(x + 12, 152, 196, 8, CREAM)
        c.box(x - 14, 256, 248, 16, CREAM, 4)
        for px in range(6):
            c.disc(x + 20 + px * 36, 246, 20, MOSS if px % 2 else LEAF)
            c.disc(x + 14 + px * 38, 238, 7, CORAL if px % 2 else GOLD)
    c.box(0, 520, 1200, 155, mix(STONE, PLUM, 0.25))
    c.box(0, 520, 1200, 16, mix(STONE, CREAM, 0.4))
    for x, frame in ((220, TEAL), (600, RUST), (980, NAVY)):
        c.oval(x, 564, 176, 12, mix(STONE, INK, 0.5))
        _bicycle(c, x, 484, frame)


def _bicycle(c: Canvas, x: float, y: float, frame: str) -> None:
    """A town bicycle facing right."""
    for wheel in (x - 102, x + 102):
        c.line(ring(wheel, y, 76, 76), INK, 8, ends=False)
        c.line(ring(wheel, y, 69, 69), CREAM, 3, ends=False)
        for spoke in range(0, 180, 30):
            (ax, ay), (bx, by) = ring(wheel, y, 66, 66, spoke, spoke + 180)[
                :: len(ring(0, 0, 1, 1, 0, 180)) - 1
            ]
            c.line([(ax, ay), (bx, by)], mix(STONE, INK, 0.2), 1.6)
    crank, seat, head, rear = (x - 14, y + 4), (x - 46, y - 112), (x + 76, y - 116), (x - 102, y)
    for path in (
        [rear, crank, head, (seat[0] + 6, seat[1] + 20)],
        [crank, seat],
        [rear, (seat[0] + 6, seat[1] + 20)],
        [(x + 70, y - 146), (x + 102, y)],
    ):
        c.line(path, frame, 10)
    c.line(smooth([(x + 70, y - 148), (x + 50, y - 162), (x + 22, y - 158)]), INK, 9)
    c.line([(seat[0] - 30, seat[1] - 6), (seat[0] + 26, seat[1] - 6)], INK, 15)
    c.disc(*crank, 22, INK)
    c.disc(*crank, 13, STONE)
    c.line([crank, (crank[0] + 26, crank[1] + 34)], INK, 6)
    c.line([(crank[0] + 12, crank[1] + 36), (crank[0] + 42, crank[1] + 34)], INK, 7)
    c.box(x + 78, y - 150, 74, 54, mix(SAND, RUST, 0.35), 8)
    for row in (0, 1, 2):
        c.box(x + 82, y - 140 + row * 15, 66, 5, mix(SAND, RUST, 0.7), 2)


def city_dusk(c: Canvas) -> None:
    """A skyline at the hour when the windows go out."""
    c.sky(NAVY, PLUM, CORAL, GOLD, CREAM, bottom=580)
    c.disc(700, 400, 105, CREAM, 0.9)
    for x, y, wide in (
        (180, 150, 240),
        (260, 172, 180),
        (820, 120, 300),
        (900, 142, 160),
        (520, 230, 210),
    ):
        c.box(x, y, wide, 13, mix(PLUM, ROSE, 0.55), 6)
    blocks(c, 640, 170, 330, mix(CORAL, PLUM, 0.4), None, 0)
    blocks(c, 675, 130, 340, mix(PLUM, CORAL, 0.12), GOLD, 0.12)
    c.box(330, 180, 66, 500, WINE)
    c.shape([(330, 182), (363, 90), (396, 182)], WINE)
    c.line([(363, 100), (363, 50)], WINE, 4)
    c.box(348, 220, 30, 30, CREAM, 15)
    c.line([(363, 235), (363, 226)], WINE, 3)
    c.line([(363, 235), (371, 239)], WINE, 3)
    blocks(c, 700, 70, 220, INK, GOLD, 0.07)
    for x, y in ((940, 236), (985, 216), (1030, 246), (905, 262)):
        c.line(
            smooth([(x - 18, y - 6), (x - 8, y - 11), (x, y), (x + 8, y - 11), (x + 18, y - 6)]),
            WINE,
            3.5,
        )


def bench(c: Canvas) -> None:
    """A bench beneath an autumn tree."""
    c.sky(MIST, CREAM, SAND, bottom=520)
    blocks(c, 500, 60, 190, mix(MIST, SKY, 0.45), None, 0)
    c.ridge(480, 10, mix(LEAF, SAND, 0.35), 3)
    c.box(0, 530, 1200, 150, MOSS)
    c.shape([(0, 590), (1200, 560), (1200, 640), (0, 675)], SAND)
    c.shape(
        smooth(
            [
                (820, 560),
                (850, 460),
                (838, 330),
                (850, 220),
                (890, 220),
                (900, 340),
                (902, 470),
                (950, 560),
            ]
        ),
        WINE,
    )
    c.line([(865, 360), (760, 250)], WINE, 20)
    c.line([(880, 330), (1000, 230)], WINE, 18)
    for x, y, r, fill in (
        (700, 220, 92, RUST),
        (1010, 200, 110, RUST),
        (860, 120, 130, CORAL),
        (770, 150, 92, CORAL),
        (960, 130, 96, CORAL),
        (900, 70, 86, GOLD),
        (800, 80, 70, GOLD),
        (1060, 160, 60, GOLD),
        (670, 190, 44, GOLD),
    ):
        c.disc(x, y, r, fill)
    for row in range(3):
        c.box(250, 388 + row * 30, 400, 20, (TEAL, TEAL, PINE)[row], 6)
    c.box(232, 486, 436, 22, TEAL, 8)
    c.box(240, 508, 420, 10, PINE, 4)
    for x in (276, 606):
        c.line([(x, 380), (x, 508), (x - 10, 592)], INK, 11)
        c.line([(x + 26, 508), (x + 34, 592)], INK, 11)
    c.box(520, 452, 54, 34, CORAL, 5)
    c.box(528, 444, 54, 10, CREAM, 3)
    for _ in range(34):
        place = c.random.uniform(180, 1150), c.random.uniform(300, 640)
        c.oval(*place, 10, 5, c.random.choice((GOLD, CORAL, RUST)), turn=c.random.uniform(0, 180))


def rooftops(c: Canvas) -> None:
    """Rain on green roofs."""
    c.sky(BLUE, mix(BLUE, SKY, 0.6), MIST, bottom=560)
    for x, y, wide in ((90, 60, 330), (180, 92, 200), (700, 40, 380), (780, 76, 260)):
        c.box(x, y, wide, 36, mix(BLUE, MIST, 0.35), 18)
    blocks(c, 560, 150, 290, mix(SKY, BLUE, 0.45), None, 0)
    for x, y, wide, wall in (
        (-30, 430, 330, CORAL),
        (300, 360, 300, CREAM),
        (600, 450, 310, GOLD),
        (910, 380, 330, ROSE),
    ):
        c.box(x, y, wide, 320, wall)
        c.box(x + wide - 50, y, 50, 320, mix(wall, WINE, 0.18))
        for wy in range(y + 64, 675, 108):
            for wx in range(int(x) + 44, int(x + wide) - 60, 88):
                c.box(wx, wy, 44, 66, NAVY, 4)
                c.shape([(wx, wy + 44), (wx + 44, wy), (wx + 44, wy + 20), (wx, wy + 64)], BLUE)
        for px in range(int(x) + 16, int(x + wide) - 8, 24):
            c.disc(px, y - 8, c.random.randint(14, 26), c.random.choice((MOSS, LEAF, TEAL)))
        c.box(x - 8, y - 10, wide + 16, 26, mix(wall, WINE, 0.4), 5)
    c.box(388, 236, 88, 92, WINE, 6)
    c.shape([(378, 240), (432, 200), (486, 240)], RUST)
    for x in (398, 466):
        c.line([(x, 326), (x, 352)], WINE, 6)
    c.line([(1010, 372), (1010, 300)], WINE, 9)
    for x, y, r in ((1010, 280, 46), (980, 306, 30), (1042, 306, 30)):
        c.disc(x, y, r, MOSS)
    for _ in range(120):
        left, top = c.random.uniform(-20, 1220), c.random.uniform(0, 660)
        c.line([(left, top), (left - 9, top + 30)], mix(MIST, WHITE, 0.4), 2)


def chair(c: Canvas) -> None:
    """A chair, and the pegs that hold it together."""
    c.sky(mix(SAND, ROSE, 0.4), SAND, bottom=520)
    c.disc(600, 290, 225, CORAL, 0.9)
    c.box(0, 520, 1200, 155, RUST)
    c.oval(610, 592, 235, 20, WINE, 0.6)
    wood, dark = GOLD, mix(GOLD, RUST, 0.55)
    c.shape([(500, 420), (516, 420), (486, 560), (472, 560)], dark)
    c.shape([(720, 420), (704, 420), (742, 560), (756, 560)], dark)
    c.shape([(462, 100), (484, 98), (500, 420), (476, 420)], wood)
    c.shape([(738, 100), (716, 98), (700, 420), (724, 420)], wood)
    for y, wide in ((122, 268), (190, 258), (258, 248)):
        c.shape(
            smooth(
                [
                    (600 - wide / 2, y),
                    (600, y + 12),
                    (600 + wide / 2, y),
                    (598 + wide / 2, y + 40),
                    (600, y + 54),
                    (602 - wide / 2, y + 40),
                ],
                closed=True,
            ),
            CREAM,
        )
    c.shape([(478, 376), (722, 376), (776, 430), (424, 430)], wood)
    c.box(422, 428, 356, 22, dark, 8)
    c.shape([(440, 446), (468, 446), (446, 592), (426, 592)], wood)
    c.shape([(760, 446), (732, 446), (754, 592), (774, 592)], wood)
    c.box(452, 508, 296, 14, dark, 6)
    for number, (x, y) in enumerate(
        ((170, 250), (225, 250), (280, 250), (920, 250), (975, 250), (1030, 250))
    ):
        c.box(
            x - 12,
            y - (40 if number % 2 else 60),
            24,
            120 - 20 * (number % 2),
            (CREAM, TEAL, wood)[number % 3],
            12,
        )
    for x in (225, 975):
        c.line([(x - 70, 360), (x + 70, 360)], WINE, 5)
        c.line([(x - 40, 384), (x + 40, 384)], WINE, 5)


def poster(c: Canvas) -> None:
    """Two visitors before a wall of quiet posters."""
    c.sky(MIST, CREAM, bottom=560)
    c.box(0, 560, 1200, 115, mix(SAND, STONE, 0.5))
    c.box(0, 552, 1200, 12, WHITE)
    for x, wide, fill in ((90, 250, CORAL), (420, 360, NAVY), (860, 250, GOLD)):
        top = 60 if wide == 360 else 120
        c.box(x + 8, top + 10, wide, 440 if wide == 360 else 330, mix(MIST, STONE, 0.5))
        c.box(x, top, wide, 440 if wide == 360 else 330, fill)
    c.disc(215, 262, 88, CREAM)
    c.disc(215, 262, 40, CORAL)
    c.box(264, 175, 40, 176, CREAM)
    for y, wide in ((392, 190), (410, 130)):
        c.box(120, y, wide, 8, WINE)
    letter = ring(600, 235, 118, 118)
    c.shape(letter, CREAM)
    with c.inside(letter):
        c.box(600, 100, 130, 135, CORAL)
        c.box(470, 235, 130, 135, GOLD)
    c.disc(600, 235, 48, NAVY)
    c.box(482, 385, 60, 60, TEAL)
    c.shape([(558, 445), (588, 385), (618, 445)], ROSE)
    c.shape(ring(672, 445, 46, 60, 180, 360), CREAM)
    c.box(482, 465, 120, 9, SKY)
    c.shape(
        [(900, 400), (945, 180), (985, 180), (1030, 400), (990, 400), (965, 270), (940, 400)], WINE
    )
    c.disc(1058, 168, 20, RUST)
    c.box(900, 416, 110, 8, RUST)
    person(c, 345, 640, 210, TEAL, WINE)
    person(c, 800, 640, 190, RUST, INK)
    c.box(322, 472, 20, 84, mix(TEAL, INK, 0.25), 9)
    c.box(810, 488, 19, 76, mix(RUST, INK, 0.25), 9)


def ceramic_bowl(c: Canvas) -> None:
    """Three bowls whose glaze ran as it liked."""
    c.sky(mix(SKY, TEAL, 0.35), mix(SKY, MIST, 0.4), bottom=500)
    c.disc(850, 250, 150, CREAM, 0.75)
    c.box(0, 500, 1200, 175, mix(SAND, RUST, 0.25))
    c.box(0, 500, 1200, 14, mix(SAND, CREAM, 0.4))
    for x, y, size, clay, glaze in (
        (300, 400, 0.8, SAND, RUST),
        (910, 420, 0.68, CREAM, BLUE),
        (600, 340, 1.25, CREAM, TEAL),
    ):
        _bowl(c, x, y, size, clay, glaze)


def _bowl(c: Canvas, x: float, y: float, size: float, clay: str, glaze: str) -> None:
    """A bowl seen slightly from above; its glaze ends in drips."""
    wide, deep = 190 * size, 190 * size
    c.oval(x + 20 * size, y + deep + 20 * size, wide * 0.85, 16 * size, mix(SAND, WINE, 0.5), 0.6)
    body = [*ring(x, y, wide, deep, 0, 180)]
    c.box(x - wide * 0.36, y + deep * 0.9, wide * 0.72, 34 * size, mix(clay, RUST, 0.3), 6)
    c.shape(body, clay)
    with c.inside(body):
        edge = [
            (
                x - wide + step * wide / 5,
                y + deep * (0.3 + 0.3 * c.random.random() + 0.14 * (step % 2)),
            )
            for step in range(11)
        ]
        c.shape([*smooth(edge), (x + wide, y - 10), (x - wide, y - 10)], glaze)
        c.shape(
            [
                *ring(x, y, wide * 1.05, deep * 1.05, -5, 120),
                *ring(x - wide * 0.2, y - deep * 0.05, wide, deep, 110, 0),
            ],
            WINE,
            0.22,
        )
        c.line(ring(x, y, wide * 0.82, deep * 0.8, 130, 168), mix(glaze, WHITE, 0.55), 9 * size)
    c.oval(x, y, wide, 46 * size, mix(glaze, WHITE, 0.3))
    c.oval(x, y + 2 * size, wide * 0.93, 38 * size, mix(glaze, INK, 0.45))
    with c.inside(ring(x, y + 2 * size, wide * 0.93, 38 * size)):
        c.oval(x + 10 * size, y + 26 * size, wide * 0.9, 36 * size, mix(glaze, INK, 0.15))


def lamp(c: Canvas) -> None:
    """A desk lamp, and the coin that opens it."""
    c.sky(WINE, PLUM, mix(PLUM, CORAL, 0.35), bottom=530)
    c.shape([(700, 250), (820, 190), (1060, 530), (480, 530)], GOLD, 0.4)
    c.shape([(715, 245), (810, 198), (960, 530), (580, 530)], CREAM, 0.3)
    c.box(0, 530, 1200, 145, RUST)
    c.oval(770, 560, 290, 26, mix(GOLD, CREAM, 0.3), 0.85)
    c.oval(330, 566, 130, 16, WINE, 0.6)
    c.line([(330, 530), (240, 330)], CREAM, 15)
    c.line([(240, 330), (560, 150)], CREAM, 15)
    c.line([(560, 150), (690, 190)], CREAM, 15)
    c.box(220, 524, 220, 34, TEAL, 16)
    c.box(220, 524, 220, 12, mix(TEAL, MIST, 0.35), 6)
    for x, y, r in ((330, 526, 20), (240, 330, 24), (560, 150, 24)):
        c.disc(x, y, r, GOLD)
        c.line([(x - r * 0.5, y + 3), (x + r * 0.5, y - 3)], RUST, 5)
    c.oval(772, 228, 92, 26, CREAM, turn=-27)
    c.shape(
        smooth(
            [(668, 200), (676, 130), (724, 104), (790, 118), (852, 184), (772, 226), (692, 272)],
            closed=True,
        ),
        TEAL,
    )
    c.shape(
        smooth([(690, 130), (760, 140), (780, 150), (740, 150)], closed=True), mix(TEAL, MIST, 0.4)
    )
    c.oval(772, 229, 90, 20, mix(GOLD, WHITE, 0.5), turn=-28)
    for x, y, r in ((700, 552, 15), (650, 566, 11)):
        c.oval(x, y, r, r * 0.55, STONE)
        c.line([(x - r * 0.5, y), (x + r * 0.5, y)], INK, 3)
    c.oval(830, 562, 44, 20, mix(GOLD, RUST, 0.5))
    c.oval(830, 556, 44, 20, GOLD)
    c.oval(830, 556, 32, 13, mix(GOLD, CREAM, 0.5))


def woven_weather(c: Canvas) -> None:
    """A year of weather on the loom, one thread a day."""
    c.sky(CREAM, SAND, bottom=560)
    c.box(0, 560, 1200, 115, mix(SAND, RUST, 0.4))
    c.disc(170, 150, 60, GOLD)
    c.box(955, 130, 150, 44, mix(SKY, WHITE, 0.4), 22)
    c.disc(1010, 130, 36, mix(SKY, WHITE, 0.4))
    for x in (985, 1020, 1055):
        c.line([(x, 196), (x - 8, 224)], BLUE, 5)
    for x in (300, 880):
        c.box(x, 70, 28, 545, WINE, 8)
    c.box(270, 90, 668, 26, RUST, 10)
    for x in range(348, 868, 13):
        c.line([(x, 116), (x, 560)], mix(SAND, STONE, 0.55), 2.4)
    y, warm = 236.0, (BLUE, SKY, MIST, CREAM, GOLD, CORAL, RUST)
    while y < 548:
        season = 3 - 3.2 * math.cos((y - 236) / 312 * 2 * math.pi)
        high = c.random.choice((6, 8, 10, 14))
        c.box(342, y, 520, high + 1, warm[max(0, min(6, round(season + c.random.uniform(-1, 1))))])
        y += high
    for x in range(344, 862, 8):
        c.line([(x, 238), (x, y)], mix(WINE, SAND, 0.75), 0.5, ends=False)
    c.shape([(352, 210), (560, 196), (600, 210), (560, 224)], TEAL)
    c.box(420, 204, 90, 12, CORAL, 6)
    c.line(smooth([(600, 210), (740, 226), (862, 238)]), CORAL, 3.5)
    c.box(270, 548, 668, 26, RUST, 10)
    for x in range(352, 862, 20):
        c.line([(x, 574), (x + c.random.uniform(-4, 4), 606)], SAND, 4)
