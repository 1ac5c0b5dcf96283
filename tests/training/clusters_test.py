import json
import re

import pytest

from guided_segmentation.errors import InputError
from guided_segmentation.training import clusters

PAIR = ("host1:2222", "host2:2222")


def config(index=1, job="worker", **cluster):
    cluster = cluster or {"worker": PAIR}
    told = {"cluster": cluster, "task": {"type": job, "index": index}}
    return {"TF_CONFIG": json.dumps(told)}


def test_flags_or_the_environment_name_the_workers_or_both_the_same():
    cluster = clusters.Cluster(PAIR, 1)
    assert clusters.named(PAIR, 1, {}) == cluster
    assert clusters.named([], None, config()) == cluster
    assert clusters.named(PAIR, 1, config()) == cluster


def test_the_chief_of_tf_config_is_the_first_worker():
    hosts = {"chief": ["host0:1"], "worker": PAIR}
    for job, index, number in (("chief", 0, 0), ("worker", 1, 2)):
        found = clusters.named([], None, config(index, job, **hosts))
        assert found == clusters.Cluster(("host0:1", *PAIR), number)


@pytest.mark.parametrize(
    ("workers", "index", "environment", "line"),
    [
        ([], None, {}, "wanted --workers=host1:2222,host2:2222 and --worker_"),
        ([], None, {"TF_CONFIG": ""}, "found neither"),
        ([], 1, {}, "--worker_index=1 wanted --workers=host1:2222,host2:2222"),
        (PAIR, None, {}, "--workers wanted --worker_index, the number of"),
        (PAIR, 2, {}, "--worker_index: wanted 0 to 1, for 2 of them, found 2"),
        (PAIR, -1, {}, "--worker_index: wanted 0 to 1, for 2 of them, found"),
        (["a:1", "b"], 0, {}, "wanted host:port, such as --workers=host1:2222"),
        (["a:1", "b:x"], 0, {}, "found 'b:x'"),
        (["a:1", ":2"], 0, {}, "found ':2'"),
        (["a:1", "b:65536"], 0, {}, "found 'b:65536'"),
        (["a:1", "a:1"], 0, {}, "wanted an address of its own for each, found"),
        (PAIR, 0, config(), "say host1:2222,host2:2222 and 0, but TF_CONFIG s"),
        ([], None, {"TF_CONFIG": "{"}, 'wanted {"cluster": {"worker": ["host'),
        ([], None, {"TF_CONFIG": "[]"}, "TF_CONFIG: wanted"),
        ([], None, {"TF_CONFIG": '{"cluster": {}}'}, "TF_CONFIG: wanted"),
        ([], None, config(2), "TF_CONFIG: index: wanted 0 to 1, for 2 of them"),
        ([], None, config(0, "ps", ps=["a:1"]), "(and chief) alone, and that "),
        ([], None, config(0, "chief"), "among them, found chief"),
    ],
)
def test_what_cannot_be_right_is_one_line(workers, index, environment, line):
    with pytest.raises(InputError, match=re.escape(line)) as caught:
        clusters.named(workers, index, environment)
    assert "\n" not in str(caught.value)
