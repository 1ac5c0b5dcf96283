"""A plan calls the right binaries, and its scores end in one summary."""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

from guided_segmentation import artifacts, experiments, guides
from guided_segmentation.datasets import synthetic
from guided_segmentation.evaluation import folders, image_areas, mean_iou
from guided_segmentation.experiments import ledger, runner, table_1

ROOT = pathlib.Path(__file__).parents[2]
BINARIES = {
    "train_seeder", "make_seeds", "train_saliency", "make_saliency",
    "make_guides", "evaluate_guides", "train_segmenter", "segment_images",
    "evaluate_segmenter", "evaluate_seeds",
}  # fmt: skip

SEEDERS = tuple(table_1.NETWORKS)

# Stands for every binary: a folder of maps, or scores that follow its flags.
STAND_IN = """
import json, os, pathlib, signal, sys, zlib
if sys.argv[-1] == "--only_check_args":
    sys.exit("error: no --typo" if "--typo" in sys.argv else 0)
flags = dict(each[2:].partition("=")[::2] for each in sys.argv[1:])
here = pathlib.Path(sys.argv[0])
told = " ".join(each for each in sys.argv[1:] if "work_" not in each)
score = zlib.crc32(told.encode()) % 1000 / 1000
def point(value):
    return [value] if "evaluate_seeds" in str(here) else value
if "output" in flags:
    path = pathlib.Path(flags["output"])
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({
        "mp": score, "map": score if "seeder_dir" in flags else None,
        "miou": score, "iou": {"background": score, "rook": None},
        "images": 1, "ignored": 0.125, "labelled_only": {"miou": score},
        "fg": {"precision": point(score), "recall": point(0.5)},
        "bg": {"precision": point(0.75), "recall": point(None)},
    }))
else:
    folder = pathlib.Path(flags.get("output_dir") or flags["work_dir"])
    folder.mkdir(parents=True, exist_ok=True)
    for image_id in IMAGE_IDS:
        content = here.with_name("map.png").read_bytes()
        (folder / f"{image_id}.png").write_bytes(content)
if os.environ.get("DIE_AFTER") == here.name:
    os.kill(os.getppid(), signal.SIGKILL)
"""


@pytest.fixture
def bin_dir(tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    sources = [
        synthetic.source(name, num_images=1) for name in ("train", "val")
    ]
    ids = [source.image_ids[0] for source in sources]
    for name in BINARIES:
        text = STAND_IN.replace("IMAGE_IDS", repr(ids))
        (folder / name).write_text(text)
    label_map = sources[0].label_map(ids[0])
    nothing = np.zeros(label_map.shape)
    artifacts.write_saliency_map(folder / "map.png", nothing)  # Grey is both.
    return folder


def plan(*names, **settings):
    return experiments.plan(experiments.Settings(guides=names, **settings))


def names(found):
    return [stage.name for stage in found]


def command(found, name):
    return next(stage.command for stage in found if stage.name == name)


def test_the_plan_of_g2_goes_from_image_labels_to_scores():
    assert names(plan("g2")) == [
        "train_seeder",
        "make_seeds",
        "train_saliency",
        "make_saliency",
        "make_guides_g2",
        "evaluate_guides_g2",
        "train_segmenter_g2",
        "segment_images_g2",
        "evaluate_segmenter_g2",
    ]


@pytest.mark.parametrize(
    ("guide", "shared"),
    [
        ("seeds_only", ["train_seeder", "make_seeds"]),
        ("g0", ["train_saliency", "make_saliency"]),
        ("g1", ["train_seeder_vgg16", "train_saliency", "make_saliency"]),
        (
            "oaa",
            ["train_seeder", "make_seeds", "train_saliency", "make_saliency"],
        ),
        ("saliency_oracle", ["train_seeder", "make_seeds"]),
        ("full_supervision", []),
    ],
)
def test_stages_that_no_guide_needs_are_left_out(guide, shared):
    assert names(plan(guide))[:-5] == shared


def test_every_stage_comes_after_those_it_needs():
    found = plan(*guides.GUIDES, seeders=SEEDERS, crf=True)
    seen = set()
    for stage in found:
        assert seen.issuperset(stage.needs)
        seen.add(stage.name)
    of_seeders = len(SEEDERS) + 5  # Networks.
    of_guides = 4 + 6 * len(guides.GUIDES)
    assert len(seen) == len(found) == of_seeders + of_guides
    assert {stage.command[0] for stage in found} == BINARIES


def test_commands_name_the_folders_of_their_neighbours():
    found = plan("g2", data=("--dataset=pascal_voc",), train_split="aug")
    assert command(found, "train_segmenter_g2") == (
        "train_segmenter",
        "--dataset=pascal_voc",
        "--split=aug",
        "--guide=g2",
        "--saliency_dir={work_dir}/saliency_maps",
        "--seeds_dir={work_dir}/seeds",
        "--work_dir={work_dir}/segmenter/g2",
    )
    assert command(found, "segment_images_g2") == (
        "segment_images",
        "--dataset=pascal_voc",
        "--split=val",
        "--segmenter_dir={work_dir}/segmenter/g2",
        "--output_dir={work_dir}/predictions/g2",
    )


def test_one_prediction_is_scored_with_and_without_crf():
    found = plan("g2", crf=True)
    folder = "{work_dir}/predictions/g2"
    assert f"--crf_dir={folder}/crf" in command(found, "segment_images_g2")
    by_name = {stage.name: stage for stage in found}
    for mark, read in (("", folder), ("_crf", f"{folder}/crf")):
        scored = by_name[f"evaluate_segmenter_g2{mark}"]
        assert f"--predictions_dir={read}" in scored.command
        assert scored.needs == ("segment_images_g2",)


def test_the_saliency_net_learns_from_other_images():
    found = plan("g2", data=("--a=1",), saliency_data=("--dataset=msra",))
    assert command(found, "train_saliency") == (
        "train_saliency",
        "--dataset=msra",
        "--work_dir={work_dir}/saliency",
    )


@pytest.mark.parametrize("key", experiments.MORE)
def test_more_flags_reach_the_binaries_they_promise_to_reach(key):
    more = {key: ("--more=1",)}
    found = plan("g2", seeders=SEEDERS, crf=True, rounds=2, more=more)
    reached = {
        stage.command[0] for stage in found if "--more=1" in stage.command
    }
    text = experiments.MORE[key]
    if key == "data":
        assert reached == BINARIES - {"train_saliency"}
    else:
        assert reached == {name for name in BINARIES if name in text}


def test_more_flags_come_last_and_know_their_guide():
    found = plan("g0", "g2", more={"segmenter": ("--name={guide}",)})
    assert command(found, "train_segmenter_g0")[-1] == "--name=g0"
    assert command(found, "train_segmenter_g2")[-1] == "--name=g2"


def test_g1_and_the_seeders_share_a_classifier():
    more = {
        "seeder": ("--seeder=gap_lowres", "--a=1"),
        "vgg16": ("--input_size=225",),
    }
    alone = plan("g1", more=more)
    both = plan("g1", seeders=("guided",), more=more)
    trained = command(alone, "train_seeder_vgg16")
    assert trained == command(both, "train_seeder_vgg16") == (
        "train_seeder", "--split=train", "--seeder=vgg16",
        "--work_dir={work_dir}/seeders/vgg16", "--a=1", "--input_size=225",
    )  # fmt: skip
    assert names(both).count("train_seeder_vgg16") == 1
    for name in ("make_guides_g1", "train_segmenter_g1"):
        classifier = "--classifier_dir={work_dir}/seeders/vgg16"
        assert classifier in command(alone, name)


def test_a_second_round_learns_from_what_the_first_one_predicts():
    more = {"segment": ("--scales=1,1.5",), "segmenter": ("--name={guide}",)}
    found = plan(
        "g2", "full_supervision", rounds=2, train_split="aug", more=more
    )
    again = [
        name
        for name in names(found)
        if name not in names(plan("g2", "full_supervision"))
    ]
    assert again == [
        "segment_images_g2_train",
        "make_guides_g2_round2",
        "evaluate_guides_g2_round2",
        "train_segmenter_g2_round2",
        "segment_images_g2_round2",
        "evaluate_segmenter_g2_round2",
    ]
    assert command(found, "segment_images_g2_train") == (
        "segment_images", "--split=aug",
        "--segmenter_dir={work_dir}/segmenter/g2",
        "--output_dir={work_dir}/seeds_round2", "--only_present",
        "--scales=1,1.5",
    )  # fmt: skip
    assert command(found, "train_segmenter_g2_round2") == (
        "train_segmenter", "--split=aug", "--guide=g2",
        "--saliency_dir={work_dir}/saliency_maps",
        "--seeds_dir={work_dir}/seeds_round2",
        "--work_dir={work_dir}/segmenter/g2_round2", "--name=g2_round2",
    )  # fmt: skip
    needs = {stage.name: stage.needs for stage in found}
    assert needs["segment_images_g2_train"] == ("train_segmenter_g2",)
    assert needs["make_guides_g2_round2"] == (
        "make_saliency",
        "segment_images_g2_train",
    )


def test_a_second_round_may_learn_from_the_predictions_themselves():
    more = {"second_seeds": ("--crf=deeplab",), "segment": ("--b=2",)}
    found = plan("g2", rounds=2, second_guide="seeds_only", more=more)
    assert command(found, "segment_images_g2_train")[-3:] == (
        "--only_present", "--b=2", "--crf=deeplab",
    )  # fmt: skip
    assert "--crf=deeplab" not in command(found, "segment_images_g2_round2")
    assert command(found, "train_segmenter_g2_round2") == (
        "train_segmenter", "--split=train", "--guide=seeds_only",
        "--seeds_dir={work_dir}/seeds_round2",
        "--work_dir={work_dir}/segmenter/g2_round2",
    )  # fmt: skip
    needs = {stage.name: stage.needs for stage in found}
    assert needs["make_guides_g2_round2"] == ("segment_images_g2_train",)


def test_one_round_is_what_it_was_before_the_second():
    one, two = (
        plan("g2", "full_supervision", crf=True),
        plan("g2", "full_supervision", rounds=2, crf=True),
    )
    assert [stage for stage in two if stage.name in names(one)] == one


def test_a_flag_that_names_an_output_makes_a_need():
    more = {"segmenter": ("--trunk_weights={work_dir}/seeder",)}
    found = plan("full_supervision", more=more)
    assert names(found)[0] == "train_seeder"
    needs = {stage.name: stage.needs for stage in found}
    assert needs["train_segmenter_full_supervision"] == ("train_seeder",)


def test_other_saliency_leaves_the_other_guides_as_they_were():
    chosen = ("seeds_only", "g2", "full_supervision")
    before, after = (
        ledger.fingerprints(plan(*chosen, more={"saliency": (flag,)}))
        for flag in ("--only_ids=a", "--only_ids=b")
    )
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        name for name in before if name.endswith("_g2") or "saliency" in name
    }


def test_an_unknown_guide_seeder_or_row_is_refused():
    with pytest.raises(
        ValueError, match=r"guides out of seeds_only, .*, found g3$"
    ):
        experiments.Settings(guides=("g2", "g3"))
    with pytest.raises(
        ValueError, match=r"seeders out of gap_lowres, .*, found gap$"
    ):
        experiments.Settings(seeders=("gap", "vanilla"))
    with pytest.raises(
        ValueError, match=r"crf_rows out of plain, .*, found loss_v3$"
    ):
        experiments.Settings(crf_rows=("plain", "loss_v3"))
    with pytest.raises(
        ValueError, match=r"crf_seeders out of gap_lowres, .*, found vanilla$"
    ):
        experiments.Settings(crf_seeders=("gap_roi", "vanilla"))


def test_a_second_round_without_a_first_is_refused():
    with pytest.raises(
        ValueError,
        match=r"^wanted g2 among .* found \['full_supervision'\]; add g2$",
    ):
        experiments.Settings(guides=("full_supervision",), rounds=2)
    with pytest.raises(ValueError, match=r"second_guide out of .*, found g1$"):
        experiments.Settings(rounds=2, second_guide="g1")
    with pytest.raises(
        ValueError, match=r"^second_guide=seeds_only wanted 2 rounds, found 1$"
    ):
        experiments.Settings(second_guide="seeds_only")
    with pytest.raises(ValueError, match=r"^wanted 1 or 2 rounds, found 3$"):
        experiments.Settings(rounds=3)


def test_nothing_to_compare_is_refused():
    with pytest.raises(
        ValueError, match=r"wanted guides, seeders or crf_rows .* found none"
    ):
        experiments.Settings(guides=())
    for chosen in ({"seeders": ("guided",)}, {"crf_rows": ("plain",)}):
        assert experiments.Settings(guides=(), **chosen).guides == ()


def write_scores(work_dir, guide, miou, crf=None):
    folder = work_dir / "evaluation"
    guide_scores = {
        "miou": 0.5, "iou": {"background": 1.0}, "images": 4, "ignored": 0.1,
        "fg": {"precision": 0.7, "recall": 0.6},
        "bg": {"precision": 0.8, "recall": 0.9},
    }  # fmt: skip
    artifacts.write_json(folder / f"guides_{guide}.json", guide_scores)
    scores = {"miou": miou, "iou": {"background": miou}, "images": 3}
    artifacts.write_json(folder / f"segmenter_{guide}.json", scores)
    if crf is not None:
        path = folder / f"segmenter_{guide}_crf.json"
        artifacts.write_json(path, {**scores, "miou": crf})


def summarized(work_dir, found):
    records = ledger.Ledger(work_dir)
    for stage in found:
        records.write(stage.name, seconds=1.26, done=True)
    return experiments.summarize(work_dir, found)


def test_the_summary_says_what_g2_reaches_of_full(tmp_path):
    write_scores(tmp_path, "g2", 0.4, crf=0.45)
    write_scores(tmp_path, "full_supervision", 0.5, crf=0.6)
    summary = summarized(tmp_path, plan("g2", "full_supervision", crf=True))
    assert summary["guides"]["g2"] == {
        "miou": 0.5,
        "fg": {"precision": 0.7, "recall": 0.6},
        "bg": {"precision": 0.8, "recall": 0.9},
        "ignored": 0.1,
        "images": 4,
    }
    assert summary["full_supervision"] == {
        "miou": 0.5,
        "images": 3,
        "miou_crf": 0.6,
    }
    assert summary["segmenters"]["g2"]["miou"] == 0.4
    assert summary["percent_of_full_supervision"] == pytest.approx(80)
    assert summary["seconds"]["train_seeder"] == 1.3
    assert summary == artifacts.read_json(tmp_path / "summary.json")


def test_intervals_and_paired_differences_reach_the_summary(tmp_path):
    union = np.arange(1, 6)[:, None] * np.array([100, 40])
    for guide, miou in (
        ("seeds_only", 0.25),
        ("g2", 0.5),
        ("full_supervision", 0.75),
    ):
        write_scores(tmp_path, guide, miou, crf=miou)
        areas = mean_iou.Areas((miou * union).astype(int), union, 0 * union)
        for kind in ("", "_crf"):
            path = tmp_path / "evaluation" / f"segmenter_{guide}{kind}.json"
            ends = {"miou_interval": [miou, miou + 0.1]}
            artifacts.write_json(path, {**artifacts.read_json(path), **ends})
            image_areas.write(path, list("abcde"), areas)
    found = plan("seeds_only", "g2", "full_supervision", crf=True)
    summary = summarized(tmp_path, found)
    assert summary["segmenters"]["g2"] == {
        "miou": 0.5,
        "miou_interval": [0.5, 0.6],
        "images": 3,
        "miou_crf": 0.5,
        "miou_crf_interval": [0.5, 0.6],
    }
    for key in ("miou", "miou_crf"):
        gain = summary["paired"][key]["g2"]["over_seeds_only"]
        assert gain == {"difference": 0.25, "interval": [0.25, 0.25]}
        share = summary["paired"][key]["g2"]["of_full_supervision"]
        assert share["percent"] == pytest.approx(200 / 3)


def test_scores_without_areas_are_summarized_without_intervals(tmp_path):
    write_scores(tmp_path, "g2", 0.4)
    summary = summarized(tmp_path, plan("g2"))
    assert summary["paired"] == {"miou": {}, "miou_crf": {}}
    assert summary["segmenters"]["g2"] == {"miou": 0.4, "images": 3}


def test_a_summary_without_full_has_no_percentage(tmp_path):
    write_scores(tmp_path, "g2", 0.4)
    summary = summarized(tmp_path, plan("g2"))
    assert summary["full_supervision"] is None
    assert summary["percent_of_full_supervision"] is None


def test_a_missing_score_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*guides_g2.json"):
        experiments.evaluations(tmp_path, plan("g2"))


def test_the_summary_does_not_depend_on_the_folder(bin_dir, tmp_path):
    found = plan("g2", "full_supervision")
    summaries = []
    for name in ("work_a", "work_b"):
        runner.run(found, tmp_path / name, bin_dir)
        summaries.append(experiments.summarize(tmp_path / name, found))
        summaries[-1].pop("seconds")
    assert summaries[0] == summaries[1]
    assert summaries[0]["full_supervision"]["miou"] > 0


def run_experiment(bin_dir, work_dir, *flags, **environment):
    for name in ("_environment.py", "run_experiment"):
        shutil.copy(ROOT / "bin" / name, bin_dir)
    return subprocess.run(
        [
            sys.executable,
            bin_dir / "run_experiment",
            f"--work_dir={work_dir}",
            *flags,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_binary_resumes_after_a_kill_and_reports(bin_dir, tmp_path):
    flags = (
        "--guides=seeds_only,full_supervision",
        "--seed=3",
        "--seeds_args='--b=x y'",
    )
    work_dir = tmp_path / "work_killed"
    killed = run_experiment(
        bin_dir, work_dir, *flags, DIE_AFTER="segment_images"
    )
    assert killed.returncode == -9
    done = run_experiment(bin_dir, work_dir, *flags)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("done before") == 5
    assert f"report: {work_dir}/report.html" in done.stdout
    assert "<img" in (work_dir / "report.html").read_text()
    summary = json.loads((work_dir / "summary.json").read_text())
    assert "--seed=3" in summary["settings"]["train_seeder"]
    assert "'--b=x y'" in summary["settings"]["make_seeds"]
    assert "--seed=3" not in summary["settings"]["make_seeds"]


def test_the_second_round_is_reported_beside_the_first(bin_dir, tmp_path):
    found = plan("g1", "g2", rounds=2)
    runner.run(found, tmp_path / "work", bin_dir)
    summary = experiments.summarize(tmp_path / "work", found)
    for kind in ("guides", "segmenters"):
        assert list(summary[kind]) == ["g1", "g2", "g2_round2"]
    train, val = (
        synthetic.source(name, num_images=1) for name in ("train", "val")
    )
    path = experiments.write_report(tmp_path / "work", found, train, val)
    assert "<b>G2, round 2</b>" in path.read_text()


def test_the_binary_refuses_flags_that_would_do_nothing(bin_dir, tmp_path):
    done = run_experiment(bin_dir, tmp_path / "work", "--split=val")
    assert done.returncode == 1
    assert "error: --split differs from stage to stage" in done.stderr
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        (
            "--segmenter_args=--typo",
            "error: stage train_segmenter_g2 would fail: error: no --typo",
        ),
        ("--val_split=vall", "error: wanted a split among train, val, test, "),
    ],
)
def test_a_mistake_in_a_late_stage_is_told_at_once(
    bin_dir, tmp_path, flag, told
):
    done = run_experiment(bin_dir, tmp_path / "work", "--guides=g2", flag)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(told)
    assert not (tmp_path / "work").exists()


@pytest.mark.parametrize("crf", [False, True])
def test_the_report_shows_the_images_of_both_splits(tmp_path, crf):
    found = plan("g2", "full_supervision", crf=crf)
    train, val = (
        synthetic.source(name, num_images=2) for name in ("train", "val")
    )
    for guide in ("g2", "full_supervision"):
        write_scores(tmp_path, guide, 0.5, crf=0.5 if crf else None)
        for source, folder in (
            (train, f"guides/{guide}"),
            (val, f"predictions/{guide}"),
            (val, f"predictions/{guide}/crf"),
        ):
            for image_id in source.image_ids:
                path = tmp_path / folder / f"{image_id}.png"
                artifacts.write_label_map(path, source.label_map(image_id))
    for image_id in train.image_ids:
        artifacts.write_label_map(
            tmp_path / "seeds" / f"{image_id}.png", train.label_map(image_id)
        )
        artifacts.write_saliency_map(
            tmp_path / "saliency_maps" / f"{image_id}.png",
            np.ones(synthetic.SIZE),
        )
    summarized(tmp_path, found)
    path = experiments.write_report(tmp_path, found, train, val)
    assert path == tmp_path / "report.html"
    shown = 2 * 5 + 2 * 4 + (2 * 2 if crf else 0)
    assert path.read_text().count("<img") == shown


def test_the_report_shows_matrices_and_where_g2_is_best_and_worst(tmp_path):
    found = plan("g2")
    train, val = (
        synthetic.source(name, num_images=4) for name in ("train", "val")
    )
    write_scores(tmp_path, "g2", 0.5)
    nothing = np.zeros(synthetic.SIZE, np.uint8)
    for source, folder, kind in (
        (train, "guides", "guides"),
        (val, "predictions", "segmenter"),
    ):
        for image_id in source.image_ids:
            path = tmp_path / folder / "g2" / f"{image_id}.png"
            artifacts.write_label_map(path, nothing)
            artifacts.write_label_map(
                tmp_path / "seeds" / f"{image_id}.png", nothing
            )
            artifacts.write_saliency_map(
                tmp_path / "saliency_maps" / f"{image_id}.png", nothing
            )
        counts = folders.count(source, tmp_path / folder / "g2")
        scores = tmp_path / "evaluation" / f"{kind}_g2.json"
        image_areas.write(scores, source.image_ids, counts.areas)
        scores.with_suffix(".png").write_bytes(b"drawn")
    summarized(tmp_path, found)
    path = experiments.write_report(tmp_path, found, train, val, num_strips=2)
    page = path.read_text()
    assert page.count("Where G2 is best") == 2
    assert page.count("Where G2 is worst") == 2
    assert page.count("<img") == 6 * 5 + 6 * 3 + 1
    assert base64.b64encode(b"drawn").decode() in page


def test_seeders_get_a_network_each_and_gradients_share_one():
    found = plan(seeders=("gap_roi", "vanilla", "guided", "center_mean_shape"))
    assert names(found) == [
        "train_seeder_gap_roi",
        "train_seeder_vgg16",
        "evaluate_seeds_gap_roi",
        "evaluate_seeds_vanilla",
        "evaluate_seeds_guided",
        "evaluate_seeds_center_mean_shape",
    ]
    needs = {stage.name: stage.needs for stage in found}
    assert needs["evaluate_seeds_gap_roi"] == ("train_seeder_gap_roi",)
    assert needs["evaluate_seeds_guided"] == ("train_seeder_vgg16",)
    assert needs["evaluate_seeds_center_mean_shape"] == ()


def test_flags_reach_the_seeders_they_are_meant_for():
    more = {
        "seeder": ("--a=1",),
        "vgg16": ("--b=2",),
        "evaluate_seeds": ("--c=3",),
        "data": ("--d=4",),
    }
    found = plan(
        seeders=("gap_lowres", "excitation", "center_mean_shape"),
        train_split="trainaug",
        more=more,
    )
    commands = {stage.name: stage.command for stage in found}
    assert commands["train_seeder_vgg16"] == (
        "train_seeder", "--d=4", "--split=trainaug", "--seeder=vgg16",
        "--work_dir={work_dir}/seeders/vgg16", "--a=1", "--b=2",
    )  # fmt: skip
    assert "--b=2" not in commands["train_seeder_gap_lowres"]
    assert commands["evaluate_seeds_excitation"] == (
        "evaluate_seeds", "--d=4", "--split=val", "--seeder=excitation",
        "--seeder_dir={work_dir}/seeders/vgg16",
        "--output={work_dir}/evaluation/seeds_excitation.json", "--c=3",
    )  # fmt: skip
    assert "--seeder=cam" in commands["evaluate_seeds_gap_lowres"]
    shape = commands["evaluate_seeds_center_mean_shape"]
    assert "--shape_split=trainaug" in shape
    assert not [flag for flag in shape if "seeder_dir" in flag]


def test_the_binary_writes_table_1_and_figure_3(bin_dir, tmp_path):
    work_dir = tmp_path / "work"
    seeders = "--seeders=gap_highres,guided,center_mean_shape"
    done = run_experiment(bin_dir, work_dir, "--guides=", seeders)
    assert done.returncode == 0, done.stderr
    summary = json.loads((work_dir / "summary.json").read_text())
    found = summary["seeders"]
    assert list(found) == ["gap_highres", "guided", "center_mean_shape"]
    assert found["gap_highres"]["mp"] == found["gap_highres"]["map"] > 0
    assert found["center_mean_shape"]["map"] is None
    assert "GAP-HighRes" in done.stdout
    assert "80.7" in done.stdout
    assert (work_dir / "figure_3.png").read_bytes()[1:4] == b"PNG"
    page = (work_dir / "report.html").read_text()
    assert "Seeders compared" in page
    assert "<p>Seeders, compared as in Oh et al." in page
    assert "Guides compared" not in page
    assert page.count("data:image/png") == 1


def test_the_binary_writes_tables_4_and_5(bin_dir, tmp_path):
    rows = "--crf_rows=loss_v1,post_v1"
    done = run_experiment(bin_dir, tmp_path / "work", "--guides=", rows)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "work/summary.json").read_text())
    found = summary["crf_rows"]["gap_highres"]
    assert list(found) == ["loss_v1", "post_v1"]
    assert "crf-postproc" in done.stdout
    assert "46.4" in done.stdout
    page = (tmp_path / "work/report.html").read_text()
    assert "CRFs against saliency" in page
    assert "<p>CRFs and saliency, compared as in Oh et al." in page
    assert "Guides compared" not in page
