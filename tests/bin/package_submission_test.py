"""bin/package_submission: its flags and bad input."""

import tarfile

from binary_calls import calling, stand_in
from damaged_data import IDS, error_of

from guided_segmentation.datasets import pascal_voc, schema
from guided_segmentation.evaluation import submission


def test_flags_reach_what_package_submission_calls(capsys):
    source = schema.Source(
        name="voc", image_ids=tuple(map(str, range(1456))), image=str
    )
    with calling(
        "package_submission",
        stand_in(pascal_voc, "source", source),
        stand_in(submission, "write"),
        data_dir="/d",
        split="few",
        predictions_dir="/p",
        output="/o.tgz",
    ) as (read, write):
        pass
    assert read.call_args.args == ("/d", "few")
    assert write.call_args.args == (source, "/p", "/o.tgz")
    assert capsys.readouterr().err == (
        "done: label maps of 1456 images are in /o.tgz, as competition comp6 "
        "of VOC's server takes them\n"
    )


def test_the_test_split_is_packed(launcher, voc, tmp_path):
    voc.write_list(*IDS)
    lists = voc.root / "ImageSets" / "Segmentation"
    (lists / "train.txt").rename(lists / "test.txt")
    given = (
        f"--data_dir={voc.root}",
        f"--predictions_dir={voc.root}/SegmentationClassAug",
        f"--output={tmp_path}/comp6.tar.gz",
    )
    done = launcher.run("package_submission", *given)
    assert done.returncode == 0, done.stderr
    assert (
        "warning: wanted the 1456 images of VOC 2012's test split, found 2 in "
        "pascal_voc/test; the server scores complete submissions alone\n"
    ) in done.stderr
    with tarfile.open(tmp_path / "comp6.tar.gz") as archive:
        assert len(archive.getnames()) == 2


def test_another_ending_of_the_archive_is_refused(launcher, voc, tmp_path):
    done = launcher.run(
        "package_submission",
        f"--data_dir={voc.root}",
        "--predictions_dir=/p",
        f"--output={tmp_path}/comp6.zip",
    )
    assert error_of(done) == (
        f"error: --output: wanted a name in .tar.gz or .tgz, found "
        f"{tmp_path}/comp6.zip"
    )
