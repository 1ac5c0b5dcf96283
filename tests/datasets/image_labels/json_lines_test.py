import json

import pytest

from guided_segmentation.datasets.image_labels import json_lines


def written(tmp_path, *lines):
    path = tmp_path / "metadata.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n")
    return path


def test_label_labels_and_tags_are_read(tmp_path):
    path = written(
        tmp_path,
        {"file_name": "train/a.jpg", "label": "stop sign"},
        {"file_name": "b.jpg", "labels": ["cat", "\u72ac"], "text": "two"},
        {"file_name": "c.jpg", "tags": []},
        {"file_name": "d.jpg", "label": None},
    )
    assert json_lines.read(path) == [
        ("train/a.jpg", ["stop sign"]),
        ("b.jpg", ["cat", "\u72ac"]),
        ("c.jpg", []),
        ("d.jpg", []),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"label": "cat"}, "wanted 'file_name' (str), found none"),
        ({"file_name": 3}, "wanted 'file_name' (str), found 3"),
        (["a.jpg"], "wanted 'file_name' (str), found none"),
        (
            {"file_name": "a", "label": 4},
            "wanted names of objects as labels, label, tags, found 'label': 4; "
            "write names instead of numbers",
        ),
        ({"file_name": "a"}, "wanted names of objects .*, found none of them"),
        ({"file_name": "a", "tags": [1]}, "found 'tags': [1]; write names"),
    ],
)
def test_other_lines_are_refused_with_their_number(tmp_path, line, message):
    path = written(tmp_path, {"file_name": "b", "label": "cat"}, line)
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    pattern = pattern.replace("[", r"\[").replace("]", r"\]")
    with pytest.raises(ValueError, match=rf"jsonl: line 2: .*{pattern}"):
        json_lines.read(path)


def test_a_line_that_is_no_json_is_refused(tmp_path):
    path = tmp_path / "metadata.jsonl"
    path.write_text("\ncat\n")
    with pytest.raises(ValueError, match=r"jsonl: line 2: wanted JSON, found"):
        json_lines.read(path)
