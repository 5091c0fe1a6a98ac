"""What was painted in one image, in every other one that is open too."""

from __future__ import annotations

from typing import Callable, List, NamedTuple, Optional, Tuple

from gi.repository import Gimp

from scumble import ScumbleError
from scumble.editing import Effect, load_settings, settings_file

from . import layers, procedures
from .config import set_effect
from .i18n import _
from .kept import effect_kept, source_of
from .painting import last_placing
from .reporting import TEXTS, note
from .status_bar import StatusBar

NO_DAEMON = ("daemon-not-installed", "daemon-not-started", "daemon-not-responding", "no-daemon")
"""Codes that would come for every other image as well."""


class Same(NamedTuple):
    """The settings; `mode` is that of the layer that they are of, None for the one in `config`."""

    config: Gimp.ProcedureConfig
    effect: Effect
    mode: Optional[Gimp.LayerMode]


class Told(NamedTuple):
    """How many images were painted, of how many, and a sentence for each thing to know."""

    painted: int
    total: int
    sentences: List[str]


def same_as(image, drawables) -> Same:
    """The settings of the painted layer that is selected, else of the last run.

    Places of styles are left out: masks are of one image. Raises ScumbleError `no-style` without settings.
    """
    config = Gimp.get_pdb().lookup_procedure(procedures.APPLY).create_config()
    for name, value in last_placing().items():
        config.set_property(name, value)
    effect, mode = load_settings(settings_file("gimp")).effect, None
    for layer in drawables:
        kept = effect_kept(image, layer)
        if kept is not None:
            effect, mode = kept, layer.get_mode()
            config.set_property("opacity", layer.get_opacity())
            break
    if not effect.styles:
        raise ScumbleError(
            "no-style", _("Nothing was painted yet."), hint=_("Paint a layer first, then the other images.")
        )
    set_effect(config, effect.everywhere)
    return Same(config, effect, mode)


def paint_others(image, same: Same) -> Told:
    """Paint the selected layers of all open images but that one, each image in one undo step.

    An image that cannot be painted has its sentence, and the others are painted all the same.
    Raises ScumbleError without another image, or without a daemon; what is painted by then stays.
    """
    opened = sorted(Gimp.get_images(), key=lambda one: one.get_id())
    others = [other for other in opened if other.get_id() != image.get_id()]
    if not others:
        raise ScumbleError(
            "no-image", _("No other image is open."), hint=_("Open those that are to be painted, too.")
        )
    names = [other.get_name() for other in others]
    painted, sentences = 0, []
    plans: List[Tuple[Gimp.Image, str, List[Gimp.Layer]]] = []
    for other, name in zip(others, names, strict=True):
        try:
            plans.append((other, name, _chosen(other)))
        except ScumbleError as error:
            sentences.append(_about(name, error))
    with StatusBar(max(1, sum(len(chosen) for _other, _name, chosen in plans))) as bar:
        for number, (other, name, chosen) in enumerate(plans, 1):
            doing = _("{image} ({number} of {count})")
            doing = doing.format(image=name, number=number, count=len(plans))
            try:
                _paint(bar, other, chosen, same, doing)
                painted += 1
            except ScumbleError as error:
                if error.code in NO_DAEMON:
                    raise
                note(error)
                sentences.append(_about(name, error))
    if painted and same.effect.everywhere != same.effect:
        sentences.append(_("Masks belong to one image: in the others every style is everywhere."))
    return Told(painted, len(others), sentences)


def _chosen(image) -> List[Gimp.Layer]:
    """The selected layers; one that Scumble has painted stands for what it was painted from."""
    chosen = image.get_selected_layers()
    if not chosen:
        raise ScumbleError("bad-layer", _("No layer is selected: select the one to paint."))
    found = {layer.get_id(): layer for layer in (source_of(image, one) for one in chosen)}
    return layers.check_layers(image, list(found.values()))


def _paint(bar: StatusBar, image, chosen: List[Gimp.Layer], same: Same, doing: str) -> None:
    """Paint layers of an image, and insert all that is painted of them in one undo step.

    Not before: GIMP's Cancel ends this process, and would leave a group open.
    """
    inserts: List[Callable[[], Gimp.Layer]] = []
    effect = same.effect.everywhere
    try:
        for layer in chosen:
            if not layer.is_valid():
                raise ScumbleError("bad-layer", _("The layer was deleted while Scumble was painting."))
            inserts.append(bar.paint(image, layer, same.config, effect, doing=doing))
    except ScumbleError:
        _insert(image, inserts, same.mode)
        raise
    _insert(image, inserts, same.mode)


def _insert(image, inserts: List[Callable[[], Gimp.Layer]], mode) -> None:
    if not inserts:
        return
    if not image.is_valid():
        raise ScumbleError("bad-layer", _("The image was closed while Scumble was painting."))
    image.undo_group_start()
    try:
        for insert in inserts:
            new = insert()
            if mode is not None:
                new.set_mode(mode)
    finally:
        image.undo_group_end()


def _about(name: str, error: ScumbleError) -> str:
    return "{}: {}".format(name, TEXTS.error(error))
