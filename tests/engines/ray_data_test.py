"""Ray Data on a cluster of two nodes, which lose processes on the way.

One story, since a cluster takes long to start: a driver is killed, another
goes on; meanwhile a node and some actors die.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import types

import programs
import pytest
import ray_clusters
import ray_work

from guided_segmentation import artifacts, engines
from guided_segmentation.datasets import synthetic
from guided_segmentation.engines import ray_data
from guided_segmentation.errors import InputError

pytestmark = pytest.mark.filterwarnings("ignore")  # Those of Ray.
BAD = ray_work.Bad(
    broken="image_20",
    mistaken="image_21",
    kills_once="image_22",
    kills="image_23",
)
UNMADE = {"image_20", "image_21", "image_23"}
_PATIENCE_S = 300


@pytest.fixture(scope="module")
def cluster():
    with ray_clusters.two_nodes() as started:
        yield started


@pytest.fixture(scope="module")
def story(cluster, tmp_path_factory):
    """What two drivers made of the images, the first of which was killed."""
    folder = tmp_path_factory.mktemp("run") / "maps"
    folder.mkdir()
    _kill_a_driver(cluster.address, folder)
    before = _times(folder)
    killer = threading.Thread(
        target=_remove_node, args=(cluster, folder), daemon=True
    )
    killer.start()
    rows = []
    errors = engines.make(
        ray_work.opener(folder, BAD, seconds=0.3),
        artifacts.missing(ray_work.IDS, folder),
        engines.Cluster(address=cluster.address, max_actors=2),
        rows.append,
    )
    killer.join()
    return types.SimpleNamespace(
        folder=folder, before=before, rows=rows, errors=errors
    )


def _kill_a_driver(address, folder):
    """Starts a driver, and kills it when it has made some images."""
    driver = subprocess.Popen(
        [sys.executable, ray_work.__file__, address, folder]
    )
    _wait_for(folder, 4)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    time.sleep(1)  # Its actors end when the cluster notices.


def _remove_node(cluster, folder):
    """Removes a node, with all its processes, when more images are made."""
    _wait_for(folder, len(_times(folder)) + 3)
    (node,) = cluster.worker_nodes
    cluster.remove_node(node, allow_graceful=False)


def _wait_for(folder, count):
    end = time.monotonic() + _PATIENCE_S
    while len(_times(folder)) < count:
        assert time.monotonic() < end, "the cluster makes nothing"
        time.sleep(0.1)


def _times(folder):
    """When each file of the folder was written, by name."""
    return {each.name: each.stat().st_mtime_ns for each in folder.glob("*.png")}


def test_every_image_is_there_once_and_as_the_local_engine_writes_it(
    story, tmp_path
):
    ray_work.opened(str(tmp_path))(list(ray_work.IDS))
    wanted = {
        path.name: path.read_bytes()
        for path in tmp_path.iterdir()
        if path.stem not in UNMADE
    }
    found = {path.name: path.read_bytes() for path in story.folder.glob("*")}
    assert found == wanted


def test_a_second_driver_makes_what_the_first_had_not(story):
    assert 4 <= len(story.before) < len(ray_work.IDS) - len(UNMADE)
    after = _times(story.folder)
    assert {name: after[name] for name in story.before} == story.before


def test_each_image_has_one_row(story):
    told = [row.image_id for row in story.rows]
    assert len(set(told)) == len(told)
    made = {f"{each}.png" for each in told} - story.before.keys()
    assert made >= _times(story.folder).keys() - story.before.keys()


def test_bad_images_are_named(story):
    assert story.errors == {
        "image_20": "InputError: image 'image_20' is unreadable",
        "image_21": "TypeError: an unforeseen shape",
        "image_23": "image 'image_23': its process died each time, perhaps for "
        "lack of memory; give it more by fewer actors on a machine, or resize "
        "the photograph",
    }


def test_an_image_whose_process_dies_is_tried_again(story):
    lines = story.folder.with_name("killed").read_text().splitlines()
    tries = [line.split()[0] for line in lines]
    assert tries.count("image_22") == 1
    assert 2 <= tries.count("image_23") <= 4


def test_a_binary_writes_the_bytes_of_the_local_engine(
    story, cluster, launcher, tmp_path
):
    """After the story: one node is left."""
    objects = list(synthetic.LABEL_SET.objects)
    programs.write_seeder(tmp_path / "run", objects)
    engine = ("--engine=ray", f"--ray_address={cluster.address}")
    made = {}
    for name, flags in (("local", ()), ("ray", engine)):
        done = launcher.run(
            "make_seeds",
            "--num_images=3",
            "--prediction_batch_size=1",
            f"--seeder_dir={tmp_path}/run",
            f"--output_dir={tmp_path}/{name}",
            f"--score_maps_dir={tmp_path}/{name}_maps",
            *flags,
        )
        assert done.returncode == 0, done.stderr
        made[name] = {
            path.relative_to(tmp_path / folder): path.read_bytes()
            for folder in (name, f"{name}_maps")
            for path in (tmp_path / folder).iterdir()
            if path.suffix != ".json"
        }
    assert len(made["local"]) == 6
    assert made["ray"] == made["local"]


def test_nothing_to_do_starts_nothing():
    assert engines.make(None, [], engines.Cluster(address="nowhere:1")) == {}


@pytest.mark.parametrize(
    ("cluster_", "told"),
    [
        (
            {"address": "ray://head:10001"},
            "^--ray_address: wanted host:port or auto, found ray://head:10001",
        ),
        (
            {"address": "127.0.0.1:1"},
            "^--ray_address=127.0.0.1:1: wanted the host:port of a Ray head, "
            "found none there .*; start one by `ray start --head`$",
        ),
        (
            {"address": "head"},
            "^--ray_address=head: wanted the host:port of a Ray head, ",
        ),
        (
            {"cpus_per_actor": 10_000},
            "^--cpus_per_actor=10000: wanted no more than the cores of this "
            "machine, found ",
        ),
    ],
)
def test_a_cluster_that_cannot_be_is_told_before_ray_starts(
    monkeypatch, cluster_, told
):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(InputError, match=told):
        engines.make(None, ["a"], engines.Cluster(**cluster_))


def test_a_missing_extra_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        InputError,
        match=r"^--engine=ray: wanted the package ray, found none; pip install "
        r"'guided_segmentation\[cluster\]'$",
    ):
        engines.make(None, ["a"], engines.Cluster())


@pytest.mark.parametrize(
    ("images", "actors", "wanted"),
    [(1, 1, 1), (24, 2, 3), (10_582, 8, 16), (1_000_000, 64, 100)],
)
def test_blocks_are_small_but_not_too_many(images, actors, wanted):
    assert ray_data._block_images(images, actors) == wanted


def test_an_actor_keeps_to_its_cores_and_its_part_of_a_gpu():
    limits = ray_data._limits(3, 0.5)
    assert limits["TF_NUM_INTRAOP_THREADS"] == "3"
    assert limits["OMP_NUM_THREADS"] == "3"
    assert limits["TF_FORCE_GPU_ALLOW_GROWTH"] == "true"
    assert "TF_FORCE_GPU_ALLOW_GROWTH" not in ray_data._limits(3, 1.0)


def test_an_error_of_an_actor_at_its_start_is_the_users():
    error = RuntimeError(
        "The actor died:\n  File 'x'\n"
        "guided_segmentation.errors.InputError: /o: wanted a folder\n"
    )
    assert str(ray_data._told(error)) == "/o: wanted a folder"
    other = RuntimeError("The node died")
    assert ray_data._told(other) is other
