"""Painters of styles that no painting at hand shows: engraving, comic, mosaic, marbling and more.

Each painter takes a seeded generator and returns one square picture. They join those of
examples/make_style.py. What a style model reads is the way of making marks, so each fills its
canvas with one of them over varied tones; motifs do not matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 768

Field = np.ndarray
Painter = Callable[[np.random.Generator], Image.Image]


def engraving(rng: np.random.Generator) -> Image.Image:
    """Swelling parallel lines on warm paper, crossed where it is dark."""
    y, x = _grid()
    tone = np.clip(0.52 + 0.6 * _noise(rng, 4) + 0.2 * _noise(rng, 9), 0, 1)
    bend = 26 * _noise(rng, 3)
    ink = np.zeros_like(x, bool)
    for level, turn in enumerate((0.5, -0.75)):
        along = x * np.sin(turn) + y * np.cos(turn) + bend
        swell = np.clip(1 - tone - 0.38 * level, 0, 0.9)
        ink |= (np.abs(np.sin(along * np.pi / 7.5)) < swell) & (swell > 0.05)
    return _soften(np.where(ink[..., None], (32, 26, 24), (236, 224, 196)), 0.8)


def pencil(rng: np.random.Generator) -> Image.Image:
    """Soft graphite strokes that catch on the grain of white paper."""
    grain = 0.75 + 0.5 * rng.random((SIZE, SIZE))
    tone = 0.5 + 0.55 * _noise(rng, 4) + 0.2 * _noise(rng, 10)
    dark = np.zeros((SIZE, SIZE))
    for turn, limit in ((0.9, 0.85), (0.75, 0.55), (-0.6, 0.35)):
        layer = Image.new("L", (SIZE, SIZE))
        draw = ImageDraw.Draw(layer)
        for cx, cy in rng.uniform(0, SIZE, (6500, 2)):
            if tone[int(cy), int(cx)] < limit:
                _line(
                    draw, cx, cy, turn + rng.normal(0, 0.08), rng.uniform(16, 40), int(rng.uniform(40, 130))
                )
        dark += np.asarray(layer.filter(ImageFilter.GaussianBlur(0.6)), float)
    return _picture(np.repeat(247 - np.clip(dark * grain, 0, 215)[..., None], 3, 2) * (1, 0.995, 0.98))


def chalk(rng: np.random.Generator) -> Image.Image:
    """Dry chalk in a few colours dragged over dark, rough paper."""
    palette = ((244, 240, 228), (236, 178, 92), (226, 110, 88), (120, 186, 196), (148, 190, 120))
    picture = np.full((SIZE, SIZE, 3), (38, 42, 46), float) + 6 * rng.normal(size=(SIZE, SIZE, 1))
    tooth = _blur(rng.random((SIZE, SIZE)), 0.8)
    tooth = (tooth - tooth.mean()) / tooth.std()
    tone, angle = _noise(rng, 5), 2.4 * _noise(rng, 3)
    for index, colour in enumerate(palette):
        layer = Image.new("L", (SIZE, SIZE))
        draw = ImageDraw.Draw(layer)
        for cx, cy in rng.uniform(0, SIZE, (900, 2)):
            if abs(tone[int(cy), int(cx)] - (index - 2) / 2.5) < 0.3:
                turn = angle[int(cy), int(cx)] + rng.normal(0, 0.15)
                _line(draw, cx, cy, turn, rng.uniform(24, 80), 255, int(rng.integers(6, 14)))
        cover = _blur(np.asarray(layer) / 255, 1.0) * np.clip(0.62 + 0.5 * tooth, 0, 1)
        picture += cover[..., None] * (np.array(colour) - picture)
    return _picture(picture)


def comic(rng: np.random.Generator) -> Image.Image:
    """Flat colours, round halftone dots and thick black contours."""
    y, x = _grid()
    level = np.digitize(_noise(rng, 4) + 0.35 * _noise(rng, 8), (-0.55, -0.2, 0.1, 0.4, 0.7))
    colours = np.array(
        [(24, 92, 176), (58, 172, 220), (252, 236, 196), (250, 208, 40), (232, 62, 48), (252, 250, 240)]
    )
    dots = np.array(
        [(14, 52, 120), (24, 112, 190), (244, 140, 110), (236, 120, 30), (170, 20, 40), (220, 210, 200)]
    )
    u, v = (x + y) / 9.0, (x - y) / 9.0
    radius = 0.30 + 0.22 * _noise(rng, 6)
    dotted = np.hypot(u - np.rint(u), v - np.rint(v)) < radius
    picture = np.where(dotted[..., None], dots[level], colours[level])
    edges = Image.fromarray((level * 40).astype(np.uint8)).filter(ImageFilter.FIND_EDGES)
    thick = np.asarray(edges.filter(ImageFilter.MaxFilter(7))) > 0
    picture[thick] = (18, 16, 20)
    return _soften(picture, 0.7)


def tesserae(rng: np.random.Generator) -> Image.Image:
    """Small stones set in curving rows in pale mortar, some of them gold."""
    palette = (
        (28, 60, 110),
        (52, 116, 140),
        (196, 158, 62),
        (222, 196, 120),
        (140, 52, 40),
        (80, 110, 70),
        (230, 222, 200),
    )
    tone = 0.5 + 0.5 * _noise(rng, 4) + 0.2 * _noise(rng, 12)
    bend = _noise(rng, 3)
    canvas = Image.new("RGB", (SIZE, SIZE), (188, 176, 156))
    draw = ImageDraw.Draw(canvas)
    step = 15
    for row in np.arange(-6, SIZE / step + 6):
        shift = rng.uniform(0, step)
        for column in np.arange(-2, SIZE / step + 2):
            cx = column * step + shift
            cy = row * step + 60 * _at(bend, cx, row * step)
            turn = 0.5 * (_at(bend, cx + 40, cy) - _at(bend, cx - 40, cy)) + rng.normal(0, 0.08)
            place = min(max(_at(tone, cx, cy) + rng.normal(0, 0.04), 0), 0.999)
            colour = np.array(palette[int(place * len(palette))]) + rng.normal(0, 14) + rng.normal(0, 6, 3)
            half = step * rng.uniform(0.36, 0.44)
            corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
            c, s = np.cos(turn), np.sin(turn)
            outline = [(cx + a * c - b * s, cy + a * s + b * c) for a, b in corners]
            draw.polygon(outline, fill=tuple(int(v) for v in np.clip(colour, 0, 255)))
    return _relief(canvas, 0.5)


def marbling(rng: np.random.Generator) -> Image.Image:
    """Combed inks floating in veins, as on marbled paper."""
    y, x = _grid()
    warp_x, warp_y = x.copy(), y.copy()
    for cells, reach in ((3, 90), (6, 60), (11, 28)):
        warp_x = warp_x + reach * _noise(rng, cells)
        warp_y = warp_y + reach * _noise(rng, cells)
    phase = warp_y / 46 + 1.4 * np.sin(warp_x / 64) + 0.9 * np.sin((warp_x + warp_y) / 37)
    palette = np.array(
        [(20, 40, 80), (198, 44, 52), (240, 226, 200), (32, 110, 120), (226, 168, 60), (244, 238, 224)]
    )
    picture = palette[np.floor(phase * 1.9).astype(int) % len(palette)].astype(float)
    vein = np.abs(phase * 1.9 - np.rint(phase * 1.9)) < 0.05
    picture[vein] = (248, 244, 232)
    return _soften(picture, 1.2)


def ink_wash(rng: np.random.Generator) -> Image.Image:
    """Black ink in wet washes and dry brush on rice paper."""
    paper = 240 + 5 * _noise(rng, 90) + 3 * rng.normal(size=(SIZE, SIZE))
    light = np.ones((SIZE, SIZE))
    for _ in range(9):
        level = _noise(rng, int(rng.integers(2, 6))) + 0.3 * _noise(rng, 18)
        height = np.quantile(level, rng.uniform(0.7, 0.95))
        wash = 1 / (1 + np.exp(-(level - height) * rng.uniform(7, 40)))
        light *= 1 - rng.uniform(0.2, 0.6) * wash * (0.8 + 0.3 * _noise(rng, 30))
    bristles = Image.new("L", (SIZE, SIZE))
    draw = ImageDraw.Draw(bristles)
    for cx, cy in rng.uniform(0, SIZE, (46, 2)):
        turn, length = rng.normal(0.2, 0.7), rng.uniform(60, 240)
        for hair in np.linspace(-1, 1, 26):
            shade = int(rng.uniform(0, 255))
            off = hair * rng.uniform(9, 16)
            _line(
                draw,
                cx - off * np.sin(turn),
                cy + off * np.cos(turn),
                turn,
                length * rng.uniform(0.5, 1),
                shade,
                2,
            )
    light = np.clip((light - 0.12) * 1.5, 0, 1) * (1 - 0.9 * _blur(np.asarray(bristles) / 255, 0.7))
    return _picture(paper[..., None] * (0.1 + 0.9 * light[..., None]) * (1.0, 0.985, 0.95))


def linocut(rng: np.random.Generator) -> Image.Image:
    """White gouge marks that follow the form, cut out of solid black and one red."""
    tone, angle = _noise(rng, 4) + 0.2 * _noise(rng, 9), 2.2 * _noise(rng, 3)
    picture = np.where((tone > 0.45)[..., None], (190, 44, 34), (22, 20, 22))
    canvas = _picture(picture)
    draw = ImageDraw.Draw(canvas)
    for cx, cy in rng.uniform(0, SIZE, (5200, 2)):
        value = tone[int(cy), int(cx)]
        if rng.random() < np.clip(0.55 + 0.9 * value, 0.02, 1):
            turn = angle[int(cy), int(cx)] + rng.normal(0, 0.06)
            width = max(2, int(rng.normal(4 + 2.5 * value, 0.8)))
            _line(draw, cx, cy, turn, rng.uniform(12, 34), (238, 228, 206), width)
    return canvas.filter(ImageFilter.GaussianBlur(0.6))


def tiles(rng: np.random.Generator) -> Image.Image:
    """Glazed blue and white tiles with a repeating ornament."""
    y, x = _grid()
    side = 96
    u, v = (x % side) / side - 0.5, (y % side) / side - 0.5
    radius, turn = np.hypot(u, v), np.arctan2(v, u)
    corner = np.hypot(np.abs(u) - 0.5, np.abs(v) - 0.5)
    petals = np.abs(np.cos(4 * turn)) * 0.34 + 0.05
    blue = (
        (np.abs(radius - petals) < 0.035) | (radius < 0.07) | (np.abs(corner - 0.22) < 0.03) | (corner < 0.1)
    )
    ochre = (radius < petals * 0.55) & (radius > 0.09)
    picture = np.full((SIZE, SIZE, 3), (242, 240, 232), float)
    picture[ochre] = (222, 168, 62)
    picture[blue] = (26, 62, 138)
    joint = np.minimum(0.5 - np.abs(u), 0.5 - np.abs(v)) < 0.016
    picture += 9 * _noise(rng, 60)[..., None] + 14 * _noise(rng, 8)[..., None]
    picture[joint] = (176, 170, 158)
    return _relief(_soften(picture, 1.0), 0.35)


def embroidery(rng: np.random.Generator) -> Image.Image:
    """Short shining stitches side by side, each field in its own direction."""
    palette = (
        (150, 28, 44),
        (220, 120, 50),
        (240, 204, 110),
        (46, 104, 96),
        (34, 56, 110),
        (208, 150, 170),
        (236, 228, 210),
    )
    tone, angle = 0.5 + 0.5 * _noise(rng, 4) + 0.15 * _noise(rng, 9), 3.0 * _noise(rng, 2)
    canvas = Image.new("RGB", (SIZE, SIZE), (92, 78, 66))
    draw = ImageDraw.Draw(canvas)
    for cx, cy in rng.uniform(0, SIZE, (17000, 2)):
        place = min(max(tone[int(cy), int(cx)] + rng.normal(0, 0.015), 0), 0.999)
        index = int(place * len(palette))
        turn = angle[int(cy), int(cx)] * 0.6 + index * 1.1
        shine = rng.normal(0, 20)
        for off, extra in ((-1.5, -38), (0.2, 16)):
            colour = tuple(int(v) for v in np.clip(np.array(palette[index]) + shine + extra, 0, 255))
            _line(draw, cx - off * np.sin(turn), cy + off * np.cos(turn), turn, 22, colour, 3)
    return canvas


def grid_abstract(rng: np.random.Generator) -> Image.Image:
    """Rectangles in primary colours between black bars on white."""
    canvas = Image.new("RGB", (SIZE, SIZE), (240, 238, 230))
    draw = ImageDraw.Draw(canvas)
    colours = ((214, 32, 30), (26, 62, 150), (246, 206, 40), (240, 238, 230), (240, 238, 230), (34, 34, 34))

    def split(x0: float, y0: float, x1: float, y1: float, depth: int) -> None:
        if depth == 0 or min(x1 - x0, y1 - y0) < 60:
            draw.rectangle(
                (x0, y0, x1, y1), fill=colours[rng.integers(len(colours))], outline=(18, 18, 18), width=6
            )
            return
        cut = rng.uniform(0.3, 0.7)
        if x1 - x0 > y1 - y0:
            middle = x0 + cut * (x1 - x0)
            split(x0, y0, middle, y1, depth - 1)
            split(middle, y0, x1, y1, depth - 1)
        else:
            middle = y0 + cut * (y1 - y0)
            split(x0, y0, x1, middle, depth - 1)
            split(x0, middle, x1, y1, depth - 1)

    split(0, 0, SIZE, SIZE, 7)
    return _picture(np.asarray(canvas, float) + 4 * _noise(rng, 150)[..., None])


PAINTERS: dict[str, Painter] = {
    "engraving": engraving,
    "pencil": pencil,
    "chalk": chalk,
    "comic": comic,
    "tesserae": tesserae,
    "marbling": marbling,
    "ink-wash": ink_wash,
    "linocut": linocut,
    "tiles": tiles,
    "embroidery": embroidery,
    "grid-abstract": grid_abstract,
}


def _grid() -> tuple[Field, Field]:
    y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float64)
    return y, x


def _noise(rng: np.random.Generator, cells: int) -> Field:
    """Smooth noise, about -1..1, with `cells` bumps along a side."""
    grid = Image.fromarray(rng.uniform(-1, 1, (cells + 2, cells + 2)).astype(np.float32))
    return np.asarray(grid.resize((SIZE, SIZE), Image.Resampling.BICUBIC), np.float64)


def _at(field: Field, x: float, y: float) -> float:
    return float(field[min(max(int(y), 0), SIZE - 1), min(max(int(x), 0), SIZE - 1)])


def _line(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    turn: float,
    length: float,
    colour: int | Sequence[int],
    width: int = 1,
) -> None:
    dx, dy = np.cos(turn) * length / 2, np.sin(turn) * length / 2
    fill = colour if isinstance(colour, int) else tuple(colour)
    draw.line((x - dx, y - dy, x + dx, y + dy), fill=fill, width=width)


def _blur(field: Field, radius: float) -> Field:
    image = Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), float) / 255


def _picture(array: Field) -> Image.Image:
    return Image.fromarray(np.clip(array, 0, 255).astype(np.uint8))


def _soften(array: Field, radius: float) -> Image.Image:
    return _picture(np.asarray(array, float)).filter(ImageFilter.GaussianBlur(radius))


def _relief(canvas: Image.Image, strength: float) -> Image.Image:
    """Light from the upper left on the height of the surface."""
    height = np.asarray(canvas.convert("L").filter(ImageFilter.GaussianBlur(1.2)), float)
    slope = 2 * height - np.roll(height, 2, 0) - np.roll(height, 2, 1)
    return _picture(np.asarray(canvas, float) + strength * np.clip(slope, -60, 60)[..., None])
