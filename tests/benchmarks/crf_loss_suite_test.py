from benchmark_samples import SCENES, SMALL

from guided_segmentation.benchmarks import crf_loss_suite, training


def test_the_same_batch_is_trained_on_with_and_without_crf_loss(monkeypatch):
    called = []

    def step_seconds(what, batch, settings):
        called.append((what.crf_loss is not None, batch))
        return [0.5, 2.0, 0.5]

    monkeypatch.setattr(training, "step_seconds", step_seconds)
    found = crf_loss_suite.measure(SCENES, SMALL)
    (plain, first), (both, second) = called
    assert (plain, both) == (False, True)
    assert first is second
    assert "image" in first
    assert found["measurements"]["with_crf"] == [4.0, 1.0, 4.0]
