import json

import pytest
import tensorflow as tf

from geans import strategies

TWO = ["127.0.0.1:2222", "127.0.0.1:2223"]
FIRST = {"type": "worker", "index": 0}
WRONG = {
    "missing": (None, "is not set"),
    "empty": ("", "is not set"),
    "not JSON": ("{'cluster': 1}", "is not JSON"),
    "a list": ("[]", "has no cluster"),
    "no cluster": ({"task": FIRST}, "has no cluster"),
    "empty cluster": ({"cluster": {}, "task": FIRST}, "has no cluster"),
    "parameter server": (
        {"cluster": {"worker": TWO, "ps": TWO}, "task": FIRST},
        "chief and worker",
    ),
    "one address": ({"cluster": {"worker": TWO[0]}, "task": FIRST}, "list of addresses"),
    "no address": ({"cluster": {"worker": []}, "task": FIRST}, "list of addresses"),
    "two chiefs": ({"cluster": {"chief": TWO}, "task": FIRST}, "more than one chief"),
    "no port": ({"cluster": {"worker": ["localhost"]}, "task": FIRST}, "without host or port"),
    "no host": ({"cluster": {"worker": [":2222"]}, "task": FIRST}, "without host or port"),
    "large port": ({"cluster": {"worker": ["a:65536"]}, "task": FIRST}, "without host or port"),
    "a number": ({"cluster": {"worker": [2222]}, "task": FIRST}, "without host or port"),
    "twice": ({"cluster": {"worker": TWO[:1] * 2}, "task": FIRST}, "lists an address twice"),
    "no task": ({"cluster": {"worker": TWO}}, "has no task"),
    "unknown job": (
        {"cluster": {"worker": TWO}, "task": {"type": "chief", "index": 0}},
        "of type 'chief', which its cluster does not list",
    ),
    "index out of range": (
        {"cluster": {"worker": TWO}, "task": {"type": "worker", "index": 2}},
        "index 2, but worker has 2 addresses",
    ),
    "negative index": (
        {"cluster": {"worker": TWO}, "task": {"type": "worker", "index": -1}},
        "index -1",
    ),
    "index is text": (
        {"cluster": {"worker": TWO}, "task": {"type": "worker", "index": "0"}},
        "not an integer, '0'",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_tf_config_says_what_came_and_how_it_must_look(case, monkeypatch):
    value, problem = WRONG[case]
    text = value if value is None or isinstance(value, str) else json.dumps(value)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="must look like") as error:
        strategies.of_workers()
    assert problem in str(error.value)
    assert f"Received: {text!r}" in str(error.value)


@pytest.mark.parametrize("job", ["chief", "worker"])
def test_a_right_tf_config_is_taken(job):
    cluster = {"chief": TWO[:1], "worker": TWO[1:]}
    strategies.check_tf_config(json.dumps({"cluster": cluster, "task": {"type": job, "index": 0}}))
    strategies.check_tf_config(strategies.EXAMPLE)


@pytest.mark.parametrize("devices", ["0", "-1", "two", "1.5", ""])
def test_numbers_of_devices_without_meaning_are_refused(devices):
    with pytest.raises(ValueError, match="devices must be 1 or more, or 'all'"):
        strategies.of_devices(devices)


def test_one_device_needs_no_strategy():
    assert strategies.of_devices(1) is None
    assert strategies.is_chief(None)


def test_more_gpus_than_there_are(monkeypatch):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["GPU:0", "GPU:1"])
    with pytest.raises(ValueError, match="has 2 GPUs. Received: devices=3"):
        strategies.of_devices(3)


@pytest.mark.slow
def test_the_cpu_is_divided_before_it_is_used_or_not_at_all(run_python, tmp_path):
    code = (
        "import tensorflow as tf\n"
        "from geans import strategies\n"
        "print(strategies.of_devices('2').num_replicas_in_sync)\n"
        "try:\n    strategies.of_devices(3)\n"
        "except ValueError as error:\n    print(error)\n"
    )
    replicas, message = run_python(code, tmp_path).splitlines()
    assert replicas == "2"
    assert message.startswith("TensorFlow has used the CPU before")
