"""Where one works: profile, region, endpoint, table; opening another place only once it is known to answer.

Importing this needs no boto3: the dashboard makes Contexts before it has AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pyanamo_tui.errors import CredentialsError, PyanamoError
from pyanamo_tui.settings import Settings
from pyanamo_tui.workflow import schema
from pyanamo_tui.workflow.model import ItemState

if TYPE_CHECKING:
    from pyanamo_tui.aws.session import Identity
    from pyanamo_tui.core.workspace import Workspace

OpenWorkspace = Callable[[Settings], "Workspace"]
AWS: Final = "AWS"
"""What the endpoint is called when it is AWS's own."""


@dataclass(frozen=True, slots=True)
class Context:
    """One place and at most one table of it. None stands for what AWS's own configuration says."""

    table: str | None = None
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Context:
        """Where these settings lead."""
        return cls(settings.table, settings.region, settings.profile, settings.endpoint_url)

    def applied(self, settings: Settings) -> Settings:
        """These settings with this place in place of theirs; read-only patterns hold for the new table by its name."""
        return replace(
            settings, table=self.table, region=self.region, profile=self.profile, endpoint_url=self.endpoint_url
        )

    def words(self, endpoints: dict[str, str] | None = None) -> str:
        """The place without its table, in a few words; a named endpoint by its name."""
        names = {url: name for name, url in (endpoints or {}).items()}
        endpoint = None if self.endpoint_url is None else names.get(self.endpoint_url, self.endpoint_url)
        profile = f"profile {self.profile}" if self.profile else None
        return " · ".join(part for part in (self.region, profile, endpoint) if part)


@dataclass(frozen=True, slots=True)
class Opened:
    """A place that answered. `identity` is None where nobody tells it, as at an endpoint without STS."""

    workspace: Workspace
    identity: Identity | None


def open_checked(settings: Settings, open_workspace: OpenWorkspace) -> Opened:
    """Open a place and make sure that it can be worked in: who we are, and that its table can be read.

    Costs at most half a read unit. Meant for a background thread.

    Raises:
        CredentialsError: AWS does not know us.
        TableNotFound, NotAWorkflowTable: there is no such workflow table.
        PermissionDenied: it, or the list of tables where none is named, may not be read.
        UsageError, ServiceUnavailable: there is no such place, or it does not answer.
    """
    workspace = open_workspace(settings)
    identity = identity_of(workspace)
    if settings.table is None:
        next(iter(workspace.tables.names()), None)
    else:
        index = workspace.describe().state_index or schema.STATE_INDEX
        workspace.items.query_state(ItemState.TODO, index=index, attributes=(schema.ITEM_ID,), limit=1)
    return Opened(workspace, identity)


def identity_of(workspace: Workspace) -> Identity | None:
    """Who AWS says we are; None where STS cannot be asked, which need not keep anyone from a table.

    Raises:
        CredentialsError: there are no credentials, or they are wrong or expired.
    """
    try:
        return workspace.identity()
    except CredentialsError:
        raise
    except PyanamoError:
        # An endpoint or a private network without STS: what can be read there is found out by reading.
        return None


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be chosen on this host: profiles of the AWS configuration, regions of DynamoDB."""

    profiles: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


def offer() -> Offer:
    """Read what this host's AWS configuration offers. Imports boto3: meant for a background thread.

    Raises:
        PyanamoError: the AWS configuration cannot be read.
    """
    from pyanamo_tui.aws.profiles import profile_names, region_names  # noqa: PLC0415 - boto3 after the first frame

    return Offer(profile_names(), region_names())


@dataclass(frozen=True, slots=True)
class Listing:
    """The tables of a place, its region as it turned out, and who we are there."""

    tables: tuple[str, ...]
    region: str
    identity: Identity | None


def list_place(settings: Settings, open_workspace: OpenWorkspace) -> Listing:
    """The tables of a place by name. Meant for a background thread.

    Raises:
        PyanamoError: the place cannot be opened, or its tables may not be listed.
    """
    workspace = open_workspace(replace(settings, table=None))
    identity = identity_of(workspace)
    return Listing(tuple(workspace.tables.names()), workspace.region, identity)
