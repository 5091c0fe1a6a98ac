"""Paint the example styles. Every picture in examples/styles/ is made by this script.

    python examples/make_style.py [FOLDER]

The painters are procedural and seeded: the same script draws the same pictures. Each of them
fills a square canvas with one way of putting paint on it, since that, and not the motif, is what
a style model reads from a picture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 640
SUPERSAMPLE = 2
CANVAS = SIZE * SUPERSAMPLE

Field = np.ndarray


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent / "styles")
    folder.mkdir(parents=True, exist_ok=True)
    for seed, (name, paint) in enumerate(PAINTERS.items()):
        canvas = paint(np.random.default_rng(seed))
        small = canvas.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        small.save(folder / f"{name}.jpg", quality=88)


def swirls(rng: np.random.Generator) -> Image.Image:
    """Thick paint in long strokes around whirls, night blues with yellow lights."""
    angle, light = _whirls(rng, 7)
    palette = ["#0b1a3f", "#16336f", "#2a5ca8", "#5b93c9", "#a9c6d9", "#e8d27a", "#f7b733"]
    canvas = Image.new("RGB", (CANVAS, CANVAS), palette[1])
    draw = ImageDraw.Draw(canvas)
    for width, count in ((34, 1500), (20, 3200), (11, 4200)):
        for x, y in rng.uniform(0, CANVAS, (count, 2)):
            tone = _sample(light, x, y) + rng.normal(0, 0.09)
            _bristles(draw, rng, _follow(angle, x, y, 9, 16), width, _mix(palette, tone))
    return _relief(canvas, 0.9)


def points(rng: np.random.Generator) -> Image.Image:
    """Dots of unmixed colour: a shore under an evening sky."""
    palette = ["#264e86", "#3f7d4e", "#7fae5a", "#e9c46a", "#f4a261", "#e76f51", "#b56cae"]
    canvas = Image.new("RGB", (CANVAS, CANVAS), "#efe6d0")
    draw = ImageDraw.Draw(canvas)
    wave = _noise(rng, 5)
    for radius, count in ((11, 22_000), (7, 40_000)):
        for x, y in rng.uniform(0, CANVAS, (count, 2)):
            tone = y / CANVAS + 0.35 * _sample(wave, x, y)
            colour = _jitter(rng, _mix(palette, (tone * 1.6) % 1.0, steps=True), 22)
            r = radius * rng.uniform(0.7, 1.2)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
    return canvas


def glass(rng: np.random.Generator) -> Image.Image:
    """Coloured panes in dark leads."""
    count = 170
    seeds = rng.uniform(0, CANVAS, (count, 2))
    palette = ["#8c1c13", "#d1495b", "#edae49", "#00798c", "#30638e", "#3c6e3f", "#5f3b86"]
    colours = np.array(
        [_jitter(rng, _mix(palette, rng.random(), steps=True), 30) for _ in range(count)], float
    )
    y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
    nearest = np.full((CANVAS, CANVAS), np.inf, np.float32)
    second, owner = nearest.copy(), np.zeros((CANVAS, CANVAS), int)
    for index, (sx, sy) in enumerate(seeds):
        distance = np.hypot(x - sx, y - sy)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        owner[closer] = index
        nearest = np.minimum(nearest, distance)
    glow = 0.75 + 0.35 * _noise(rng, 24) + 0.25 * np.exp(-nearest / 60)
    panes = colours[owner] * glow[..., None]
    panes[second - nearest < 9] = (22, 20, 24)
    return _relief(_image(panes), 0.35)


def hatching(rng: np.random.Generator) -> Image.Image:
    """Black ink on warm paper, darker where more directions of lines cross."""
    tone = 0.5 + 0.55 * _noise(rng, 4) + 0.15 * _noise(rng, 12)
    paper = np.array([240, 230, 206]) + 7 * _noise(rng, 200)[..., None]
    canvas = _image(paper)
    draw = ImageDraw.Draw(canvas)
    for level, direction in enumerate((0.8, -0.7, 0.15, 1.45)):
        for x, y in rng.uniform(0, CANVAS, (5_200, 2)):
            if _sample(tone, x, y) > 0.72 - 0.17 * level:
                continue
            turn = direction + rng.normal(0, 0.05) + 0.5 * _sample(tone, y, x)
            length = rng.uniform(26, 64)
            step = np.array([np.cos(turn), np.sin(turn)]) * length
            draw.line((x, y, x + step[0], y + step[1]), fill=(28, 24, 26), width=int(rng.integers(2, 4)))
    return canvas


def planes(rng: np.random.Generator) -> Image.Image:
    """Overlapping flat facets, each shaded towards one edge."""
    palette = ["#2f2a26", "#5b4a3a", "#8d6b4a", "#c19a6b", "#d9c7a0", "#6d7f85", "#36535c"]
    y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32) / CANVAS
    picture = np.zeros((CANVAS, CANVAS, 3)) + _rgb(palette[4])
    for scale in np.geomspace(0.75, 0.1, 130):
        corners = rng.uniform(-0.5, 0.5, (4, 2)) * scale + rng.uniform(0, 1, 2)
        order = np.argsort(np.arctan2(*(corners - corners.mean(0)).T))
        facet = Image.new("L", (CANVAS, CANVAS))
        outline = [tuple(p) for p in corners[order] * CANVAS]
        ImageDraw.Draw(facet).polygon(outline, fill=255)
        turn = rng.uniform(0, 2 * np.pi)
        ramp = (x - corners[0, 0]) * np.cos(turn) + (y - corners[0, 1]) * np.sin(turn)
        shade = np.clip(1 + 0.9 * ramp / scale, 0.55, 1.35)
        cover = np.asarray(facet)[..., None] / 255 * rng.uniform(0.6, 0.95)
        colour = np.array(_mix(palette, rng.random(), steps=True)) * shade[..., None]
        picture += cover * (colour - picture)
        edge = np.asarray(facet.filter(ImageFilter.FIND_EDGES).filter(ImageFilter.MaxFilter(3)))
        picture[edge > 0] *= 0.55
    return _relief(_image(picture + 14 * _noise(rng, 160)[..., None]), 0.4)


def watercolour(rng: np.random.Generator) -> Image.Image:
    """Thin washes that pool at their edges on rough paper."""
    palette = ["#1f6f8b", "#99d5c9", "#e4572e", "#f3a712", "#a8456b", "#3d5a80", "#7aa95c"]
    grain = 1 + 0.06 * _noise(rng, 260)
    picture = np.full((CANVAS, CANVAS, 3), 250.0)
    for wash in range(15):
        level = _noise(rng, int(rng.integers(3, 9))) + 0.25 * _noise(rng, 26)
        height = np.quantile(level, rng.uniform(0.72, 0.93))
        inside = 1 / (1 + np.exp(-(level - height) * 60))
        pool = np.exp(-(((level - height) * 14) ** 2)) * inside
        strength = (0.3 * inside + 0.42 * pool) * grain * (0.8 + 0.3 * _noise(rng, 14))
        colour = np.array(_mix(palette, (wash / 7) % 1, steps=True)) / 255
        picture *= 1 - np.clip(strength, 0, 1)[..., None] * (1 - colour)
    return _image(picture * grain[..., None] ** 0.6)


PAINTERS: dict[str, Callable[[np.random.Generator], Image.Image]] = {
    "swirls": swirls,
    "points": points,
    "glass": glass,
    "hatching": hatching,
    "planes": planes,
    "watercolour": watercolour,
}


def _noise(rng: np.random.Generator, cells: int) -> Field:
    """Smooth noise over the canvas, about -1..1, with `cells` bumps along a side."""
    grid = Image.fromarray(rng.uniform(-1, 1, (cells + 2, cells + 2)).astype(np.float32))
    return np.asarray(grid.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC), np.float64)


def _whirls(rng: np.random.Generator, count: int) -> tuple[Field, Field]:
    """A direction for every pixel, turning around `count` centres, and the light they give."""
    y, x = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float64) / CANVAS
    u, v, light = np.ones_like(x), 0.4 * np.sin(5 * x), 0.32 + 0.22 * _noise(rng, 6)
    for cx, cy in rng.uniform(0.05, 0.95, (count, 2)):
        reach, turn = rng.uniform(0.08, 0.2), rng.choice([-9.0, 9.0])
        distance = np.hypot(x - cx, y - cy)
        pull = turn * np.exp(-((distance / reach) ** 2)) / reach
        u, v = u - pull * (y - cy), v + pull * (x - cx)
        rings = 0.5 + 0.5 * np.cos(distance / reach * 9)
        light = light + np.exp(-((distance / reach / 0.8) ** 2)) * (0.35 + 0.45 * rings)
    return np.arctan2(v, u), np.clip(light, 0, 1)


def _follow(angle: Field, x: float, y: float, steps: int, length: float) -> list[tuple]:
    path = [(x, y)]
    for _ in range(steps):
        turn = _sample(angle, x, y)
        x, y = x + length * np.cos(turn), y + length * np.sin(turn)
        path.append((x, y))
    return path


def _bristles(draw: ImageDraw.ImageDraw, rng, path: list[tuple], width: int, colour) -> None:
    """One stroke as parallel hairs of slightly different brightness."""
    hairs = max(3, width // 3)
    for hair in range(hairs):
        shift = (hair / (hairs - 1) - 0.5) * width
        moved = [(x + shift * 0.7, y + shift * 0.7) for x, y in path]
        draw.line(moved, fill=_jitter(rng, colour, 20), width=max(3, width // hairs + 2))


def _relief(canvas: Image.Image, strength: float) -> Image.Image:
    """Light from the upper left on the thickness of the paint."""
    height = np.asarray(canvas.convert("L").filter(ImageFilter.GaussianBlur(1.5)), float)
    slope = (np.roll(height, 2, 0) - height) + (np.roll(height, 2, 1) - height)
    return _image(np.asarray(canvas, float) - strength * np.clip(slope, -60, 60)[..., None])


def _sample(field: Field, x: float, y: float) -> float:
    last = CANVAS - 1
    return float(field[min(max(int(y), 0), last), min(max(int(x), 0), last)])


def _mix(palette: list[str], tone: float, *, steps: bool = False) -> tuple[float, ...]:
    place = min(max(tone, 0.0), 0.9999) * (len(palette) - (0 if steps else 1))
    index = int(place)
    if steps:
        return _rgb(palette[index])
    part = place - index
    pair = zip(_rgb(palette[index]), _rgb(palette[index + 1]), strict=True)
    return tuple(a + (b - a) * part for a, b in pair)


def _rgb(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _jitter(rng: np.random.Generator, colour: tuple[float, ...], amount: float) -> tuple[int, ...]:
    moved = np.array(colour) + rng.normal(0, amount * 0.6) + rng.normal(0, amount * 0.4, 3)
    return tuple(int(c) for c in np.clip(moved, 0, 255))


def _image(array: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


if __name__ == "__main__":
    main()
