"""Google's own message types as one small data file, so that judging needs no client library at run time.

``python -m penstock.policy.cloud_descriptors`` writes schemas/google-cloud.binpb from the installed google-cloud-build
and google-cloud-deploy; a test holds the file against them. Importing those libraries takes two seconds, reading the
file a few milliseconds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

STORED = Path(__file__).resolve().parent / "schemas" / "google-cloud.binpb"
BUILD = "google.devtools.cloudbuild.v1.Build"
DEPLOY_KINDS = {
    kind: f"google.cloud.deploy.v1.{kind}"
    for kind in ("DeliveryPipeline", "Target", "Automation", "DeployPolicy", "CustomTargetType")
}


@cache
def message_class(full_name: str) -> Any:
    """Return the message class of that name, from the stored descriptors."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(full_name))


@cache
def _pool() -> Any:
    from google.protobuf import descriptor_pb2, descriptor_pool

    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(STORED.read_bytes()).file:
        pool.Add(file)
    return pool


def installed() -> bytes:
    """Return the descriptors of the installed client libraries, serialised in a stable order. Slow: imports them."""
    from google.cloud.deploy_v1 import types as deploy
    from google.cloud.devtools.cloudbuild_v1 import types as build
    from google.protobuf import descriptor_pb2

    collected = descriptor_pb2.FileDescriptorSet()
    seen: set[str] = set()

    def add(file: Any) -> None:
        if file.name in seen:
            return
        seen.add(file.name)
        for dependency in sorted(file.dependencies, key=lambda each: str(each.name)):
            add(dependency)
        copied = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(copied)
        copied.ClearField("source_code_info")
        copied.dependency.sort()  # the libraries list them in another order at every start
        collected.file.append(copied)

    add(build.Build.pb(build.Build()).DESCRIPTOR.file)
    for kind in DEPLOY_KINDS:
        message = getattr(deploy, kind)
        add(message.pb(message()).DESCRIPTOR.file)
    return collected.SerializeToString(deterministic=True)


def main() -> None:
    """Write the stored file."""
    STORED.write_bytes(installed())


if __name__ == "__main__":
    main()
