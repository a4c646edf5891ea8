"""
The application of the live preview, asked without a server between.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.testclient import TestClient

from digest.gallery import Gallery
from digest.web.preview import Display, Stand, preview_app


def test_a_picture_that_comes_and_goes_is_shown_whole_or_not_at_all(tmp_path: Path) -> None:
    picture, data = tmp_path / "picture.jpg", b"a picture" * 1_000
    picture.write_bytes(data)
    gallery = Gallery(files={}, pictures=frozenset({picture.name}), exhibits=())
    app = preview_app(
        Stand(Display(gallery=gallery)),
        token="token",
        picture=lambda name: tmp_path / name,
        is_closing=lambda: True,
    )
    found = Counter[int]()

    with TestClient(app, "http://localhost") as client, ThreadPoolExecutor() as pool:
        moving = pool.submit(come_and_go, picture)
        while not moving.done():
            answer = client.get(f"/token/pictures/{picture.name}")
            found[answer.status_code] += 1
            assert answer.status_code == 404 or answer.content == data
        moving.result()

    assert {*found} == {200, 404}


def come_and_go(path: Path) -> None:
    for _ in range(20_000):
        path.rename(path.with_suffix(".away"))
        path.with_suffix(".away").rename(path)
