"""Draw the pictures of the sample articles.

``python draw.py`` writes all of them, as PNG files of 1200 x 675 pixels, into the folder this file lies in;
``python draw.py comet tram`` writes only those two. The same script always writes the same pictures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import outdoors
import town
from canvas import Canvas

SCENES: tuple[Callable[[Canvas], None], ...] = (
    outdoors.comet,
    outdoors.moon_over_hills,
    outdoors.telescope_dome,
    outdoors.return_capsule,
    outdoors.aurora_pylons,
    outdoors.ringed_planet,
    outdoors.tide_mill,
    outdoors.kelp_forest,
    outdoors.lighthouse,
    outdoors.whale,
    outdoors.iceberg,
    outdoors.wind_farm,
    outdoors.battery_grid,
    outdoors.solar_meadow,
    outdoors.sand_silo,
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
    town.bread,
    town.market_stall,
    town.noodle_bowl,
    town.oranges,
    town.brine_jars,
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
