"""
Draw the pictures of the sample articles.

``python draw.py`` writes all of them into the folder this file lies in, as PNG files of
1200 x 675 pixels; ``python draw.py comet tram`` writes only those two. The same script always
writes the same pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import kitchen
import sea
import sky
import town
from canvas import Canvas

SCENES: tuple[Callable[[Canvas], None], ...] = (
    sky.comet,
    sky.moon_over_hills,
    sky.telescope_dome,
    sky.return_capsule,
    sky.aurora_pylons,
    sky.ringed_planet,
    sea.tide_mill,
    sea.kelp_forest,
    sea.lighthouse,
    sea.whale,
    sea.iceberg,
    sky.wind_farm,
    sky.battery_grid,
    sky.solar_meadow,
    sky.sand_silo,
    town.tram,
    town.bridge,
    town.bicycles,
    town.city_dusk,
    town.bench,
    town.rooftops,
    town.chair,
    town.poster,
    town.ceramic_bowl,
    town.lamp,
    town.woven_weather,
    kitchen.bread,
    kitchen.market_stall,
    kitchen.noodle_bowl,
    kitchen.oranges,
    kitchen.brine_jars,
)


def main(names: list[str]) -> None:
    """Draw the scenes of these names, or all of them."""
    folder = Path(__file__).parent
    for scene in SCENES:
        name = scene.__name__.replace("_", "-")
        if not names or name in names:
            canvas = Canvas(name)
            scene(canvas)
            canvas.save(folder / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
