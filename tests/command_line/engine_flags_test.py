"""Flags of where images are made."""

import functools
import os
from unittest import mock

import pytest
import ray_work
from absl.testing import flagsaver

from guided_segmentation import artifacts, engines
from guided_segmentation.command_line import actors, engine_flags
from guided_segmentation.errors import InputError

SOURCE = ray_work.source(["a", "b"])


def missing_from(folder):
    return lambda image_ids: artifacts.missing(image_ids, folder)


def test_the_local_engine_is_called_once_with_all_images():
    work = engines.Work(SOURCE, mock.Mock(return_value={"a": "bad"}))
    assert engine_flags.make(work, None, "/o") == {"a": "bad"}
    work.make.assert_called_once_with(SOURCE)
    work = engines.Work(SOURCE, lambda images: None)
    assert engine_flags.make(work, None, "/o") == {}


def test_flags_reach_the_cluster_and_its_actors(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/somewhere/make_seeds", "--x"])
    folder = tmp_path / "maps"

    def make(opener, image_ids, cluster, take):
        assert image_ids == ["a", "b"]
        assert folder.is_dir()
        artifacts.write_label_map(folder / "a.png", ray_work.label_map("a"))
        take(engines.Row("a", "", 0.5))
        return {"b": "unreadable"}

    rows = []
    with (
        flagsaver.as_parsed(
            engine="ray",
            ray_address="head:6379",
            min_actors="2",
            max_actors="5",
            cpus_per_actor="4",
            gpus_per_actor="0.5",
        ),
        mock.patch.object(engines, "make", side_effect=make) as called,
    ):
        engine_flags.check()
        errors = engine_flags.make(
            engines.Work(SOURCE, mock.Mock()),
            missing_from(folder),
            str(folder),
            ["photos"],
            rows.append,
        )
    assert errors == {"b": "unreadable"}
    assert rows == [engines.Row("a", "", 0.5)]
    opener, _, cluster, _ = called.call_args.args
    assert cluster == engines.Cluster(
        address="head:6379",
        min_actors=2,
        max_actors=5,
        cpus_per_actor=4,
        gpus_per_actor=0.5,
    )
    assert isinstance(opener, functools.partial)
    assert opener.func is actors.open_work
    binary, arguments, here, output_dir = opener.args
    assert (binary, here, output_dir) == (
        "make_seeds",
        os.getcwd(),
        str(folder),
    )
    assert {"--engine=ray", "--cpus_per_actor=4", "photos"} <= {*arguments}


def test_files_that_are_not_seen_here_are_told(tmp_path):
    with (
        flagsaver.as_parsed(engine="ray"),
        mock.patch.object(engines, "make", return_value={"b": "unreadable"}),
        pytest.raises(
            InputError,
            match=r"maps: wanted the files of 2 images, 1 are not there, the "
            r"first is that of 'a'; give a folder that all machines of the "
            r"cluster see$",
        ),
    ):
        engine_flags.make(
            engines.Work(SOURCE, mock.Mock()),
            missing_from(tmp_path),
            str(tmp_path / "maps"),
        )


@pytest.mark.parametrize(
    "flag",
    [
        "ray_address",
        "min_actors",
        "max_actors",
        "cpus_per_actor",
        "gpus_per_actor",
    ],
)
def test_flags_of_a_cluster_go_with_it(flag):
    with (
        flagsaver.as_parsed(**{flag: "3"}),
        pytest.raises(
            InputError,
            match=rf"^--{flag}=3(\.0)?: wanted --engine=ray beside it, found "
            rf"--engine=local$",
        ),
    ):
        engine_flags.check()


def test_there_are_no_fewer_actors_at_most_than_at_least():
    with (
        flagsaver.as_parsed(engine="ray", min_actors="3", max_actors="2"),
        pytest.raises(
            InputError,
            match=r"^--max_actors=2: wanted no fewer than --min_actors, found "
            r"3$",
        ),
    ):
        engine_flags.check()


def test_images_that_could_not_be_made_end_a_binary():
    engine_flags.require_all({})
    with pytest.raises(InputError) as caught:
        engine_flags.require_all({str(i): f"line {i}" for i in range(22)})
    first, *lines, last = str(caught.value).splitlines()
    assert first == (
        "22 images could not be made; all others are done. Repair or remove "
        "these and run the same command again:"
    )
    assert lines == [f"line {i}" for i in range(20)]
    assert last == "and 2 more"
