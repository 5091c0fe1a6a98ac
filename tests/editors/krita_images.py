"""Images in a Krita under test: made there, stylized there as the docker does it, and read back as bytes."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np
from daemon_process import noise
from krita_session import KritaSession

from scumble import Extent, PixelFormat, Pixels

# Runs once inside each Krita.
INSIDE = """
from scumble import Bounds, Client, Extent, PixelFormat, Pixels, ScumbleError
from scumble.editing import Effect, JobController, StyleChoice
from scumble_krita import document as D, preview as P
from PyQt5.QtWidgets import QAbstractItemView, QDockWidget

def fill(node, data, x, y, w, h):
    assert node.setPixelData(QByteArray(data), x, y, w, h) is not False
    document.refreshProjection()
    document.waitForDone()

def in_view(document):
    document.setBatchmode(True)
    app.activeWindow().addView(document)
    app.setActiveDocument(document)
    return document

def tree(parent=None):
    nodes = (parent or document.rootNode()).childNodes()
    nodes = [n for n in nodes if n.type() != "selectionmask"]
    return [[n.name(), tree(n)] if n.childNodes() else n.name() for n in reversed(nodes)]

def undo(times=1):
    for _ in range(times):
        app.action("edit_undo").trigger()
        document.waitForDone()

def redo():
    app.action("edit_redo").trigger()
    document.waitForDone()

def history():
    docker = app.activeWindow().qwindow().findChild(QDockWidget, "History")
    model = docker.findChild(QAbstractItemView).model()
    return [model.data(model.index(row, 0)) for row in range(model.rowCount())][1:]

def stylize(target, effect):
    client = Client.connect()
    try:
        return client.submit(effect.request(D.read(target), target.region)).result()
    finally:
        client.close()

looks = []

def is_active(node):
    # Krita makes a layer the active one some time later, and what it was asked before comes in between: this
    # asks until it has been so for some looks.
    looks.append(document.activeNode() == node)
    if not looks[-1]:
        document.setActiveNode(node)
    done = len(looks) >= 6 and all(looks[-6:])
    if done:
        looks.clear()
    return done

def keep(name, data):
    (FOLDER / name).write_bytes(bytes(data))

KEPT = {*globals(), "KEPT", "result"}
"""
LATE_S = 0.7
_ORDERS = {"RGBA": {"U8": "BGRA", "U16": "BGRA", "F16": "RGBA", "F32": "RGBA"}}
_DTYPES = {"U8": "u1", "U16": "<u2", "F16": "<f2", "F32": "<f4"}


class Case(NamedTuple):
    """One paint layer to stylize: its image, and where in it the layer's pixels are."""

    width: int = 48
    height: int = 40
    model: str = "RGBA"
    depth: str = "U8"
    profile: str = ""
    x: int = 0
    y: int = 0
    image: tuple[int, int] | None = None

    @property
    def format(self) -> PixelFormat:
        """How the layer's pixels travel."""
        dtype = self.depth.lower()
        return PixelFormat(dtype, _ORDERS[self.model][self.depth] if self.model == "RGBA" else self.model)

    def pixels(self) -> Pixels:
        """Pixels for the layer, the same every time; no alpha is 0, which would make its bounds smaller."""
        kind = np.dtype(_DTYPES[self.depth])
        values = noise(self.height, self.width, self.format.channel_count, kind, seed=self.width)
        alpha = values[..., -1]
        full = np.iinfo(kind).max if kind.kind == "u" else 1
        alpha[:] = np.maximum(alpha, full // 5 if kind.kind == "u" else 0.2)
        return Pixels(Extent(self.width, self.height), self.format, values.astype(kind).tobytes())

    def open(self, krita: KritaSession) -> None:
        """Open the image in Krita, as `document`, with the pixels in its only layer, `layer`."""
        width, height = self.image or (self.width, self.height)
        (krita.folder / "source.raw").write_bytes(self.pixels().view())
        open_document(krita, width, height, self.model, self.depth, self.profile)
        krita.run(
            f"""
            layer = document.activeNode()
            if {self.image is not None}:
                # A new image's own layer is full; this one is empty.
                background, layer = layer, document.createNode("Photo", "paintlayer")
                document.rootNode().addChildNode(layer, background)
                background.remove()
            layer.setName("Photo")
            fill(layer, (FOLDER / "source.raw").read_bytes(), *{(self.x, self.y, self.width, self.height)})
            """
        )
        krita.until("is_active(layer)")


def open_document(
    krita: KritaSession, width: int, height: int, model: str = "RGBA", depth: str = "U8", profile: str = ""
) -> None:
    """A new image in Krita, as `document`, in a view of its own, ready to be worked on."""
    krita.run(
        f"""
        if "D" not in globals():
            exec({INSIDE!r}, globals())
        document = app.createDocument({width}, {height}, "Test", {model!r}, {depth!r}, {profile!r}, 72.0)
        in_view(document)
        """
    )
    krita.until("app.activeDocument() == document and document.activeNode() is not None")


def close_documents(krita: KritaSession) -> None:
    """Close all images without a question, as the menu does, and let go of what is in them."""
    opened = krita.run(
        """
        for name in set(globals()) - globals().get("KEPT", set(globals())):
            del globals()[name]
        result = len(app.documents())
        """
    )
    if opened:
        # Krita looks at new layers and selections a little later, and crashes when the image is gone.
        wait_for_active_layer(krita)
        time.sleep(LATE_S)
    krita.until("close_one()")


def wait_for_active_layer(krita: KritaSession) -> None:
    """Wait until Krita has made a new layer the active one (late), and the plug-in has undone that."""
    krita.until("not __import__('scumble_krita.focus', fromlist=['focus']).is_keeping()")


def apply(krita: KritaSession, effect: dict[str, Any], before: str = "", whole_layer: bool = False) -> Any:
    """Stylize the active layer and insert the result, as `target` and `new`; facts about what came of it."""
    return krita.run(
        f"""
        {before}
        target = D.active_target(document, {whole_layer})
        keep("before.raw", D.read(target).view())
        if target.selection is not None:
            keep("selection.raw", target.selection)
        effect = Effect.from_dict({effect!r})
        new = D.insert_result(target, stylize(target, effect), "Result", effect)
        keep("after.raw", new.pixelData(*target.bounds))
        keep("shown.raw", new.projectionPixelData(*target.bounds))
        assert bytes(D.read(target).view()) == (FOLDER / "before.raw").read_bytes(), "the source changed"
        result = {{
            "tree": tree(),
            "bounds": target.bounds,
            "region": target.region,
            "format": [target.format.dtype, target.format.channels],
            "space": [new.colorModel(), new.colorDepth(), new.colorProfile()],
            "source_space": [target.node.colorModel(), target.node.colorDepth(), target.node.colorProfile()],
        }}
        """
    )


def raw(krita: KritaSession, name: str) -> bytes:
    """A file that `apply` left."""
    return (krita.folder / f"{name}.raw").read_bytes()
