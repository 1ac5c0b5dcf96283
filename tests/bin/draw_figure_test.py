"""bin/draw_figure: its flags and bad input."""

from unittest import mock

import numpy as np
import programs
import pytest
from binary_calls import FEW, calling, stand_in
from damaged_data import IDS, error_of

from guided_segmentation import artifacts
from guided_segmentation.datasets import synthetic
from guided_segmentation.networks import gap
from guided_segmentation.report import figure_sheets
from guided_segmentation.seeders import cam

ROW = {"Image": np.zeros((20, 30, 3), np.uint8)}
FOLDERS = {
    "seeds_dir": "/s",
    "saliency_dir": "/m",
    "guides_dir": "/g",
    "predictions_dir": "/p",
    "crf_dir": "/c",
}


def test_flags_reach_what_draw_figure_calls(tmp_path, capsys):
    with calling(
        "draw_figure",
        stand_in(figure_sheets, "steps", [ROW, ROW]),
        **FEW,
        **FOLDERS,
        figure="12",
        seeder_dirs="",
        image_ids="",
        num_pictures="1",
        height="40",
        output=f"{tmp_path}/figure.png",
    ) as (steps,):
        pass
    source, image_ids, folders = steps.call_args.args
    assert image_ids == [source.image_ids[0]]
    assert folders == {
        "Seeds": "/s",
        "Saliency": "/m",
        "Guide": "/g",
        "Segmenter": "/p",
        "with CRF": "/c",
    }
    height, _ = artifacts.read_size(tmp_path / "figure.png")
    assert height == 4 + 2 * (40 + 18)
    assert capsys.readouterr().err.endswith(
        f"done: figure 12 is in {tmp_path}/figure.png\n"
    )


def test_networks_of_figure_8_are_named_as_in_the_paper(tmp_path):
    objects = list(synthetic.LABEL_SET.objects)
    for name in ("gap_lowres", "gap_roi"):
        programs.write_seeder(tmp_path / name, objects, name)
    again = f"{tmp_path}/gap_roi/"
    with calling(
        "draw_figure",
        stand_in(figure_sheets, "score_maps", [ROW]),
        **FEW,
        figure="8",
        seeder_dirs=f"{tmp_path}/gap_lowres,{tmp_path}/gap_roi,{again}",
        image_ids="train_000001",
        num_pictures="1",
        height="40",
        guides_dir="",
        predictions_dir="",
        crf_dir="",
        output=f"{tmp_path}/figure.png",
    ) as (score_maps,):
        pass
    _, image_ids, seeders = score_maps.call_args.args
    assert image_ids == ["train_000001"]
    assert list(seeders) == ["GAP-LowRes", "GAP-ROI", again]


def test_figure_8_has_the_grid_of_each_networks_training(tmp_path):
    """Table 6: half as many cells a side for GAP-LowRes."""
    objects = list(synthetic.LABEL_SET.objects)
    for name in ("gap_lowres", "gap_highres"):
        programs.write_seeder(tmp_path / name, objects, name)
    with (
        mock.patch.object(cam, "seeder") as made,
        calling(
            "draw_figure",
            stand_in(figure_sheets, "score_maps", [ROW]),
            **FEW,
            figure="8",
            seeder_dirs=f"{tmp_path}/gap_lowres,{tmp_path}/gap_highres",
            image_ids="",
            num_pictures="1",
            height="40",
            guides_dir="",
            predictions_dir="",
            crf_dir="",
            output=f"{tmp_path}/figure.png",
        ),
    ):
        pass
    networks = [call.args[0] for call in made.call_args_list]
    assert [*map(gap.stride, networks)] == [16, 8]


def test_figures_of_files_are_drawn(launcher, voc, tmp_path):
    given = (
        "--dataset=pascal_voc",
        f"--data_dir={voc.root}",
        f"--seeds_dir={voc.root}/seeds",
        f"--saliency_dir={voc.root}/saliency",
        f"--crf_dir={voc.root}/seeds",
        f"--image_ids={IDS[1]}",
        f"--output={tmp_path}/figure_7.png",
    )
    done = launcher.run("draw_figure", "--figure=7", *given)
    assert done.returncode == 0, done.stderr
    _, width = artifacts.read_size(tmp_path / "figure_7.png")
    assert width > 5 * 160  # Five pictures, wider than high.


def test_figure_8_is_drawn(launcher, tmp_path):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, "gap_highres")
    done = launcher.run(
        "draw_figure",
        "--figure=8",
        "--num_images=2",
        f"--seeder_dirs={tmp_path}/run",
        f"--output={tmp_path}/figure_8.png",
    )
    assert done.returncode == 0, done.stderr
    assert artifacts.read_size(tmp_path / "figure_8.png")[0] > 2 * 160


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            ["--figure=8"],
            "--figure=8 wanted --seeder_dirs, folders of bin/train_seeder's "
            "runs, found none",
        ),
        (
            ["--figure=7"],
            "--figure=7 wanted some of --seeds_dir, --saliency_dir, "
            "--guides_dir, --predictions_dir and --crf_dir, found none",
        ),
        (
            ["--figure=7", "--image_ids=a,train_000000,b"],
            "--image_ids: wanted images of synthetic/train, such as "
            "train_000000; found a, b",
        ),
    ],
)
def test_what_is_not_there_is_not_drawn(launcher, tmp_path, given, told):
    done = launcher.run(
        "draw_figure", *given, "--num_images=2", f"--output={tmp_path}/a.png"
    )
    assert error_of(done) == f"error: {told}"
    assert not list(tmp_path.iterdir())


def test_another_ending_is_refused(launcher, tmp_path):
    output = f"--output={tmp_path}/a.jpg"
    done = launcher.run("draw_figure", "--figure=7", output)
    assert error_of(done) == (
        f"error: --output: wanted a name in .png, found {tmp_path}/a.jpg"
    )


def test_a_classifier_has_no_place_in_figure_8(launcher, tmp_path):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, "vgg16")
    done = launcher.run(
        "draw_figure",
        "--figure=8",
        "--num_images=2",
        f"--seeder_dirs={tmp_path}/run",
        f"--output={tmp_path}/figure_8.png",
    )
    assert "wanted a GAP network" in error_of(done)
