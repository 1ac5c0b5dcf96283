import pytest

from guided_segmentation.datasets.image_labels import cvat

XML = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task/></meta>
<image id="0" name="more/a.jpg" width="4" height="3">
<tag label="night" source="manual"></tag>
<box label="\u4ea4\u901a \u706f" xtl="0" ytl="0" xbr="1" ybr="1"/>
<polygon label="night" points="0,0;1,1;0,1"/></image>
<image id="1" name="b.jpg" width="4" height="3"></image>
</annotations>"""


def test_tags_and_shapes_are_objects(tmp_path):
    path = tmp_path / "annotations.xml"
    path.write_text(XML)
    assert cvat.read(path) == [
        ("more/a.jpg", ["night", "\u4ea4\u901a \u706f"]),
        ("b.jpg", []),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b", r"wanted XML, found .*"),
        (
            "<annotations><meta/><track id='0'/></annotations>",
            r"wanted elements 'image' \(CVAT for images 1\.1\), found meta, "
            r"track; export the task in that format",
        ),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "annotations.xml"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"annotations\.xml: {message}"):
        cvat.read(path)
