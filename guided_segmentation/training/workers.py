"""What workers that train together agree on; on other strategies, nothing.

Each worker is a process with its own replicas. All of them run the same steps,
since a sum over the replicas waits for everyone. Worker 0, the chief, writes
the files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import signal
from collections.abc import Callable, Iterator, Mapping

import tensorflow as tf

from guided_segmentation.errors import InputError
from guided_segmentation.training import clusters, rendezvous

WAIT_SECONDS = 300  # How long workers wait for each other at the start.
_SILENT_SECONDS = 30  # After which a worker counts as dead.
_LOST = (  # Of tf.errors.
    "AbortedError",
    "CancelledError",
    "DeadlineExceededError",
    "InternalError",
    "UnavailableError",
)


def make_strategy(
    cluster: clusters.Cluster, wait_seconds: int = WAIT_SECONDS
) -> tf.distribute.Strategy:
    """Returns the strategy of one worker; waits for the others.

    TensorFlow must not have used its devices before.

    Args:
      cluster: The workers, and which of them this process is.
      wait_seconds: How long to wait for the others.

    Raises:
      InputError: If the worker's port is in use, or another does not come.
    """
    rendezvous.meet(cluster, wait_seconds)
    _configure(cluster, wait_seconds)
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": list(cluster.workers)}),
        task_type="worker",
        task_id=cluster.index,
        rpc_layer="grpc",
    )
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    except tf.errors.OpError as error:
        raise InputError(
            f"worker {cluster.index} wanted to join "
            f"{', '.join(cluster.workers)}, but TensorFlow found: "
            f"{str(error.message).splitlines()[0]}; start all workers again"
        ) from error


def count(strategy: tf.distribute.Strategy | None) -> int:
    """Returns the number of workers; 1 for any other strategy."""
    if not _is_of_workers(strategy):
        return 1
    return strategy.cluster_resolver.cluster_spec().num_tasks("worker")


def index(strategy: tf.distribute.Strategy | None) -> int:
    """Returns the number of this worker; 0 for any other strategy."""
    if not _is_of_workers(strategy):
        return 0
    return strategy.cluster_resolver.task_id


def is_chief(strategy: tf.distribute.Strategy | None) -> bool:
    """Returns whether this process writes the files of the run."""
    return index(strategy) == 0


def sums(
    strategy: tf.distribute.Strategy, values: list[tf.Tensor]
) -> list[tf.Tensor]:
    """Sums values over the workers; all of them call it.

    Args:
      strategy: The strategy.
      values: This worker's, of one dtype; of the same shapes on every worker.
    """
    if count(strategy) == 1:
        return values

    def of_all():
        return _summed(strategy, values)

    return tf.function(of_all, autograph=False).get_concrete_function()()


def wait_for_all(strategy: tf.distribute.Strategy | None) -> None:
    """Returns when all workers have called it."""
    if count(strategy) > 1:
        with reported(strategy):
            sums(strategy, [tf.constant(1.0)])


@contextlib.contextmanager
def chief_first(strategy: tf.distribute.Strategy | None) -> Iterator[None]:
    """Has the chief do what is inside, then the others.

    So the others find the files that the chief wrote, if folders are shared.
    """
    if not is_chief(strategy):
        wait_for_all(strategy)
    yield
    if is_chief(strategy):
        wait_for_all(strategy)


def of_chief(
    strategy: tf.distribute.Strategy | None, function: Callable[[], bool]
) -> bool:
    """Returns on every worker what the function returns on the chief.

    Args:
      strategy: The strategy.
      function: Called on the chief alone.
    """
    if count(strategy) == 1:
        return function()
    own = float(is_chief(strategy) and function())
    return bool(sums(strategy, [tf.constant(own)])[0])


def share(
    strategy: tf.distribute.Strategy, variables: list[tf.Variable]
) -> None:
    """Gives every worker the chief's values of variables.

    Args:
      strategy: The strategy.
      variables: Of the same shapes on every worker.
    """
    if count(strategy) == 1:
        return
    own = [tf.convert_to_tensor(each) for each in variables]
    if not is_chief(strategy):
        own = [tf.zeros_like(each) for each in own]
    for dtype in sorted({each.dtype.name for each in own}):
        some = [i for i, each in enumerate(own) if each.dtype.name == dtype]
        told = sums(strategy, [own[i] for i in some])
        for i, value in zip(some, told, strict=True):
            variables[i].assign(value)


def require_same(
    strategy: tf.distribute.Strategy | None, settings: Mapping
) -> None:
    """Checks that all workers have the same settings and replicas.

    Args:
      strategy: The strategy.
      settings: What settings.json says of the run; the command may differ.

    Raises:
      InputError: If they differ.
    """
    if count(strategy) == 1:
        return
    compared = {k: v for k, v in settings.items() if k != "command"}
    text = json.dumps(
        [compared, strategy.num_replicas_in_sync], sort_keys=True, default=str
    )
    digest = hashlib.sha256(text.encode()).digest()
    own = int.from_bytes(digest[:4], "big")
    total = int(sums(strategy, [tf.constant(own, tf.int64)])[0])
    if total != count(strategy) * own:
        raise InputError(
            f"wanted the same flags, data, initial weights and versions on all "
            f"{count(strategy)} workers, found differences; compare their "
            f"commands (--precision=auto may choose differently: name one)"
        )


class StopAgreement:
    """Has all workers stop after the same step.

    The number of a signal that one of them got reaches the others one step
    later, so that no step waits for it.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        """Starts without a signal."""
        self._strategy = strategy
        self._sum = tf.function(
            lambda value: _summed(strategy, [value])[0], autograph=False
        )
        self._before = None

    def signal(self, received: list[int]) -> int | None:
        """Returns the signal to stop for, if there is one; once a step.

        Args:
          received: Signals that this process got.
        """
        if count(self._strategy) == 1:
            return received[0] if received else None
        wants = tf.constant(float(bool(received)))
        before, self._before = self._before, self._sum(wants)
        if before is None or not float(before):
            return None
        return received[0] if received else signal.SIGTERM


@contextlib.contextmanager
def reported(strategy: tf.distribute.Strategy | None) -> Iterator[None]:
    """Ends a run in one line if another worker is lost.

    Raises:
      InputError: If a sum over the workers fails.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if count(strategy) == 1 or type(error).__name__ not in _LOST:
            raise
        raise InputError(
            f"worker {index(strategy)} of {count(strategy)} ends, since "
            f"another one ended or cannot be reached; look at what that one "
            f"says, then start all of them again: the same commands resume "
            f"from the last checkpoint"
        ) from error


@contextlib.contextmanager
def scope(strategy: tf.distribute.Strategy) -> Iterator[None]:
    """The scope of the strategy, for variables that any worker reads alone.

    Keras 2 has the statistics of a batch normalization averaged over all
    replicas whenever they are read. Those of our networks are frozen.
    """

    def mirrored(create, **arguments):
        arguments["synchronization"] = tf.VariableSynchronization.AUTO
        return create(**arguments)

    with contextlib.ExitStack() as stack:
        stack.enter_context(strategy.scope())
        if count(strategy) > 1:
            stack.enter_context(tf.variable_creator_scope(mirrored))
        yield


def _summed(strategy, values):
    """Does `sums` inside of a tf.function; one replica of a worker counts."""
    num_local = strategy.num_replicas_in_sync // count(strategy)

    def of_replica():
        replica = tf.distribute.get_replica_context()
        is_first = replica.replica_id_in_sync_group % num_local == 0
        own = [tf.where(is_first, each, tf.zeros_like(each)) for each in values]
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, own)

    found = strategy.run(of_replica)
    return [strategy.experimental_local_results(each)[0] for each in found]


def _is_of_workers(strategy):
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def _configure(cluster, wait_seconds):
    """Sets how long workers wait; by itself TensorFlow waits for an hour.

    TensorFlow has no public function for it.
    """
    from tensorflow.python.eager import context

    described = tf.compat.v1.ConfigProto().experimental.coordination_config
    job = described.coordinated_job_list.add(
        name="worker", num_tasks=len(cluster.workers)
    )
    context.context().configure_coordination_service(
        "standalone",
        service_leader="/job:worker/replica:0/task:0",
        cluster_register_timeout_in_ms=1000 * wait_seconds,
        heartbeat_timeout_in_ms=1000 * _SILENT_SECONDS,
        coordinated_jobs=[job],
    )
