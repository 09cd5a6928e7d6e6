"""Apex governor limits: one transaction's budget of queries, DML and CPU, spent by the org's triggers and flows.

A call is one transaction. Automation costs per batch and per record, so a call of many records can fail where each of
its records alone would pass. A call that falls back to record by record starts with a fresh budget, which all the
records then share: triggers run once per record, and the last records of a large call find it spent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from .behaviours import behaviour
from .errors import refuse

if TYPE_CHECKING:
    from .settings import OrgSettings


class Transaction:
    """What one call has used of its governor limits."""

    def __init__(self, settings: OrgSettings) -> None:
        self._settings = settings
        self._queries = 0
        self._dml = 0
        self._cpu_ms = 0

    @behaviour(
        "governor limits per transaction",
        "uncertain",
        "Apex Developer Guide for the limits; how convertLead spends them is field practice",
    )
    def spend(self, object_name: str, event: Literal["insert", "update"], records: int) -> None:
        """Run the object's automation over a number of records.

        Raises:
            RowRefused: CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY with Apex's LimitException, once a limit is passed.
        """
        if not records:
            return
        limits = self._settings.governor
        for automation in self._settings.automations:
            if automation.object.lower() != object_name.lower() or event not in automation.on:
                continue
            self._queries += automation.queries_per_batch + automation.queries_per_record * records
            self._dml += automation.dml_per_record * records
            self._cpu_ms += automation.cpu_ms_per_record * records
            fault = None
            if self._queries > limits.soql_queries:
                fault = f"Too many SOQL queries: {limits.soql_queries + 1}"
            elif self._dml > limits.dml_statements:
                fault = f"Too many DML statements: {limits.dml_statements + 1}"
            elif self._cpu_ms > limits.cpu_ms:
                fault = "Apex CPU time limit exceeded"
            if fault:
                raise refuse(
                    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"{automation.name}: System.LimitException: {fault}"
                )
