from benchmark_samples import SCENES, SMALL

from guided_segmentation.benchmarks import seed_suite
from guided_segmentation.networks import gap
from guided_segmentation.seeders import backprop


def test_every_seeder_of_the_package_is_measured():
    found = seed_suite.measure(SCENES, SMALL)["images_per_second"]
    wanted = {*gap.VARIANTS, *backprop.METHODS, "grad_cam"}
    assert next(iter(found)) == "forward_pass"
    assert set(found) - {"forward_pass"} == wanted
    assert min(found.values()) > 0
