"""Segmenters of a server, over REST and gRPC, beside the network itself."""

import dataclasses
import socket
import sys
from concurrent import futures

import numpy as np
import programs
import pytest
from absl.testing import flagsaver
from served_models import both_apis, photograph, served

from guided_segmentation import artifacts
from guided_segmentation.serving import client
from guided_segmentation.serving.client import connection

SIZES = ((37, 53), (64, 41), (50, 50))


def segment(photographs, output_dir, **given):
    """Runs bin/segment_images; returns the files it wrote, by name."""
    with (
        programs.loaded("segment_images") as program,
        flagsaver.as_parsed(
            dataset="folder",
            data_dir=str(photographs),
            output_dir=str(output_dir),
            **given,
        ),
    ):
        program.main(["segment_images"])
    return {
        path.relative_to(output_dir).as_posix(): path.read_bytes()
        for path in output_dir.rglob("*.png")
    }


@pytest.fixture(scope="module")
def local(run_dir, photographs, tmp_path_factory):
    """What the network itself writes: everything, and what is present."""
    folder = tmp_path_factory.mktemp("local")
    return {
        form: segment(
            photographs,
            folder / form,
            segmenter_dir=str(run_dir),
            **forms(photographs, folder)[form],
        )
        for form in ("everything", "only_present")
    }


def forms(photographs, folder):
    """Flags by form: label maps with and without a CRF, and of some classes."""
    return {
        "everything": {"crf_dir": str(folder / "everything" / "crf")},
        "only_present": {
            "only_present": "true",
            "image_labels": f"csv:{photographs}/labels.csv",
        },
    }


@both_apis
@pytest.mark.parametrize("form", ["everything", "only_present"])
def test_a_server_segments_as_the_network_does(
    ports, photographs, local, tmp_path, api, form
):
    found = segment(
        photographs,
        tmp_path / form,
        server=f"127.0.0.1:{ports[api]}",
        server_api=api,
        server_model="thin",
        server_version="1",
        **forms(photographs, tmp_path)[form],
    )
    assert found == local[form]


def test_every_photograph_has_a_label_map_of_classes(local):
    assert local["everything"].keys() == {
        f"{folder}{index}.png" for folder in ("", "crf/") for index in range(3)
    }
    classes = set()
    for index, size in enumerate(SIZES):
        label_map = artifacts.decode_label_map(
            local["everything"][f"{index}.png"]
        )
        assert label_map.shape == size
        classes |= set(label_map.flat)
    assert len(classes) > 1


@both_apis
def test_several_threads_may_ask_at_once(ports, api):
    predict = client.connect(served(ports, api), 4)
    images = [photograph(20 + index, 25) for index in range(4)]
    with futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(predict, images))
    for image, each in zip(images, found, strict=True):
        assert each.dtype == np.float32
        np.testing.assert_allclose(each.sum(-1), 1, atol=1e-5)
        np.testing.assert_allclose(each, predict(image), atol=1e-6)


@both_apis
def test_a_server_that_is_busy_twice_is_asked_a_third_time(ports, hasty, api):
    """It answers every third request, so that two may be sent again."""
    impatient, lucky, patient = (
        client.connect(served(ports, api, "busy-thin", retries=retries), 4)
        for retries in (1, 0, 2)
    )
    image = photograph(9, 8)
    with pytest.raises(
        ConnectionError, match=r"wanted a server that answers, found .*busy"
    ):
        impatient(image)
    assert lucky(image).shape == (1, 9, 8, 4)
    assert patient(image).shape == (1, 9, 8, 4)


@both_apis
def test_a_late_answer_is_a_timeout_error(ports, api):
    model = served(ports, api, "hanging-thin", timeout_s=0.3)
    with pytest.raises(
        TimeoutError,
        match=r"within 0.3 s, found none; raise --server_timeout$",
    ):
        _ask_quickly(model)


def _ask_quickly(model):
    """Metadata may take their time, where the machine is busy."""
    patient = dataclasses.replace(model, timeout_s=60.0)
    client.connect(patient, 4)
    connection._api(model.api).Client(model).probabilities(b"never read")


@both_apis
def test_an_unreachable_server_is_named_with_a_remedy(api):
    with socket.socket() as bound:  # Bound, but not listening.
        bound.bind(("127.0.0.1", 0))
        ports = {api: bound.getsockname()[1]}
        with pytest.raises(
            ConnectionError,
            match=rf"^model 'thin' at 127.0.0.1:\d+ \({api}\): wanted a server "
            rf"that answers, found nobody listening.*; start TensorFlow "
            rf"Serving, or give its {api} port as --server$",
        ):
            client.connect(served(ports, api), 4)


@both_apis
@pytest.mark.parametrize(("model", "version"), [("thick", None), ("thin", 7)])
def test_an_absent_model_is_named(ports, api, model, version):
    with pytest.raises(
        ValueError,
        match=rf"^model '{model}'.*: wanted a served model, found none of that "
        r"name and version; give the server's as --server_model",
    ):
        client.connect(served(ports, api, model, version=version), 4)


@both_apis
def test_a_model_that_is_loading_is_a_connection_error(ports, api):
    with pytest.raises(
        ConnectionError,
        match=r"wanted a version that is AVAILABLE, found LOADING; wait until",
    ):
        client.connect(served(ports, api, "loading-thin"), 4)


@both_apis
def test_a_seeder_does_not_segment(ports, api):
    with pytest.raises(
        ValueError,
        match=r"^model 'seeder'.*: wanted a segmenter.* found image_bytes, "
        r"image_labels to logits, score_maps, seeds; serve what "
        r"bin/export_model --what=segmenter or guided writes$",
    ):
        client.connect(served(ports, api, "seeder"), 4)


@both_apis
def test_a_segmenter_of_other_classes_is_refused(ports, api):
    with pytest.raises(
        ValueError,
        match=r"wanted the 21 classes of the data set, background included, "
        r"found 4; give the --dataset .* class_names.txt$",
    ):
        client.connect(served(ports, api), 21)


@both_apis
def test_a_photograph_too_long_for_a_request_is_named(
    ports, photographs, tmp_path, api
):
    with pytest.raises(
        ValueError,
        match=r"^image '0': wanted a request of at most 1000 bytes, found "
        r"\d{4}; raise --server_max_bytes if the server accepts it, or shr",
    ):
        segment(
            photographs,
            tmp_path,
            server=f"127.0.0.1:{ports[api]}",
            server_api=api,
            server_model="thin",
            server_max_bytes="1000",
        )
    assert not list(tmp_path.glob("*.png"))


@both_apis
def test_an_answer_without_probabilities_is_refused(ports, api):
    predict = client.connect(served(ports, api, "silent-thin"), 4)
    with pytest.raises(ValueError, match=r"found 'an answer without numbers'"):
        predict(photograph(9, 8))


@both_apis
def test_a_refusal_quotes_the_server(ports, api):
    asked = connection._api(api).Client(served(ports, api, retries=9))
    with pytest.raises(
        ValueError, match=r"found '.*Unknown image file format.*server's log$"
    ):
        asked.probabilities(b"no image")


@both_apis
def test_an_answer_of_another_size_is_refused(ports, api, monkeypatch):
    predict = client.connect(served(ports, api), 4)
    other = artifacts.encode_image(photograph(5, 6)[0])
    monkeypatch.setattr(artifacts, "encode_image", lambda _: other)
    with pytest.raises(
        ValueError,
        match=r"wanted probabilities \(1, 9, 8, 4\), found \(1, 5, 6, 4\)",
    ):
        predict(photograph(9, 8))


@both_apis
@pytest.mark.parametrize("module", ["requests", "grpc"])
def test_a_missing_extra_is_named(monkeypatch, api, module):
    name = f"guided_segmentation.serving.client.{connection.APIS[api]}"
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    if (api, module) not in (("rest", "requests"), ("grpc", "grpc")):
        connection._api(api)
        return
    with pytest.raises(
        ValueError,
        match=rf"^--server_api={api}: wanted the package {module}, "
        r"found none; pip install 'guided_segmentation\[serving\]'$",
    ):
        connection._api(api)
