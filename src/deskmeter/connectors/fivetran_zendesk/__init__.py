"""Zendesk as Fivetran lands it in a warehouse: tickets, comments, field history, people, schedules, promises."""
