"""Served photographs are turned upright as Pillow turns files."""

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.serving import exif, servables

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8)
ORIENTATIONS = range(1, 9)
FORMATS = ("JPEG", "PNG")


def tiff(value, order="<", kind=3, tag=0x0112, before=2):
    """A TIFF header whose directory has some entries before the last one."""
    mark = {"<": b"II", ">": b"MM"}[order]
    entries = [(0x010F + i, 4, 1, i) for i in range(before)]
    body = b"".join(struct.pack(f"{order}HHII", *each) for each in entries)
    code = {3: "HHIHxx", 4: "HHII"}[kind]
    body += struct.pack(f"{order}{code}", tag, kind, 1, value)
    head = mark + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}H", before + 1) + body + bytes(4)


def encoded(header, kind="JPEG"):
    buffer = io.BytesIO()
    exif_bytes = b"Exif\x00\x00" + header
    Image.fromarray(PIXELS).save(buffer, kind, exif=exif_bytes)
    return buffer.getvalue()


def orientation(content):
    return int(exif.orientation(tf.constant(content)))


@pytest.mark.parametrize("value", ORIENTATIONS)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_photograph_is_served_upright_as_it_is_read(tmp_path, kind, value):
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(encoded(tiff(value), kind))
    found = servables.decode(tf.constant([path.read_bytes()]))
    np.testing.assert_array_equal(found[0], artifacts.read_image(path))
    assert found.shape[1:3] == ((8, 5) if value > 4 else (5, 8))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4], ids=["short", "long"])
@pytest.mark.parametrize("before", [0, 3])
def test_both_byte_orders_and_types_are_read(order, kind, before):
    content = encoded(tiff(6, order, kind, before=before))
    assert orientation(content) == 6


def test_a_jpeg_has_other_segments_before_its_exif():
    content = encoded(tiff(8))
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 300) + bytes(300)
    xmp = b"\xff\xe1" + struct.pack(">H", 2 + 40) + b"http://ns.adobe".ljust(40)
    assert orientation(content[:2] + comment + xmp + content[2:]) == 8


def test_a_png_has_other_chunks_before_its_exif():
    content = encoded(tiff(3), "PNG")
    text = struct.pack(">I", 5) + b"tEXt" + b"a\x00bcd" + bytes(4)
    assert orientation(content[:33] + text + content[33:]) == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\xff\xd8\xff\xe1",
        b"GIF89a",
        encoded(b""),
        encoded(tiff(0)),
        encoded(tiff(9)),
        encoded(tiff(6, tag=0x0113)),
        encoded(tiff(6).replace(b"II", b"IM")),
        encoded(tiff(6).replace(b"*", b"+")),
        encoded(b"II*\x00\xff\xff\xff\xff"),
        encoded(tiff(6)[:12]),
        b"\x89PNG\r\n\x1a\n",
    ],
    ids=range(13),
)
def test_what_has_no_orientation_is_upright(content):
    assert orientation(content) == exif.UPRIGHT


@given(st.integers(0, 120), st.binary(max_size=20), st.sampled_from(FORMATS))
@settings(deadline=None, max_examples=60)
def test_damage_anywhere_gives_an_orientation(at, damage, kind):
    content = encoded(tiff(6), kind)
    damaged = content[:at] + damage + content[at + len(damage) :]
    assert orientation(damaged) in ORIENTATIONS


@pytest.mark.parametrize("value", ORIENTATIONS)
def test_turning_follows_a_table_of_corners(value):
    """Where Exif says that row 0 and column 0 of the file belong."""
    row, column = {
        1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"),
        4: ("bottom", "left"), 5: ("left", "top"), 6: ("right", "top"),
        7: ("right", "bottom"), 8: ("left", "bottom"),
    }[value]  # fmt: skip
    image = tf.reshape(tf.range(6), [2, 3, 1])
    found = exif.upright(image, tf.constant(value, tf.int64))[..., 0].numpy()
    sides = {
        "top": found[0], "bottom": found[-1],
        "left": found[:, 0], "right": found[:, -1],
    }  # fmt: skip
    assert sorted(sides[row]) == [0, 1, 2]
    assert sorted(sides[column]) == [0, 3]
