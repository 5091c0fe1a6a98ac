"""What the plug-in offers in GIMP's procedure database: names, arguments, their documentation."""

from __future__ import annotations

from gi.repository import Gimp, GObject

from .i18n import _

#: As `scumble.request` has it; said again because the menu entry has to be there without the client, too.
STROKE_RANGE = (0.25, 4.0)
APPLY = "plug-in-scumble"
REPEAT = "plug-in-scumble-repeat"
OPEN = "plug-in-scumble-open"
NEXT = "plug-in-scumble-next"
EDIT = "plug-in-scumble-edit"
UNSTYLE = "plug-in-scumble-unstyle"
ENGINE = "plug-in-scumble-engine"
MENU = "<Image>/Filters/Artistic"
LABEL = _("Scumble (_Neural Style)…")

PRESERVE_COLOR = (
    ("off", _("Of the painting")),
    ("palette", _("Of my picture")),
    ("luminance", _("Brightness only")),
)
COLOURS_HELP = _("Whose colours the result has; brightness only keeps yours and changes light and dark")
TILING = (
    ("auto", _("Automatic")),
    ("full", _("In one piece")),
    ("exact", _("In patches")),
    ("thumbnail", _("In patches, faster")),
)
APPLY_TO = (("selection", _("Selection")), ("layer", _("Whole layer")))
DEVICE = (("auto", _("Automatic")), ("cpu", _("Processor")), ("cuda", _("Graphics card")))
LAYER_MODES = {
    "normal": (Gimp.LayerMode.NORMAL, _("Normal")),
    "overlay": (Gimp.LayerMode.OVERLAY, _("Overlay")),
    "soft-light": (Gimp.LayerMode.SOFTLIGHT, _("Soft light")),
    "hard-light": (Gimp.LayerMode.HARDLIGHT, _("Hard light")),
    "multiply": (Gimp.LayerMode.MULTIPLY, _("Multiply")),
    "screen": (Gimp.LayerMode.SCREEN, _("Screen")),
    "lch-color": (Gimp.LayerMode.LCH_COLOR, _("LCh colour")),
    "luminance": (Gimp.LayerMode.LUMINANCE, _("Luminance")),
}
_RW = GObject.ParamFlags.READWRITE


def create_apply(plug_in, run):
    """The procedure with all its settings."""
    procedure = _image_procedure(plug_in, APPLY, run, LABEL)
    procedure.set_documentation(
        _("Paint the layer in the manner of another picture"),
        _(
            "Adds one new layer above the given one, of the same size and depth, with the selection as its "
            "layer mask. The style is one of style-name, style-file and style-layer; up to three more are "
            "mixed in by the shares that mix, third-share and fourth-share say. The layer is not changed. "
            "With a style-mask a style is only where that is white, and where no style is the layer stays. "
            "What is white in a protect-mask stays, too."
        ),
        None,
    )
    _add_styles(procedure)
    procedure.add_double_argument(
        "weight", _("Streng_th"), _("From the layer as it is to the full effect"), 0.0, 1.0, 1.0, _RW
    )
    procedure.add_double_argument(
        "stroke-size", _("Stroke si_ze"), _("Scale of the brush strokes"), *STROKE_RANGE, 1.0, _RW
    )
    procedure.add_double_argument(
        "contrast", _("Co_ntrast"), _("1 leaves the result's contrast as it is"), 0.5, 2.0, 1.0, _RW
    )
    procedure.add_double_argument(
        "detail", _("_Detail"), _("How much of the layer's fine detail comes back"), 0.0, 1.0, 0.0, _RW
    )
    procedure.add_double_argument(
        "protect-skin",
        _("S_kin"),
        _("How much of the layer stays where it has colours of skin"),
        0.0,
        1.0,
        0.0,
        _RW,
    )
    procedure.add_double_argument(
        "protect-edges",
        _("Ed_ges"),
        _("How much of the layer's drawing stays along contours"),
        0.0,
        1.0,
        0.0,
        _RW,
    )
    procedure.add_drawable_argument(
        "protect-mask",
        _("Mask"),
        _("What stays as it is: a layer, layer mask, channel or the selection; none for nothing"),
        True,
        _RW,
    )
    _add_choice(procedure, "preserve-color", _("Colo_urs"), COLOURS_HELP, PRESERVE_COLOR)
    procedure.add_string_argument("engine", _("_Engine"), _("Name of the model"), "microast", _RW)
    _add_choice(procedure, "tiling", _("Large layers"), _("How a large layer is computed"), TILING)
    _add_choice(procedure, "device", _("Dev_ice"), _("What computes"), DEVICE)
    _add_choice(
        procedure, "apply-to", _("_Apply to"), _("With a selection: that part, or all of the layer"), APPLY_TO
    )
    modes = [(name, title) for name, (_mode, title) in LAYER_MODES.items()]
    _add_choice(procedure, "layer-mode", _("_Blend mode"), _("Of the new layer"), modes)
    procedure.add_double_argument(
        "opacity", _("Opacit_y"), _("Of the new layer, in percent"), 0.0, 100.0, 100.0, _RW
    )
    _returns_layer(procedure)
    return procedure


def create_repeat(plug_in, run):
    """The procedure that takes the settings of the last run."""
    procedure = _image_procedure(plug_in, REPEAT, run, _("Scumble: _Repeat Last"))
    procedure.set_documentation(
        _("Paint the layer with the style that was used last"),
        _("Runs plug-in-scumble with the settings of its last run."),
        None,
    )
    return procedure


def create_open(plug_in, run):
    """The procedure that paints all other open images alike."""
    procedure = _image_procedure(plug_in, OPEN, run, _("Scumble: Paint the Same in All _Open Images"))
    procedure.set_documentation(
        _("Paint the selected layers of all other open images with the same settings"),
        _(
            "The settings are those of the given layer, if Scumble has painted it, else those of the last "
            "run. In every other image the selected layers are painted, in one undo step; a painted layer "
            "stands for the one that it was painted from. An image that cannot be painted is told, and the "
            "others are painted all the same."
        ),
        None,
    )
    return procedure


def create_next(plug_in, run):
    """The procedure that switches among the results of a layer."""
    procedure = _image_procedure(plug_in, NEXT, run, _("Scumble: Show Ne_xt Result"))
    procedure.set_documentation(
        _("Show what was painted from the layer, one result after another"),
        _(
            "Shows and selects one of the results of the given layer, or of the one that it was painted "
            "from, and hides the others; after the oldest comes the layer itself. Deletes none."
        ),
        None,
    )
    procedure.add_layer_return_value("layer", _("Layer"), _("The layer that is shown"), False, _RW)
    return procedure


def create_edit(plug_in, run):
    """The procedure that paints a painted layer anew."""
    procedure = _image_procedure(plug_in, EDIT, run, _("Scumble: E_dit Painted Layer…"))
    procedure.set_documentation(
        _("Change the settings of a layer that Scumble has painted"),
        _(
            "Paints what the layer was made of again, with the settings that the layer remembers or, with "
            "a dialog, with others. The new layer takes the place of the old one in one undo step, and "
            "keeps its mask, mode and opacity."
        ),
        None,
    )
    _returns_layer(procedure)
    return procedure


def create_unstyle(plug_in, run):
    """The procedure that takes a style off again."""
    procedure = _image_procedure(plug_in, UNSTYLE, run, _("Scumble: _Take Style Off"))
    procedure.set_documentation(
        _("Take the style that was put on last off a painted layer again"),
        _(
            "Adds a new layer above, with what the layer was before, or with a selection only there. The "
            "layer must have been painted by an engine that can go back, as a whole. What was done to its "
            "pixels since comes back changed, and 16 bits come back more exactly than 8."
        ),
        None,
    )
    _returns_layer(procedure)
    return procedure


def name_of_mode(mode) -> str:
    """The name of a layer's mode among `LAYER_MODES`; the first for one that is not there."""
    names = [name for name, (known, _title) in LAYER_MODES.items() if known == mode]
    return [*names, *LAYER_MODES][0]


def create_engine(plug_in, run):
    """The procedure that shows what computes, to install, update or remove it."""
    procedure = Gimp.Procedure.new(plug_in, ENGINE, Gimp.PDBProcType.PLUGIN, run, None)
    _put_into_menu(procedure, _("Scumble: En_gine…"))
    procedure.set_documentation(
        _("Install, update or remove what Scumble paints with"),
        _("Opens a dialog; there is nothing in it for scripts."),
        None,
    )
    # GIMP refuses a menu entry of a procedure without it.
    procedure.add_enum_argument(
        "run-mode", _("Run mode"), _("Interactive"), Gimp.RunMode, Gimp.RunMode.INTERACTIVE, _RW
    )
    procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.ALWAYS)
    return procedure


def _image_procedure(plug_in, name, run, label):
    procedure = Gimp.ImageProcedure.new(plug_in, name, Gimp.PDBProcType.PLUGIN, run, None)
    # Indexed images are let in, to be told what to do: a gray menu entry does not explain itself.
    procedure.set_image_types("*")
    procedure.set_sensitivity_mask(
        Gimp.ProcedureSensitivityMask.DRAWABLE | Gimp.ProcedureSensitivityMask.DRAWABLES
    )
    _put_into_menu(procedure, label)
    return procedure


def _put_into_menu(procedure, label):
    procedure.set_menu_label(label)
    procedure.add_menu_path(MENU)
    procedure.set_attribution("Scumble", "Scumble, MIT licence", "2025")


def _returns_layer(procedure):
    procedure.add_layer_return_value("new-layer", _("New layer"), _("The stylized layer"), False, _RW)


def _add_styles(procedure):
    for prefix, which in (
        ("", _("Style")),
        ("second-", _("Second style")),
        ("third-", _("Third style")),
        ("fourth-", _("Fourth style")),
    ):
        procedure.add_string_argument(
            prefix + "style-name", which, _("Name of a style in the library; empty for none"), "", _RW
        )
        procedure.add_file_argument(
            prefix + "style-file",
            which,
            _("A picture whose style is taken; none for none"),
            Gimp.FileChooserAction.OPEN,
            True,
            None,
            _RW,
        )
        procedure.add_layer_argument(
            prefix + "style-layer", which, _("A layer whose style is taken; none for none"), True, _RW
        )
        procedure.add_drawable_argument(
            prefix + "style-mask",
            which,
            _("Where the style is: a layer, layer mask, channel or the selection; none for everywhere"),
            True,
            _RW,
        )
        procedure.add_boolean_argument(
            prefix + "style-elsewhere", which, _("Without a mask: only where no other style is"), False, _RW
        )
    procedure.add_double_argument(
        "mix", _("_Mix"), _("Share of the second style, from none of it to nothing else"), 0.0, 1.0, 0.5, _RW
    )
    blurb = _("Of the whole; the first two styles have what is left")
    for prefix, title in (
        ("third-", _("Share of the third style")),
        ("fourth-", _("Share of the fourth style")),
    ):
        procedure.add_double_argument(prefix + "share", title, blurb, 0.0, 1.0, 0.25, _RW)


def _add_choice(procedure, name, label, blurb, values):
    choice = Gimp.Choice.new()
    for number, (value, title) in enumerate(values):
        choice.add(value, number, title, "")
    procedure.add_choice_argument(name, label, blurb, choice, values[0][0], _RW)
