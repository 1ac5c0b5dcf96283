import pytest

from guided_segmentation.benchmarks.simulation import fraction_of_linear


def test_equal_images_without_overhead_are_linear():
    assert fraction_of_linear([0.1] * 64, 0.0, 16) == pytest.approx(1.0)


def test_one_worker_waits_for_the_first_image_alone():
    # Later images are prepared while it is at work.
    found = fraction_of_linear([1.0] * 4, 0.5, 1)
    assert found == pytest.approx(4 / 4.5)


def test_more_workers_than_the_process_can_feed_do_not_help():
    # An image every 0.25 s keeps four workers busy; 16 are no faster.
    service = [1.0] * 400
    speeds = [n * fraction_of_linear(service, 0.25, n) for n in (4, 8, 16)]
    assert speeds == pytest.approx([4, 4, 4], rel=0.02)


def test_the_last_image_is_waited_for():
    # 1 s in each of two workers, then 4 s in one of them.
    assert fraction_of_linear([1.0, 1.0, 4.0], 0.0, 2) == pytest.approx(0.6)
