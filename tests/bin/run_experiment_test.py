"""bin/run_experiment: its flags."""

from unittest import mock

import programs
from binary_calls import FEW, calling, stand_in

from guided_segmentation import (
    experiments,
)
from guided_segmentation.experiments import runner, table_1, table_4_5
from guided_segmentation.report import table_2


def test_flags_reach_what_run_experiment_calls(tmp_path, capsys):
    with calling(
        "run_experiment",
        stand_in(runner, "check_flags"),
        stand_in(runner, "run"),
        stand_in(
            experiments,
            "summarize",
            {
                "guides": {"g2": {}},
                "seeders": {"gap_roi": {}},
                "crf_rows": {"gap_roi": {}},
            },
        ),
        stand_in(table_1, "table", "table 1"),
        stand_in(table_4_5, "table", "tables 4 and 5"),
        stand_in(table_2, "text", "the table"),
        stand_in(experiments, "write_report", "the report"),
        **FEW,
        work_dir=str(tmp_path),
        guides="g2",
        seeders="gap_roi",
        crf_rows="loss_v1",
        crf_seeders="gap_lowres",
        saliency_dataset="msra",
        saliency_data_dir="/m",
        report="true",
        train_split="test",
        val_split="train",
        width_multiplier="0.5",
        guide_crf="custom-5-50-10",
        crf="true",
        rounds="2",
        second_guide="seeds_only",
        reuse_from="/r",
        segmenter_args="--num_steps=3 --seed=4",
    ) as (check_flags, run, summarize, *_, write_report):
        pass
    plan, work_dir, bin_dir, reuse_from = run.call_args.args
    assert (work_dir, reuse_from) == (tmp_path, "/r")
    asked = check_flags.call_args.args[0]
    assert {*plan} - {*asked} == {x for x in plan if "evaluate_" in x.name}
    assert bin_dir == programs.ROOT / "bin"
    commands = {stage.name: stage.command for stage in plan}
    assert {"--dataset=msra", "--data_dir=/m"} < {*commands["train_saliency"]}
    assert "--guide_crf=custom-5-50-10" in commands["make_guides_g2"]
    wanted = {
        "--width_multiplier=0.5",
        "--num_steps=3",
        "--seed=4",
        "--split=test",
    }
    assert wanted < {*commands["train_segmenter_g2"]}
    assert "--split=test" in commands["train_seeder_gap_roi"]
    assert "evaluate_segmenter_gap_lowres_loss_v1" in commands
    assert "--guide=seeds_only" in commands["train_segmenter_g2_round2"]
    crf_dir = "--crf_dir={work_dir}/predictions/g2/crf"
    assert {crf_dir, "--split=train"} < {*commands["segment_images_g2"]}
    assert summarize.call_args == mock.call(tmp_path, plan)
    train, val = write_report.call_args.args[2:]
    assert (train.name, val.name) == ("synthetic/test", "synthetic/train")
    assert capsys.readouterr().out == (
        "table 1\ntables 4 and 5\nthe table\nreport: the report\n"
    )
