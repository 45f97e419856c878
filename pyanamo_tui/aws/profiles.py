"""What the AWS configuration of this host offers: the profiles, and the regions of DynamoDB. Calls nothing of AWS."""

from __future__ import annotations

import boto3

from pyanamo_tui.aws.faults import calling


def profile_names() -> tuple[str, ...]:
    """The profiles of the AWS config and credentials files, in their order."""
    with calling("sts", "profiles"):
        return tuple(boto3.Session().available_profiles)


def region_names() -> tuple[str, ...]:
    """The regions that have DynamoDB, as botocore lists them."""
    with calling("dynamodb", "regions"):
        return tuple(sorted(boto3.Session().get_available_regions("dynamodb")))
