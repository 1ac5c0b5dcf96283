from PIL import Image

from guided_segmentation.datasets import folder


def test_a_photograph_shows_what_its_folder_names(tmp_path):
    for name in ("cat/1", "train/\u4ea4\u901a \u706f/2", "background/3", "4"):
        path = tmp_path / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 3)).save(path)
    source = folder.source(tmp_path, "folders")
    assert source.label_set.objects == ("cat", "\u4ea4\u901a \u706f")
    assert {
        image_id: source.image_labels(image_id).tolist()
        for image_id in source.image_ids
    } == {
        "background/3": [False, False],
        "cat/1": [True, False],
        "train/\u4ea4\u901a \u706f/2": [False, True],
    }
    assert source.passed_over == ("photographs without tags: 1 (4)",)
