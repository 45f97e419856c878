"""Turns what boto3 raises into our own errors: what happened, what to do, the action and resource named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, cast

import botocore.exceptions as boto
from botocore.parsers import ResponseParserError

from pyanamo_tui.errors import (
    CredentialsError,
    NotFound,
    PermissionDenied,
    PyanamoError,
    ServiceRefused,
    ServiceUnavailable,
    TableNotFound,
    Throttled,
    UsageError,
)

_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied", "UnauthorizedOperation", "AuthorizationError"})
_EXPIRED: Final = frozenset({"ExpiredTokenException", "ExpiredToken", "RequestExpired", "TokenRefreshRequired"})
_WRONG_CREDENTIALS: Final = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "AuthFailure",
    }
)
_THROTTLED: Final = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "TooManyRequestsException",
        "SlowDown",
    }
)
_ABSENT: Final = frozenset(
    {"ResourceNotFoundException", "TableNotFoundException", "NoSuchKey", "NoSuchBucket", "NotFound", "404"}
)
_SERVER_FAULTS: Final = frozenset(
    {"InternalServerError", "InternalFailure", "InternalError", "ServiceUnavailable", "ServiceUnavailableException"}
)
_SERVER_STATUS: Final = 500
_LOOPBACK: Final = re.compile(r"//(?:127\.0\.0\.1|localhost|\[::1\])[:/]")

_LOGIN_HINT: Final = "Run `aws sso login` (or renew your MFA or role session), then try again."
_NO_CREDENTIALS_HINT: Final = (
    "Run `aws configure` or `aws sso login`, set AWS_PROFILE, or pass --profile. `pyanamo-tui demo` needs none."
)

AWS_EXCEPTIONS: Final = (boto.BotoCoreError, boto.ClientError, boto.HTTPClientError, ResponseParserError)
"""Everything that a boto3 call raises by itself; the last where a proxy answers with a page of its own."""


def error_code(error: boto.ClientError) -> str:
    """AWS's own name for the error, e.g. `ConditionalCheckFailedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: Exception, *, service: str, resource: str) -> PyanamoError:
    """Our error for one of boto3's.

    Args:
        error: what a boto3 call raised.
        service: IAM prefix of the service, e.g. `dynamodb`.
        resource: what the call was about, in a user's words, e.g. `table Cohort7`.
    """
    if isinstance(error, boto.ClientError):
        return _from_answer(error, service, resource)
    return _from_client_side(error, service, resource)


def _from_answer(error: boto.ClientError, service: str, resource: str) -> PyanamoError:
    code, detail = error_code(error), str(error.response.get("Error", {}).get("Message", ""))
    action = f"{service}:{error.operation_name}"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _DENIED:
        return PermissionDenied(action, resource)
    if code in _EXPIRED:
        return CredentialsError("Your AWS session has expired", _LOGIN_HINT, expired=True)
    if code in _WRONG_CREDENTIALS:
        return CredentialsError(
            f"AWS does not accept these credentials ({code})", "Check the profile or the AWS_* environment variables."
        )
    if code in _THROTTLED:
        return Throttled(resource, _throttling_reason(error) or detail)
    if code in _ABSENT:
        return _absent(service, resource, detail)
    if code in _SERVER_FAULTS or status >= _SERVER_STATUS:
        return ServiceUnavailable(f"AWS failed at {action} ({code or status})", "It is usually over in a moment.")
    return ServiceRefused(f"AWS refused {action} on {resource}: {detail or code}")


def _absent(service: str, resource: str, detail: str) -> PyanamoError:
    kind, _, name = resource.partition(" ")
    if service == "dynamodb" and kind == "table":
        return TableNotFound(name)
    if service == "dynamodb" and kind == "index" and "index" not in detail.lower():
        return TableNotFound(name.partition("/")[0])
    return NotFound(f"AWS knows no {resource}" + (f": {detail}" if detail else ""))


def _throttling_reason(error: boto.ClientError) -> str:
    """DynamoDB's own reasons and the table or index they are about, where the answer carries them."""
    response = cast("Mapping[str, Any]", error.response)
    reasons = response.get("ThrottlingReasons") or response.get("throttlingReasons") or []
    return "; ".join(
        f"{found.get('reason', '')} on {str(found.get('resource', '')).rpartition(':')[2]}" for found in reasons
    )


def _from_client_side(error: Exception, service: str, resource: str) -> PyanamoError:
    match error:
        case boto.NoCredentialsError() | boto.PartialCredentialsError():
            return CredentialsError("There are no AWS credentials", _NO_CREDENTIALS_HINT)
        case boto.UnauthorizedSSOTokenError() | boto.SSOTokenLoadError() | boto.TokenRetrievalError() | boto.SSOError():
            return CredentialsError("Your AWS single sign-on session has expired", _LOGIN_HINT, expired=True)
        case boto.CredentialRetrievalError():
            return CredentialsError(f"AWS credentials could not be had: {error}", _NO_CREDENTIALS_HINT)
        case boto.ProfileNotFound():
            return CredentialsError(str(error), "List the profiles that exist: aws configure list-profiles")
        case boto.NoRegionError():
            return UsageError("No AWS region is set", "Pass --region, or set AWS_REGION.")
        case boto.ParamValidationError():
            return ServiceRefused(f"The request about {resource} is not valid: {error}")
        case boto.HTTPClientError() | boto.ConnectionError() | boto.EndpointConnectionError():
            hint = "Check the network, region and endpoint."
            if _LOOPBACK.search(str(error)):
                hint = "Nothing answers there on this host. The server of --local starts by: pyanamo-tui local start"
            return ServiceUnavailable(f"AWS ({service}) cannot be reached: {_short(error)}", hint)
        case _:
            return ServiceUnavailable(f"The request about {resource} failed: {_short(error)}")


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


@contextmanager
def calling(service: str, resource: str) -> Iterator[None]:
    """Around every boto3 call: what it raises leaves as one of our errors, the original as its cause."""
    try:
        yield
    except AWS_EXCEPTIONS as error:
        raise translate(error, service=service, resource=resource) from error
