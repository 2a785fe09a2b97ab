"""`tf.distribute` strategies over devices and workers."""

import json
import os

import tensorflow as tf

EXAMPLE = (
    '{"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]}, '
    '"task": {"type": "worker", "index": 0}}'
)


def of_devices(devices: int | str) -> tf.distribute.Strategy | None:
    """Returns a `MirroredStrategy` over GPUs or parts of the CPU, or `None` for one device.

    Call it first: TensorFlow cannot divide a CPU that it has used.

    Args:
        devices: Number of devices, or `"all"` GPUs.

    Raises:
        ValueError: If `devices` is invalid or too large.
    """
    known = tf.config.list_physical_devices("GPU")
    if devices == "all":
        devices = max(1, len(known))
    if not str(devices).isdecimal() or int(devices) < 1:
        raise ValueError(f"devices must be 1 or more, or 'all'. Received: devices={devices!r}.")
    count = int(devices)
    if count == 1:
        return None
    if not known:
        return tf.distribute.MirroredStrategy(_logical_cpus(count))
    if count > len(known):
        raise ValueError(f"This machine has {len(known)} GPUs. Received: devices={count}.")
    return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(count)])


def _logical_cpus(count):
    cpu = tf.config.list_physical_devices("CPU")[0]
    wanted = [tf.config.LogicalDeviceConfiguration()] * count
    try:
        if len(tf.config.get_logical_device_configuration(cpu) or ()) < count:
            tf.config.set_logical_device_configuration(cpu, wanted)
    except RuntimeError as error:
        raise ValueError(
            f"TensorFlow has used the CPU before it was divided into {count} devices. Call "
            "strategies.of_devices before anything else."
        ) from error
    return [f"CPU:{i}" for i in range(count)]


def of_workers() -> tf.distribute.Strategy:
    """Returns a `MultiWorkerMirroredStrategy` over the workers of the variable TF_CONFIG.

    Waits until all workers call it. Raises a `ValueError` if TF_CONFIG is missing or invalid.
    """
    check_tf_config(os.environ.get("TF_CONFIG"))
    return tf.distribute.MultiWorkerMirroredStrategy()


def is_multi_worker(strategy: tf.distribute.Strategy | None) -> bool:
    """Whether a strategy's replicas are in more than one process; `None` is no strategy."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def is_chief(strategy: tf.distribute.Strategy | None) -> bool:
    """Whether this process writes the files of all workers."""
    if not is_multi_worker(strategy):
        return True
    resolver = strategy.cluster_resolver  # type: ignore[union-attr]
    first = "chief" if "chief" in resolver.cluster_spec().jobs else "worker"
    return (resolver.task_type, resolver.task_id) == (first, 0)


def check_tf_config(text: str | None) -> None:
    """Raises a `ValueError` if TF_CONFIG (its value, or `None`) is missing or invalid."""
    problem = _problem(text)
    if problem:
        raise ValueError(
            f"TF_CONFIG {problem}. Received: {text!r}. On each worker it must look like "
            f"{EXAMPLE}, with that worker's own index."
        )


def _problem(text):
    if not text:
        return "is not set"
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        return f"is not JSON ({error})"
    cluster = config.get("cluster") if isinstance(config, dict) else None
    if not isinstance(cluster, dict) or not cluster:
        return "has no cluster"
    if not set(cluster) <= {"chief", "worker"}:
        return "may list chief and worker only in its cluster"
    if not all(isinstance(addresses, list) and addresses for addresses in cluster.values()):
        return "must have a list of addresses for each job of its cluster"
    if len(cluster.get("chief", "1")) > 1:
        return "has more than one chief"
    addresses = sum(cluster.values(), [])
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong:
        return f"has an address without host or port, {wrong[0]!r}"
    if len(set(addresses)) < len(addresses):
        return "lists an address twice"
    return _problem_of_task(config.get("task"), cluster)


def _problem_of_task(task, cluster):
    if not isinstance(task, dict):
        return "has no task"
    job, index = task.get("type"), task.get("index")
    if not isinstance(job, str) or job not in cluster:
        return f"has a task of type {job!r}, which its cluster does not list"
    if isinstance(index, bool) or not isinstance(index, int):
        return f"has a task whose index is not an integer, {index!r}"
    if not 0 <= index < len(cluster[job]):
        return f"has the task's index {index}, but {job} has {len(cluster[job])} addresses"
    return None


def _is_address(address):
    host, _, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
    return bool(host) and port.isascii() and port.isdecimal() and 0 < int(port) < 2**16
