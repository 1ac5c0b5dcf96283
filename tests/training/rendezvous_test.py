import concurrent.futures
import socket
import time

import pytest
import several_workers

from guided_segmentation.errors import InputError
from guided_segmentation.training import clusters, rendezvous


def cluster(addresses, index):
    return clusters.Cluster(tuple(addresses), index)


def test_workers_meet_whoever_comes_first_and_leave_their_ports_free():
    addresses = several_workers.addresses(3)

    def come(index):
        time.sleep(0.3 * index)
        rendezvous.meet(cluster(addresses, index), 20)
        # As TensorFlow does next, for those who call later.
        server = socket.create_server(
            ("", clusters.port(addresses[index])), reuse_port=True
        )
        time.sleep(1)
        server.close()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(come, range(3)))


def test_a_worker_that_does_not_come_is_named_in_time():
    addresses = several_workers.addresses(2)
    line = f"worker 0 wanted worker 1 at {addresses[1]} within 0.3 s, found no"
    began = time.monotonic()
    with pytest.raises(InputError, match=line):
        rendezvous.meet(cluster(addresses, 0), 0.3)
    assert time.monotonic() - began < 10


def test_a_port_in_use_is_named():
    addresses = several_workers.addresses(2)
    with socket.create_server(
        ("", clusters.port(addresses[0])), reuse_port=True
    ):
        line = f"wanted its port {addresses[0]} free on this machine, found it"
        with pytest.raises(InputError, match=line):
            rendezvous.meet(cluster(addresses, 0), 0.3)
