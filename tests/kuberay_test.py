"""The manifest of docs/cluster.md against KubeRay's types and the binary.

The fields are those of KubeRay's API ray.io/v1 (ray-operator/apis/ray/v1,
raycluster_types.go and rayjob_types.go) that a user may set.
"""

import configparser
import re
import shlex

import programs
import pytest
import yaml

import guided_segmentation

FOLDER = programs.ROOT / "docs" / "kuberay"
JOB = {
    "activeDeadlineSeconds": int,
    "backoffLimit": int,
    "clusterSelector": dict,
    "deletionStrategy": dict,
    "entrypoint": str,
    "entrypointNumCpus": float,
    "entrypointNumGpus": float,
    "entrypointResources": str,
    "jobId": str,
    "managedBy": str,
    "metadata": dict,
    "rayClusterSpec": dict,
    "runtimeEnvYAML": str,
    "shutdownAfterJobFinishes": bool,
    "submissionMode": str,
    "submitterConfig": dict,
    "submitterPodTemplate": dict,
    "suspend": bool,
    "ttlSecondsAfterFinished": int,
}
CLUSTER = {
    "autoscalerOptions": dict,
    "enableInTreeAutoscaling": bool,
    "headGroupSpec": dict,
    "rayVersion": str,
    "workerGroupSpecs": list,
}
AUTOSCALER = {
    "env": list,
    "idleTimeoutSeconds": int,
    "image": str,
    "resources": dict,
    "upscalingMode": str,
}
HEAD = {"rayStartParams": dict, "serviceType": str, "template": dict}
WORKERS = {
    "groupName": str,
    "maxReplicas": int,
    "minReplicas": int,
    "numOfHosts": int,
    "rayStartParams": dict,
    "replicas": int,
    "template": dict,
}


@pytest.fixture(scope="module")
def manifest():
    return yaml.safe_load((FOLDER / "rayjob.yaml").read_text())


def assert_fits(found, fields):
    assert not found.keys() - fields.keys()
    for name, value in found.items():
        assert type(value) is fields[name], name


def groups(manifest):
    cluster = manifest["spec"]["rayClusterSpec"]
    return [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]


def test_the_fields_are_those_of_kuberay(manifest):
    assert manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert (manifest["apiVersion"], manifest["kind"]) == ("ray.io/v1", "RayJob")
    assert_fits(manifest["spec"], JOB)
    cluster = manifest["spec"]["rayClusterSpec"]
    assert_fits(cluster, CLUSTER)
    assert_fits(cluster["autoscalerOptions"], AUTOSCALER)
    head, *workers = groups(manifest)
    assert_fits(head, HEAD)
    for group in workers:
        assert_fits(group, WORKERS)
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]


def test_parameters_of_ray_start_are_text(manifest):
    """KubeRay's type is a map from string to string."""
    for group in groups(manifest):
        for name, value in group["rayStartParams"].items():
            assert isinstance(name, str)
            assert isinstance(value, str)


def test_every_machine_has_the_same_image_and_data(manifest):
    pods = [group["template"]["spec"] for group in groups(manifest)]
    (image,) = {pod["containers"][0]["image"] for pod in pods}
    assert image.endswith(f":{guided_segmentation.__version__}")
    assert all(pod["volumes"] == pods[0]["volumes"] for pod in pods)
    mounts = [pod["containers"][0]["volumeMounts"] for pod in pods]
    assert all(mount == mounts[0] for mount in mounts)
    (volume,) = pods[0]["volumes"]
    assert [each["name"] for each in mounts[0]] == [volume["name"]]


def test_the_command_fits_the_binary_and_the_volume(manifest, launcher):
    name, *arguments = shlex.split(manifest["spec"]["entrypoint"])
    done = launcher.run(name, *arguments, "--only_check_args")
    assert (done.returncode, done.stderr) == (0, "")
    given = dict(each.removeprefix("--").split("=") for each in arguments)
    assert given["engine"] == "ray"
    (mount,) = groups(manifest)[0]["template"]["spec"]["containers"][0][
        "volumeMounts"
    ]
    folders = [v for k, v in given.items() if k.endswith("_dir")]
    assert len(folders) == 3
    assert all(each.startswith(mount["mountPath"] + "/") for each in folders)


def test_the_pool_fits_the_machines(manifest):
    arguments = manifest["spec"]["entrypoint"]
    most, cores = (
        int(re.search(rf"--{name}=(\d+)", arguments)[1])
        for name in ("max_actors", "cpus_per_actor")
    )
    _, workers = groups(manifest)
    (container,) = workers["template"]["spec"]["containers"]
    room = workers["maxReplicas"] * int(container["resources"]["limits"]["cpu"])
    assert most * cores <= room


def test_the_ray_of_image_and_manifest_is_one_that_the_extra_allows(manifest):
    version = manifest["spec"]["rayClusterSpec"]["rayVersion"]
    dockerfile = (FOLDER / "Dockerfile").read_text()
    assert f"FROM rayproject/ray:{version}-py312\n" in dockerfile
    settings = configparser.ConfigParser()
    settings.read(programs.ROOT / "setup.cfg")
    extra = settings["options.extras_require"]["cluster"]
    minor = version.rpartition(".")[0]
    assert f"ray[data] >={minor},<2.64" in extra
