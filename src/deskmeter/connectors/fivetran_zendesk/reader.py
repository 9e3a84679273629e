"""The reading of one warehouse: which table goes to which hands, in two rounds."""

from collections.abc import Callable

import pyarrow as pa

from deskmeter.connectors.fivetran_zendesk import comments, people, schedules, statuses, tags, tickets
from deskmeter.connectors.fivetran_zendesk.history import History
from deskmeter.connectors.fivetran_zendesk.history_look import look_at_history
from deskmeter.connectors.fivetran_zendesk.known import Known, Spells
from deskmeter.connectors.fivetran_zendesk.promises import PolicyVersions
from deskmeter.connectors.fivetran_zendesk.roles import RoleChanges, read_audit_log
from deskmeter.connectors.fivetran_zendesk.schedules import Schedules
from deskmeter.connectors.fivetran_zendesk.spans import ScheduleSpans
from deskmeter.connectors.fivetran_zendesk.surveys import Surveys, look_at_ratings
from deskmeter.connectors.warehouse import TableRows, Understood

_Read = Callable[[TableRows], Understood]


class ZendeskReader:
    """See `connectors.warehouse.WarehouseReader` for what each method promises."""

    def __init__(self) -> None:
        self._known = known = Known()
        self._surveys = surveys = Surveys()
        self._history = history = History(known, surveys)
        self._schedules, self._spans, self._policies = Schedules(), ScheduleSpans(), PolicyVersions()
        self._roles = RoleChanges()
        self._looks: dict[str, Callable[[TableRows], None]] = {
            "user": lambda rows: people.look_at_users(rows, known),
            "audit_log": self._roles.look,
            "organization_tag": lambda rows: people.look_at_organization_tags(rows, known),
            "brand": lambda rows: people.look_at_brands(rows, known),
            "custom_status": lambda rows: statuses.look_at_custom_statuses(rows, known),
            "sla_policy_metric_history": self._policies.look,
            "ticket": lambda rows: tickets.look_at_tickets(rows, known),
            "satisfaction_rating": lambda rows: look_at_ratings(rows, known),
            "ticket_field_history": lambda rows: look_at_history(rows, known),
            "ticket_chat": lambda rows: comments.look_at_chats(rows, known),
        }
        self._reads: dict[str, _Read] = {
            "user": lambda rows: people.read_users(rows, known),
            "audit_log": read_audit_log,
            "group": people.read_groups,
            "organization_tag": lambda rows: people.read_tags_of_others(rows, "organization_id"),
            "organization": lambda rows: people.read_organizations(rows, known),
            "user_tag": lambda rows: people.read_tags_of_others(rows, "user_id"),
            "brand": people.read_brands,
            "custom_status": statuses.read_custom_statuses,
            "time_zone": schedules.check_zones,
            "daylight_time": schedules.check_daylight,
            "schedule": self._schedules.read,
            "schedule_holiday": schedules.read_holidays,
            "sla_policy_metric_history": self._policies.read,
            "ticket": lambda rows: tickets.read_tickets(rows, known),
            "ticket_comment": lambda rows: comments.read_comments(rows, known),
            "satisfaction_rating": lambda rows: surveys.read_ratings(rows, known),
            "ticket_field_history": history.read,
            "ticket_tag": lambda rows: tags.read_ticket_tags(rows, known),
            "ticket_schedule": lambda rows: self._spans.read(rows, known),
            "ticket_sla_policy": lambda rows: self._policies.applied(rows, known),
            "ticket_chat": comments.read_chats,
            "ticket_chat_event": lambda rows: comments.read_chat_events(rows, known),
        }

    def look(self, rows: TableRows) -> None:
        """Remember what other tables need of these rows."""
        self._looks[rows.name](rows)

    def looked(self, name: str) -> None:
        """After the last look at a table."""
        if name == "user":
            self._known.users.settle()
            self._known.user_versions.settle()
            self._settle_roles()
        elif name == "audit_log":
            self._settle_roles()
        elif name == "ticket":
            tickets.settle_tickets(self._known)
        elif name == "ticket_field_history":
            self._known.policies.settle()

    def _settle_roles(self) -> None:
        """A table of users with its history tells more than the log of who changed what."""
        if not self._known.has_user_history:
            self._known.user_roles = Spells()
            self._roles.settle(self._known)
        self._known.user_roles.settle()

    def read(self, rows: TableRows) -> Understood:
        """The canonical rows of one batch."""
        return self._reads[rows.name](rows)

    def close(self, name: str) -> Understood:
        """Rows that had to wait for the end of a table."""
        tables: dict[str, pa.Table] = {}
        if name == "schedule":
            tables = self._schedules.rows()
        elif name == "audit_log" and not self._known.has_user_history:
            tables = self._roles.rows()
        elif name == "ticket":
            tables = {"status_stage": statuses.stage_rows()}
        elif name == "ticket_schedule":
            tables = self._spans.rows()
        elif name == "ticket_field_history":
            tables = self._history.close()
        elif name == "satisfaction_rating":
            tables = self._surveys.rows(self._known)
        return Understood(tables)
