"""A Ray cluster of two nodes on this machine, also where it is very busy."""

import contextlib
import os
import pathlib
import socket
from unittest import mock

# Read when Ray loads.
os.environ.update(
    RAY_USAGE_STATS_ENABLED="0",
    RAY_agent_register_timeout_ms="300000",
    RAY_enable_worker_prestart="0",
    RAY_prestart_worker_first_driver="0",
    RAY_worker_niceness="0",
)
_STORE_BYTES = 100 * 2**20
# A node waits 15 s for its agent, a Python process, to write a file of each.
# Without ray[default] the agent writes -1: it has none of them.
_NO_PORTS = (
    "dashboard_agent_listen_port",
    "metrics_agent_port",
    "metrics_export_port",
)


@contextlib.contextmanager
def two_nodes():
    """Yields a cluster, one core a node."""
    from ray._private import services
    from ray.cluster_utils import Cluster

    start = services.start_raylet

    def start_raylet(*arguments, **named):
        node_id, session_dir = arguments[2], arguments[11]
        for name in _NO_PORTS:
            pathlib.Path(session_dir, f"{name}_{node_id}").write_text("-1")
        return start(*arguments, **named)

    tests = str(pathlib.Path(__file__).parent)  # Actors import from there.
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    with (
        mock.patch.object(services, "start_raylet", start_raylet),
        mock.patch.dict(os.environ, PYTHONPATH=path),
    ):
        cluster = Cluster(
            initialize_head=True,
            head_node_args={**_node(), "include_dashboard": False},
        )
        try:
            cluster.add_node(**_node())
            yield cluster
        finally:
            cluster.shutdown()


def _node():
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    return {
        "num_cpus": 1,
        "object_store_memory": _STORE_BYTES,
        "runtime_env_agent_port": port,
    }
