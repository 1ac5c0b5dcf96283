"""Bad input: one clear line, exit code 1, and nothing half-written."""

import errno
import json
import weakref

import numpy as np
import programs
import pytest
import tensorflow as tf
from PIL import Image

from guided_segmentation import artifacts
from guided_segmentation.command_line import app
from guided_segmentation.datasets import layouts, pipeline, synthetic
from guided_segmentation.networks import builders, weights

RNG = np.random.default_rng(0)
SIZE = (96, 128)
IDS = ("2007_000001", "2007_000002")


@pytest.fixture(scope="module")
def launcher():
    found = programs.Launcher()
    yield found
    found.close()


class Voc:
    """Two images of aeroplanes in VOC's layout, with seeds and saliency."""

    def __init__(self, root):
        self.root = root
        for image_id in IDS:
            self.write_image(image_id)
            self.write_map("SegmentationClassAug", image_id, self.truth())
            self.write_map("seeds", image_id, self.truth())
            artifacts.write_saliency_map(
                root / "saliency" / f"{image_id}.png", self.truth()
            )
        self.write_list(*IDS)

    @staticmethod
    def truth():
        label_map = np.zeros(SIZE, np.uint8)
        label_map[20:60, 30:90] = 1
        return label_map

    def photograph(self, image_id):
        return self.root / "JPEGImages" / f"{image_id}.jpg"

    def write_image(self, image_id):
        image = RNG.integers(0, 256, (*SIZE, 3), np.uint8)
        layouts.write_photograph(self.photograph(image_id), image)

    def write_map(self, folder, image_id, label_map):
        path = self.root / folder / f"{image_id}.png"
        artifacts.write_label_map(path, label_map)

    def write_list(self, *image_ids):
        path = self.root / "ImageSets" / "Segmentation" / "train.txt"
        artifacts.write_bytes(path, "\n".join(image_ids).encode())


@pytest.fixture
def voc(tmp_path):
    return Voc(tmp_path / "voc")


@pytest.fixture
def guides_dir(tmp_path):
    return tmp_path / "guides"


@pytest.fixture
def make_guides(launcher, voc, guides_dir):
    def call(*arguments, **more):
        return launcher.run(
            "make_guides",
            "--dataset=pascal_voc",
            f"--data_dir={voc.root}",
            f"--seeds_dir={voc.root}/seeds",
            f"--saliency_dir={voc.root}/saliency",
            f"--output_dir={guides_dir}",
            *arguments,
            **more,
        )

    return call


def error_of(done):
    """The one line that tells the error; bars of progress may precede it."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.replace("\r", "\n").splitlines()
    (line,) = [each for each in lines if each.startswith("error: ")]
    assert line == lines[-1]
    return line


def assert_whole(folder):
    """Every map there is a label map of the right size."""
    for path in folder.rglob("*.png"):
        assert artifacts.read_label_map(path).shape == SIZE


def test_good_input_gives_guides(make_guides, guides_dir):
    done = make_guides()
    assert done.returncode == 0, done.stderr
    assert {path.stem for path in guides_dir.iterdir()} == {*IDS, "settings"}
    assert_whole(guides_dir)


def test_other_guides_are_not_taken_for_these(make_guides, guides_dir):
    make_guides()
    before = {path: path.read_bytes() for path in guides_dir.iterdir()}
    line = error_of(make_guides("--guide=full_supervision"))
    assert line == (
        f"error: {guides_dir} was begun with guide = 'g2', "
        f"now it is 'full_supervision'; "
        f"choose another folder, or delete this one"
    )
    assert before == {path: path.read_bytes() for path in guides_dir.iterdir()}


# Damage: what is done to the data, flags, and what the line must say.


def remove_data(voc):
    voc.root.rename(voc.root.with_name("elsewhere"))


def list_unknown(voc):
    voc.write_list(*IDS, "2007_999999")


def list_nothing(voc):
    voc.write_list()


def put_text_in_photograph(voc):
    voc.photograph(IDS[1]).write_text("no picture")


def truncate_photograph(voc):
    path = voc.photograph(IDS[1])
    path.write_bytes(path.read_bytes()[:2000])


def shrink_truth(voc):
    voc.write_map("SegmentationClassAug", IDS[1], np.ones((9, 9), np.uint8))


def shrink_seeds(voc):
    voc.write_map("seeds", IDS[1], np.ones((9, 9), np.uint8))


def colour_truth(voc):
    path = voc.root / "SegmentationClassAug" / f"{IDS[1]}.png"
    Image.new("RGB", SIZE[::-1], "red").save(path)


def colour_seeds(voc):
    Image.new("RGB", SIZE[::-1]).save(voc.root / "seeds" / f"{IDS[1]}.png")


def invent_true_class(voc):
    voc.write_map("SegmentationClassAug", IDS[1], np.full(SIZE, 21, np.uint8))


def invent_seeded_class(voc):
    voc.write_map("seeds", IDS[1], np.full(SIZE, 77, np.uint8))


def leave_background(voc):
    voc.write_map("SegmentationClassAug", IDS[1], np.zeros(SIZE, np.uint8))


def forget_seeds(voc):
    (voc.root / "seeds" / f"{IDS[1]}.png").unlink()


def forget_saliency(voc):
    (voc.root / "saliency" / f"{IDS[1]}.png").unlink()


def forget_truth(voc):
    (voc.root / "SegmentationClassAug" / f"{IDS[1]}.png").unlink()


def put_colours_in_saliency(voc):
    path = voc.root / "saliency" / f"{IDS[1]}.png"
    Image.new("RGB", SIZE[::-1]).save(path)


def leave_as_it_is(voc):
    pass


DAMAGE = [
    (remove_data, (), ["no folder JPEGImages in"]),
    (leave_as_it_is, ["--split=trian"], ["no split 'trian'", "train"]),
    (list_unknown, (), ["2007_999999", "have no photograph"]),
    (list_nothing, (), ["train.txt", "wanted one image id per line"]),
    (put_text_in_photograph, (), [f"{IDS[1]}.jpg", "a file that is none"]),
    (truncate_photograph, (), [f"{IDS[1]}.jpg", "unreadable image"]),
    (shrink_truth, (), [f"{IDS[1]}.png", "(96, 128)", "(9, 9)"]),
    (shrink_seeds, (), [IDS[1], "(96, 128)", "(9, 9)"]),
    (colour_truth, (), [f"{IDS[1]}.png", "found mode RGB"]),
    (colour_seeds, (), [f"seeds/{IDS[1]}.png", "found mode RGB"]),
    (invent_true_class, (), [f"{IDS[1]}.png", "21"]),
    (invent_seeded_class, (), [f"seeds/{IDS[1]}.png", "77"]),
    (leave_background, (), [IDS[1], "has no image labels"]),
    (forget_seeds, (), [IDS[1], "bin/make_seeds"]),
    (forget_saliency, (), [IDS[1], "bin/make_saliency"]),
    (forget_truth, (), [f"no label map {IDS[1]}.png"]),
    (put_colours_in_saliency, (), [IDS[1], "wanted a saliency map"]),
    (leave_as_it_is, ["--data_dir="], ["no folder JPEGImages"]),
    (leave_as_it_is, ["stray"], ["wanted flags only, found 'stray'"]),
    (leave_as_it_is, ["--image_labels=csv:no.csv"], ["no file no.csv"]),
    (leave_as_it_is, ["--dataset=msra"], ["has boxes, not image labels"]),
    (leave_as_it_is, ["--dataset=folder"], ["--image_labels=csv:PATH"]),
]


@pytest.mark.parametrize(
    ("damage", "arguments", "told"),
    DAMAGE,
    ids=[
        "_".join([damage.__name__, *arguments])
        for damage, arguments, _ in DAMAGE
    ],
)
def test_bad_input_gives_one_clear_line(
    make_guides, voc, guides_dir, damage, arguments, told
):
    damage(voc)
    line = error_of(make_guides(*arguments))
    assert not [text for text in told if text not in line], line
    assert_whole(guides_dir)
    assert {path.stem for path in guides_dir.glob("*.png")} <= {IDS[0]}


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGBA", "P"])
def test_photographs_of_other_modes_are_converted(
    make_guides, voc, guides_dir, mode
):
    path = voc.photograph(IDS[1])
    image = Image.open(path).convert(mode)
    image.save(path, "JPEG" if mode in ("L", "CMYK") else "PNG")
    done = make_guides()
    assert done.returncode == 0, done.stderr
    assert (guides_dir / f"{IDS[1]}.png").exists()
    assert_whole(guides_dir)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--guide=g9", "value should be one of <seeds_only|g0|g1|"),
        ("--seed_min_area=-1", "-1 is not a non-negative integer"),
        ("--seed_min_are=1", "Unknown command line flag 'seed_min_are'"),
    ],
)
def test_a_wrong_flag_is_told_by_absl(make_guides, argument, told):
    done = make_guides(argument)
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_flag_is_told_by_absl(launcher):
    done = launcher.run("make_guides")
    assert done.returncode == 1
    assert "--output_dir" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_told_with_the_file(make_guides, voc, guides_dir):
    noise = RNG.integers(0, 2, SIZE, np.uint8)  # 1.5 kB of it as a PNG.
    voc.write_map("SegmentationClassAug", IDS[1], noise)
    limit = len(artifacts.encode_label_map(noise)) - 1
    line = error_of(make_guides("--guide=full_supervision", file_limit=limit))
    assert line == (
        f"error: [Errno {errno.EFBIG}] File too large: "
        f"'{guides_dir}/{IDS[1]}.png'"
    )
    assert {path.stem for path in guides_dir.glob("*.png")} == {IDS[0]}
    assert not list(guides_dir.glob(".*"))
    assert_whole(guides_dir)


# Networks.

TINY = (
    "--dataset=synthetic",
    "--num_images=2",
    "--width_multiplier=0.02",
    "--head_channels=2",
    "--input_size=17",
    "--num_steps=1",
    "--batch_size=2",
)


def write_network(folder, width, objects=tuple("abcdef")):
    """A run of bin/train_segmenter, or without objects of train_saliency."""
    num_classes = 1 + len(objects) if objects else 2
    spec = {"name": "deeplab_v1", "num_classes": num_classes}
    spec["head_channels"] = 2
    artifacts.write_json(
        folder / "settings.json",
        {
            "network": {**spec, "width_multiplier": 0.02},
            "input_size": 17,
            "framing": "crop",
            "objects": list(objects) or None,
        },
    )
    network = builders.build({**spec, "width_multiplier": width})
    weights.save(network, folder / "weights.npz")


def test_weights_of_another_shape_do_not_segment(launcher, tmp_path):
    write_network(tmp_path / "run", width=0.04)
    done = launcher.run(
        "segment_images",
        f"--segmenter_dir={tmp_path}/run",
        "--num_images=1",
        f"--output_dir={tmp_path}/out",
    )
    line = error_of(done)
    assert "conv1_1/kernel has shape" in line
    assert "build it with the same width" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("binary", "network", "objects", "told"),
    [
        ("make_saliency", "deeplab_v1", "abcdef", "wanted a saliency net"),
        ("segment_images", "gap_roi", "abcdef", "wanted a segmenter"),
        ("segment_images", "deeplab_v1", "", "wanted a segmenter"),
        ("segment_images", "deeplab_v1", "abcdef", "give the --dataset it was"),
    ],
)
def test_a_network_of_another_kind_makes_no_maps(
    launcher, tmp_path, binary, network, objects, told
):
    if network == "gap_roi":
        programs.write_seeder(tmp_path / "run", list(objects))
    else:
        write_network(tmp_path / "run", 0.02, list(objects))
    name = "saliency_net" if binary == "make_saliency" else "segmenter"
    done = launcher.run(
        binary,
        f"--{name}_dir={tmp_path}/run",
        "--num_images=1",
        f"--output_dir={tmp_path}/out",
    )
    assert told in error_of(done)
    assert not (tmp_path / "out").exists()


def test_weights_of_another_shape_do_not_start_a_training(launcher, tmp_path):
    write_network(tmp_path / "run", width=0.04)
    done = launcher.run(
        "train_seeder",
        *TINY,
        f"--trunk_weights={tmp_path}/run",
        f"--work_dir={tmp_path}/out",
    )
    assert "conv1_1/kernel has shape" in error_of(done)
    assert not list((tmp_path / "out").rglob("*.npz"))


def test_a_training_that_is_not_finished_does_not_segment(launcher, tmp_path):
    done = launcher.run(
        "segment_images",
        f"--segmenter_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    assert "finish its training first" in error_of(done)


def test_seeds_of_no_network_are_not_scored(launcher, tmp_path):
    done = launcher.run("evaluate_seeds", f"--output={tmp_path}/scores.json")
    assert error_of(done) == (
        "error: wanted --seeder_dir, the folder of bin/train_seeder's run, for "
        "--seeder=cam; found none"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "flags",
    [
        ("evaluate_seeds",),
        ("evaluate_saliency", "--saliency_dir=maps"),
        ("evaluate_guides", "--guides_dir=guides"),
        ("evaluate_segmenter", "--predictions_dir=predictions"),
    ],
)
def test_scores_go_to_json(launcher, tmp_path, flags):
    done = launcher.run(*flags, f"--output={tmp_path}/scores.png")
    assert error_of(done) == (
        f"error: --output: wanted a name in .json, found {tmp_path}/scores.png"
    )


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ({"miou": 0.5, "source": "synthetic/train"}, "something else"),
        (
            {"mp": 1, "fg": {}, "bg": {}, "source": "synthetic/val"},
            "those on synthetic/val",
        ),
    ],
)
def test_seeds_are_compared_with_seeds_of_the_same_images(
    launcher, tmp_path, scores, found
):
    artifacts.write_json(tmp_path / "other.json", scores)
    done = launcher.run(
        "evaluate_seeds",
        "--num_images=1",
        "--seeder=center_mean_shape",
        f"--compare={tmp_path}/other.json",
        f"--output={tmp_path}/scores.json",
    )
    assert error_of(done) == (
        f"error: {tmp_path}/other.json: wanted scores of bin/evaluate_seeds on "
        f"synthetic/train, found {found}"
    )
    assert not (tmp_path / "scores.json").exists()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (leave_as_it_is, None),
        (shrink_seeds, [f"/seeds/{IDS[1]}.png: truth and prediction", (9, 9)]),
        (colour_seeds, [f"/seeds/{IDS[1]}.png", "found mode RGB"]),
        (invent_seeded_class, [f"/seeds/{IDS[1]}.png", 77]),
        (forget_seeds, ["/seeds has no file for 1 of 2 images", IDS[1]]),
    ],
)
def test_bad_label_maps_are_not_scored(launcher, voc, tmp_path, damage, told):
    damage(voc)
    done = launcher.run(
        "evaluate_guides",
        "--dataset=pascal_voc",
        f"--data_dir={voc.root}",
        f"--guides_dir={voc.root}/seeds",
        f"--output={tmp_path}/scores.json",
    )
    assert (done.returncode == 0) == (told is None)
    if told:
        line = error_of(done)
        assert not [text for text in told if str(text) not in line], line
        assert not (tmp_path / "scores.json").exists()


@pytest.fixture
def evaluate_saliency(launcher, voc, tmp_path):
    def call(*arguments):
        return launcher.run(
            "evaluate_saliency",
            "--dataset=pascal_voc",
            f"--data_dir={voc.root}",
            f"--saliency_dir={voc.root}/saliency",
            f"--output={tmp_path}/scores.json",
            *arguments,
        )

    return call


def test_good_saliency_gives_scores_and_a_figure(evaluate_saliency, tmp_path):
    done = evaluate_saliency()
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("scores.*")} == {
        "scores.json",
        "scores.png",
    }


def rename_saliency(voc):
    (voc.root / "saliency").rename(voc.root / "elsewhere")


def shrink_saliency(voc):
    path = voc.root / "saliency" / f"{IDS[1]}.png"
    artifacts.write_saliency_map(path, np.ones((9, 9)))


def put_text_in_saliency(voc):
    (voc.root / "saliency" / f"{IDS[1]}.png").write_text("no picture")


def forget_all_truth(voc):
    (voc.root / "SegmentationClassAug").rename(voc.root / "elsewhere")


def ignore_all_truth(voc):
    for image_id in IDS:
        nothing = np.full(SIZE, 255, np.uint8)
        voc.write_map("SegmentationClassAug", image_id, nothing)


SALIENCY_DAMAGE = [
    (rename_saliency, (), ["/saliency has no file for 2 of 2 images"]),
    (forget_saliency, (), ["/saliency has no file for 1 of 2", IDS[1]]),
    (
        shrink_saliency,
        (),
        [f"/saliency/{IDS[1]}.png: truth and saliency", SIZE, (9, 9)],
    ),
    (put_text_in_saliency, (), [f"{IDS[1]}.png", "a file that is none"]),
    (put_colours_in_saliency, (), [f"{IDS[1]}.png", "wanted a saliency map"]),
    (shrink_truth, (), [f"SegmentationClassAug/{IDS[1]}.png", (9, 9), SIZE]),
    (invent_true_class, (), [f"{IDS[1]}.png", 21]),
    (forget_truth, (), [f"no label map {IDS[1]}.png"]),
    (forget_all_truth, ["--image_labels=csv:{csv}"], ["no true label maps"]),
    (ignore_all_truth, (), ["nothing to score: none of 2 images"]),
    (leave_as_it_is, ["--split=trian"], ["no split 'trian'"]),
    (leave_as_it_is, ["--dataset=msra"], ["has boxes, not image labels"]),
    (
        leave_as_it_is,
        ["--output={csv}"],
        ["--output: wanted a name in .json, found", "labels.csv"],
    ),
    (leave_as_it_is, ["--compare=no.json"], ["no file no.json"]),
]


@pytest.mark.parametrize(
    ("damage", "arguments", "told"),
    SALIENCY_DAMAGE,
    ids=[
        "_".join([damage.__name__, *arguments])
        for damage, arguments, _ in SALIENCY_DAMAGE
    ],
)
def test_bad_saliency_is_not_scored(
    evaluate_saliency, voc, tmp_path, damage, arguments, told
):
    csv = tmp_path / "labels.csv"
    rows = ["image_id,labels", *(f"{i},aeroplane" for i in IDS)]
    csv.write_text("\n".join(rows))
    damage(voc)
    line = error_of(evaluate_saliency(*(a.format(csv=csv) for a in arguments)))
    assert not [text for text in told if str(text) not in line], line
    assert not list(tmp_path.glob("scores.*"))


def test_saliency_of_no_folder_is_not_scored(launcher, tmp_path):
    done = launcher.run("evaluate_saliency", f"--output={tmp_path}/scores.json")
    assert error_of(done) == (
        "error: wanted --saliency_dir, a folder of saliency maps such as "
        "bin/make_saliency writes; found none"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("scores", "found"),
    [
        ({"miou": 0.5, "source": "pascal_voc/train"}, "something else"),
        (
            {"mae": 0.5, "curve": {}, "source": "pascal_voc/val"},
            "those on pascal_voc/val",
        ),
    ],
)
def test_saliency_is_compared_with_saliency_of_the_same_images(
    evaluate_saliency, tmp_path, scores, found
):
    artifacts.write_json(tmp_path / "other.json", scores)
    done = evaluate_saliency(f"--compare={tmp_path}/other.json")
    assert error_of(done) == (
        f"error: {tmp_path}/other.json: wanted scores of bin/evaluate_saliency "
        f"on pascal_voc/train, found {found}"
    )
    assert not list(tmp_path.glob("scores.*"))


@pytest.mark.parametrize("scales", ["0", "1,-1", "nan", "inf", "", "large"])
def test_scales_are_positive_numbers(launcher, tmp_path, scales):
    done = launcher.run(
        "segment_images",
        f"--scales={scales}",
        f"--segmenter_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    assert done.returncode == 1
    assert "wanted numbers above 0, such as 1,1.5" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("binary", ["make_seeds", "evaluate_seeds"])
def test_a_seeder_of_other_objects_is_refused(launcher, tmp_path, binary):
    programs.write_seeder(tmp_path / "run", objects=["cow", "dog"])
    output = "output_dir" if binary == "make_seeds" else "output"
    done = launcher.run(
        binary,
        "--num_images=1",
        f"--seeder_dir={tmp_path}/run",
        f"--{output}={tmp_path}/out.json",
    )
    line = error_of(done)
    assert line.startswith(
        "error: the network knows the objects ['cow', 'dog']"
    )
    assert "but synthetic/train has ['" in line
    assert line.endswith("give the --dataset it was trained on")
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("seeder", "network", "told"),
    [
        ("cam", "vgg16", "wanted a GAP network (gap_lowres, "),
        ("vanilla", "gap_roi", "wanted the classifier (vgg16), found gap_roi"),
        ("grad_cam", "gap_roi", "wanted the classifier (vgg16), found gap_roi"),
        ("guided", "gap_roi", "wanted the classifier (vgg16), found gap_roi"),
    ],
)
def test_a_network_of_another_kind_is_refused(
    launcher, tmp_path, seeder, network, told
):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, network)
    done = launcher.run(
        "make_seeds",
        f"--seeder={seeder}",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    line = error_of(done)
    assert told in line
    assert "name the folder of a run of bin/train_seeder" in line
    assert not (tmp_path / "out").exists()


def test_only_excitation_can_be_contrastive(launcher, tmp_path):
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects, "vgg16")
    done = launcher.run(
        "make_seeds",
        "--seeder=guided",
        "--contrastive",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/out",
    )
    assert error_of(done) == (
        "error: wanted excitation for a contrastive seeder, found guided"
    )


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (
            [],
            "wanted --segmenter_dir, the folder of a finished training run, "
            "for --what=segmenter; found none",
        ),
        (
            ["--what=saliency", "--segmenter_dir=run"],
            "wanted --saliency_net_dir, the folder of a finished training run, "
            "for --what=saliency; found none",
        ),
        (
            ["--what=seeder", "--seeder_dir=run", "--seed_crf=sec"],
            "wanted --seed_crf=none, found sec; a dense CRF is no part of a "
            "SavedModel, bin/make_seeds applies it",
        ),
        (
            ["--what=seeder", "--seeder=center_mean_shape"],
            "wanted a seeder with a network, found --seeder=center_mean_shape; "
            "choose another",
        ),
        (
            ["--what=seeder", "--format=onnx"],
            "wanted --format=saved_model for --what=seeder, found onnx; a "
            "seeder asks for gradients and loops, which only TensorFlow serves",
        ),
        (
            ["--format=onnx", "--precision=mixed_bfloat16"],
            "wanted --precision=float32 for --format=onnx, found "
            "mixed_bfloat16; leave --precision out",
        ),
        (
            ["--format=tflite_int8", "--flip"],
            "wanted --noflip for --format=tflite_int8, found --flip; its "
            "kernels reverse integers without their scale",
        ),
    ],
    ids=[
        "no folder",
        "another folder",
        "crf",
        "no network",
        "seeder's format",
        "precision",
        "flip",
    ],
)
def test_what_cannot_be_exported_is_refused(launcher, tmp_path, flags, told):
    output = tmp_path / "models"
    done = launcher.run("export_model", *flags, f"--output_dir={output}")
    assert error_of(done) == f"error: {told}"
    assert not output.exists()


def test_the_mean_shape_finds_no_classes(launcher, tmp_path):
    done = launcher.run(
        "make_seeds",
        "--num_images=1",
        "--seeder=center_mean_shape",
        "--class_threshold=0.5",
        f"--output_dir={tmp_path}/out",
    )
    assert "does not tell which objects are there" in error_of(done)
    assert not list(tmp_path.rglob("*.png"))


def test_the_classifier_needs_photographs_as_large_as_its_window(
    launcher, tmp_path
):
    done = launcher.run(
        "train_seeder",
        "--seeder=vgg16",
        "--trunk_weights=none",
        "--input_size=121",
        f"--work_dir={tmp_path}/run",
    )
    assert "wanted an input_size of at least 193 for vgg16" in error_of(done)
    assert not (tmp_path / "run").exists()


def test_a_full_disk_ends_a_training_and_leaves_no_weights(launcher, tmp_path):
    done = launcher.run(
        "train_seeder",
        *TINY,
        "--trunk_weights=none",
        f"--work_dir={tmp_path}/run",
        file_limit=6000,
    )
    assert "File too large" in error_of(done)
    assert not list(tmp_path.rglob("*.npz"))
    settings = (tmp_path / "run" / "settings.json").read_text()
    assert json.loads(settings)["input_size"] == 17


def test_a_full_disk_leaves_no_half_cache_of_features(launcher, tmp_path):
    done = launcher.run(
        "train_seeder",
        *TINY,
        "--trunk_weights=none",
        "--input_size=65",
        "--framing=whole",
        "--freeze_through=conv1_2",
        f"--features_dir={tmp_path}/features",
        f"--work_dir={tmp_path}/run",
        file_limit=6000,
    )
    line = error_of(done)
    assert "File too large" in line
    assert "/features.npy'" in line
    (left,) = (tmp_path / "features").rglob("*.*")
    assert left.name == "key.json"


# What TensorFlow makes of an error inside a stage.


def guarded_line(work):
    with pytest.raises(SystemExit) as end:
        app.guarded(lambda argv: work(), ["binary"])
    return end.value.code


def reading(error):
    """Reads one image by a function that raises `error`."""

    def image(image_id):
        raise error

    return lambda: list(pipeline.in_order(["a"], {"image": image}))


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a.jpg: no image: at all"), "a.jpg: no image: at all"),
        (FileNotFoundError("no seeds for 'a'"), "no seeds for 'a'"),
        (TypeError("image must return uint8"), "image must return uint8"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/a.png"),
            "[Errno 28] No space left on device: '/a.png'",
        ),
    ],
)
def test_a_stage_tells_its_error_as_it_was(error, line):
    assert guarded_line(reading(error)) == f"error: {line}"


def test_a_stage_tells_the_last_of_a_chain_of_errors():
    def image(image_id):
        try:
            raise OSError("image file is truncated")
        except OSError as error:
            raise ValueError("a.jpg: unreadable image") from error

    line = guarded_line(
        lambda: list(pipeline.in_order(["a"], {"image": image}))
    )
    assert line == "error: a.jpg: unreadable image"


def test_a_compiled_numpy_op_tells_its_error_as_it_was():
    def function(array):
        raise ValueError("image 'a': too dark")

    op = pipeline.numpy_op(function, tf.TensorSpec([], tf.uint8))
    line = guarded_line(lambda: tf.function(op)(tf.constant(1)))
    assert line == "error: image 'a': too dark"


def test_an_error_of_tensorflows_own_loses_its_surroundings():
    line = guarded_line(lambda: tf.reshape(tf.zeros([4]), [2, 3]))
    assert line == (
        "error: Input to reshape is a tensor with 4 values, but the requested "
        "shape has 6"
    )


def test_an_error_in_a_graph_loses_its_surroundings():
    @tf.function(input_signature=[tf.TensorSpec([None])])
    def reshape(x):
        return tf.reshape(x, [2, 3])

    line = guarded_line(lambda: reshape(tf.zeros([4])))
    assert line.startswith("error: Input to reshape is a tensor with 4 values")
    assert "\n" not in line


def test_a_wrong_shape_out_of_a_stage_is_told():
    flat = {"image": lambda image_id: np.zeros((2, 2), np.uint8)}
    line = guarded_line(lambda: list(pipeline.in_order(["a"], flat)))
    assert "[2,2] is not compatible with expected shape [?,?,3]" in line


def test_a_mistake_of_the_program_keeps_its_traceback():
    with pytest.raises(KeyError):
        app.guarded(lambda argv: {}["a"], ["binary"])


def test_a_mistake_inside_a_stage_keeps_its_traceback():
    with pytest.raises(
        tf.errors.OpError, match=r"line \d+, in image(.|\n)*KeyE"
    ):
        app.guarded(lambda argv: reading(KeyError("a"))(), ["binary"])


@pytest.mark.parametrize("kind", [OSError, ValueError])
def test_bad_input_lets_go_of_what_was_at_work(kind):
    """A pipeline that Python's end finds at work is waited for forever."""
    left = []

    def work(_):
        at_work = {"a thread"}
        left.append(weakref.ref(at_work))
        raise kind("no")

    with pytest.raises(SystemExit) as end:
        app.guarded(work, ["binary"])
    assert end.value.code == "error: no"
    assert left[0]() is None


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--threshold=0.4", "begun with threshold = 0.2, now it is 0.4"),
        ("--flip", "begun with flip = False, now it is True"),
        ("--seed_crf=v1", "begun with seed_crf = 'none', now it is 'v1'"),
    ],
)
def test_other_seeds_are_not_taken_for_these(launcher, tmp_path, flag, told):
    programs.write_seeder(tmp_path / "run", list(synthetic.LABEL_SET.objects))
    call = (
        "make_seeds",
        "--num_images=1",
        f"--seeder_dir={tmp_path}/run",
        f"--output_dir={tmp_path}/seeds",
    )
    for _ in range(2):
        assert launcher.run(*call).returncode == 0
    assert told in error_of(launcher.run(*call, flag))


def test_other_predictions_are_not_taken_for_these(launcher, tmp_path):
    """Nor those of another network, wherever it lies."""
    objects = list(synthetic.LABEL_SET.objects)

    def segment(run, *flags):
        return launcher.run(
            "segment_images",
            "--num_images=1",
            f"--segmenter_dir={tmp_path / run}",
            f"--output_dir={tmp_path}/out",
            *flags,
        )

    write_network(tmp_path / "run", 0.02, objects)
    assert segment("run").returncode == 0
    (tmp_path / "run").rename(tmp_path / "moved")
    assert segment("moved").returncode == 0
    told = "begun with crf.bilateral_rgb"
    assert told in error_of(segment("moved", "--crf=v2"))
    write_network(tmp_path / "run", 0.02, objects)
    assert "begun with weights_sha256" in error_of(segment("run"))
