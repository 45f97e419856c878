"""A job queue and a job definition on the embedded server, as an administrator would make them."""

from __future__ import annotations

import uuid
from typing import Any

import boto3


def make_queue(endpoint_url: str, region: str, *, revisions: int = 2) -> str:
    """Make an enabled queue of priority 7 and a definition of the same name; gives the name, unlike any other."""

    def client(service: str) -> Any:  # noqa: ANN401 - services without types among the dependencies
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=endpoint_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    name = f"q{uuid.uuid4().hex[:10]}"
    batch = client("batch")
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    environment = batch.create_compute_environment(
        computeEnvironmentName=name, type="UNMANAGED", state="ENABLED", serviceRole=role
    )
    order = [{"order": 1, "computeEnvironment": environment["computeEnvironmentArn"]}]
    batch.create_job_queue(jobQueueName=name, state="ENABLED", priority=7, computeEnvironmentOrder=order)
    needs = [{"type": "VCPU", "value": "2"}, {"type": "MEMORY", "value": "512"}]
    for _ in range(revisions):
        batch.register_job_definition(
            jobDefinitionName=name,
            type="container",
            containerProperties={"image": "pilot:1", "command": ["true"], "resourceRequirements": needs},
        )
    return name
