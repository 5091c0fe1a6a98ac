"""A request as it travels: plain values, with every image replaced by the digest of its bytes."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from .errors import ScumbleError
from .pixels.content import Content, leaves_of, name_of
from .pixels.geometry import Bounds, Extent
from .pixels.pixels import BytesLike, PixelFormat, Pixels
from .request import MAX_REFERENCES, MAX_STYLES, StyleSource, StyleWeight, StylizeRequest
from .settings import SETTINGS
from .wire.validators import is_digest

Contents = Dict[bytes, Content]
"""Contents by their names."""


def namer(contents: Contents) -> Callable[[BytesLike], bytes]:
    """A function that puts a content into `contents` and returns its name."""

    def name(content: BytesLike) -> bytes:
        leaves = leaves_of(content)
        digest = name_of(leaves)
        contents[digest] = Content(content, leaves)
        return digest

    return name


def to_spec(request: StylizeRequest) -> Tuple[Dict[str, Any], Contents]:
    """The map for `Submit.spec`, and the contents it names."""
    contents: Contents = {}
    name = namer(contents)
    styles: List[Dict[str, Any]] = []
    for style in request.styles:
        entry = {"weight": style.weight, **source_to_map(style.style, name)}
        if style.mask is not None:
            entry["mask"] = name(style.mask)
        styles.append(entry)
    spec = {
        "image": image_to_map(request.image, name),
        "styles": styles,
        "region": None if request.region is None else list(request.region),
        "mask": None if request.mask is None else name(request.mask),
        **request.settings(),
    }
    if request.references:
        spec["references"] = [image_to_map(image, name) for image in request.references]
    return spec, contents


def digests_in(spec: Mapping[str, Any]) -> List[bytes]:
    """Every digest that the spec names, once each.

    Raises ScumbleError `bad-request` for a spec without the right shape.
    """
    found: Dict[bytes, None] = {}

    def note(digest: object) -> None:
        if not is_digest(digest):
            raise malformed("a digest")
        found[digest] = None  # type: ignore[index]

    note(_map(spec.get("image"), "image").get("digest"))
    if spec.get("mask") is not None:
        note(spec["mask"])
    styles = spec.get("styles")
    if not isinstance(styles, list) or len(styles) > MAX_STYLES:
        raise malformed("styles")
    for style in styles:
        style = _map(style, "styles")
        for key in ("file", "mask", "reversal"):
            if style.get(key) is not None:
                note(style[key])
        if style.get("pixels") is not None:
            note(_map(style["pixels"], "styles").get("digest"))
    references = spec.get("references", [])
    if not isinstance(references, list) or len(references) > MAX_REFERENCES:
        raise malformed("references")
    for reference in references:
        note(_map(reference, "references").get("digest"))
    return list(found)


def from_spec(spec: Mapping[str, Any], content: Callable[[bytes], BytesLike]) -> StylizeRequest:
    """The request again; `content` gives the bytes of a digest.

    Keys that are absent have the defaults of `StylizeRequest`; unknown ones are ignored.

    Raises ScumbleError `bad-request` for a spec without the right shape, what `StylizeRequest`
    raises for values out of range, and what `content` raises.
    """
    digests_in(spec)
    image = image_from_map(_map(spec.get("image"), "image"), content)
    options = {key: spec[key] for key in SETTINGS if key in spec}
    region: Optional[Bounds] = None
    if spec.get("region") is not None:
        region = Bounds(*_numbers(spec["region"], 4, "region"))
    mask = None if spec.get("mask") is None else content(spec["mask"])
    styles = tuple(_style_from_map(style, content) for style in spec["styles"])
    references = tuple(image_from_map(image, content) for image in spec.get("references", []))
    return StylizeRequest(
        image,
        styles,
        region=region,
        mask=mask,  # type: ignore[arg-type]
        references=references,
        **options,
    )


def _style_from_map(style: Mapping[str, Any], content: Callable[[bytes], BytesLike]) -> StyleWeight:
    source = source_from_map(style, content)
    mask = None if style.get("mask") is None else content(style["mask"])
    return StyleWeight(source, style.get("weight", 1.0), mask)  # type: ignore[arg-type]


def source_to_map(source: StyleSource, name: Callable[[BytesLike], bytes]) -> Dict[str, Any]:
    """Where a style comes from; `name` gives the digest of what is to be sent."""
    if source.file is not None:
        return {"file": name(source.file)}
    if source.pixels is not None:
        return {"pixels": image_to_map(source.pixels, name)}
    if source.reversal is not None:
        return {"reversal": name(source.reversal)}
    return {"library": source.library}


def source_from_map(style: Mapping[str, Any], content: Callable[[bytes], BytesLike]) -> StyleSource:
    """The inverse of :func:`source_to_map`. Raises ScumbleError as StyleSource and `content` do."""
    file, pixels, reversal = style.get("file"), style.get("pixels"), style.get("reversal")
    return StyleSource(
        file=None if file is None else content(file),  # type: ignore[arg-type]
        pixels=None if pixels is None else image_from_map(pixels, content),
        library=style.get("library"),
        reversal=None if reversal is None else bytes(content(reversal)),
    )


def image_to_map(image: Pixels, name: Callable[[BytesLike], bytes]) -> Dict[str, Any]:
    """Pixels as plain values, with the digest of their bytes."""
    return {
        "digest": name(image.view()),
        "extent": list(image.extent),
        "dtype": image.format.dtype,
        "channels": image.format.channels,
    }


def image_from_map(image: Mapping[str, Any], content: Callable[[bytes], BytesLike]) -> Pixels:
    """The inverse of :func:`image_to_map`. Raises ScumbleError as Pixels and `content` do."""
    extent = Extent(*_numbers(image.get("extent"), 2, "extent"))
    pixel_format = PixelFormat(image.get("dtype"), image.get("channels"))  # type: ignore[arg-type]
    return Pixels(extent, pixel_format, content(image["digest"]))


def _map(value: object, what: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise malformed(what)
    return value


def _numbers(value: object, count: int, what: str) -> List[int]:
    ok = isinstance(value, list) and len(value) == count
    if not ok or not all(isinstance(n, int) and not isinstance(n, bool) for n in value):  # type: ignore[union-attr]
        raise malformed(what)
    return value  # type: ignore[return-value]


def malformed(what: str) -> ScumbleError:
    """The error for a spec without the right shape."""
    return ScumbleError("bad-request", "The job is malformed.", detail=what)
