from benchmark_samples import SCENES, SMALL

from guided_segmentation import artifacts, segmenter
from guided_segmentation.benchmarks import predict_suite
from guided_segmentation.networks import batches


def test_the_pipeline_is_measured_between_network_and_plain_version():
    found = predict_suite.measure(SCENES, SMALL)
    parts = ["bare", "pipeline", "one_by_one"]
    assert list(found["images_per_second"]) == parts
    assert list(found["cpu_ms"]) == parts
    assert min(found["cpu_ms"].values()) > 0
    assert {len(each) for each in found["measurements"].values()} == {2}
    assert found["batch_size"] == batches.default_size()
    ratio = found["pipeline_to_bare"]
    pairs = zip(*map(found["measurements"].get, parts[1::-1]), strict=True)
    ratios = sorted(pipeline / bare for pipeline, bare in pairs)
    assert ratios[0] <= ratio <= ratios[-1]


def test_all_parts_see_the_same_files(tmp_path):
    files = predict_suite._on_disk(SCENES, tmp_path / "files")
    for image_id in SCENES.image_ids:
        path = files.photograph(image_id)
        image = SCENES.image(image_id).astype(int)
        assert (artifacts.read_image(path) == files.image(image_id)).all()
        assert abs(files.image(image_id) - image).mean() < 10


def test_the_plain_version_writes_the_pipelines_label_maps(tmp_path):
    """In batches of one, bit for bit."""
    network, trained = predict_suite.segmenters.load(SCENES, SMALL, "float32")
    plain = predict_suite.prediction.as_trained(network, trained)
    predict_suite._one_by_one(plain, SCENES, tmp_path / "plain")
    predictor = predict_suite.dense_predictor.as_trained(network, trained)
    segmenter.segment_images(
        predictor, SCENES, {tmp_path / "found": None}, batch_size=1
    )
    for image_id in SCENES.image_ids:
        plain, found = (
            (tmp_path / name / f"{image_id}.png").read_bytes()
            for name in ("plain", "found")
        )
        assert plain == found
