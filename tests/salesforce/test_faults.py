from __future__ import annotations

import pytest

from sync.salesforce.faults import Kind, explain, is_governor_limit, known_codes

# every code that the API's documentation, WSDLs and recordings of real orgs name for what leadgate calls
NAMED = """
CANNOT_UPDATE_CONVERTED_LEAD INVALID_STATUS INVALID_FIELD DUPLICATES_DETECTED FIELD_CUSTOM_VALIDATION_EXCEPTION
REQUIRED_FIELD_MISSING UNAVAILABLE_RECORDTYPE_EXCEPTION ENTITY_IS_LOCKED UNABLE_TO_LOCK_ROW ENTITY_IS_DELETED
INVALID_CROSS_REFERENCE_KEY INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY MALFORMED_ID INSUFFICIENT_ACCESS_OR_READONLY
INSUFFICIENT_ACCESS INACTIVE_OWNER_OR_USER INVALID_OWNER CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY
CANNOT_EXECUTE_FLOW_TRIGGER STRING_TOO_LONG UNKNOWN_EXCEPTION INVALID_SESSION_ID REQUEST_LIMIT_EXCEEDED
SERVER_UNAVAILABLE REQUEST_RUNNING_TOO_LONG UNSUPPORTED_API_VERSION EXCEEDED_LEAD_CONVERT_LIMIT API_DISABLED_FOR_ORG
API_CURRENTLY_DISABLED ORG_LOCKED ORG_IN_MAINTENANCE INVALID_SOAP_HEADER INVALID_LOGIN LOGIN_MUST_USE_SECURITY_TOKEN
PASSWORD_LOCKOUT FUNCTIONALITY_NOT_ENABLED MALFORMED_QUERY INVALID_TYPE JSON_PARSER_ERROR
INVALID_QUERY_FILTER_OPERATOR INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST NOT_FOUND METHOD_NOT_ALLOWED
UNSUPPORTED_MEDIA_TYPE INVALID_QUERY_LOCATOR QUERY_TOO_COMPLICATED QUERY_TIMEOUT PROCESSING_HALTED
BATCH_PROCESSING_HALTED ALL_OR_NONE_OPERATION_ROLLED_BACK EXCEEDED_ID_LIMIT INVALID_REPLICATION_DATE LIMIT_EXCEEDED
InvalidVersion INVALIDJOB INVALIDJOBSTATE INVALIDENTITY invalid_grant invalid_client_id invalid_client
OAUTH_APP_BLOCKED
"""


@pytest.mark.parametrize("code", NAMED.split())
def test_every_code_that_salesforce_is_known_to_send_is_explained(code: str) -> None:
    fault = explain(code)
    assert fault.known
    assert fault.cause
    assert fault.fix


def test_no_code_stands_twice_and_each_has_words() -> None:
    codes = known_codes()
    assert len(codes) == len(set(codes)) > 90
    assert all(explain(code).code == code for code in codes)
    assert all(len(explain(code).cause) > 10 and len(explain(code).fix) > 3 for code in codes)


@pytest.mark.parametrize(
    ("code", "helps"),
    [
        ("UNABLE_TO_LOCK_ROW", True),
        ("INVALID_SESSION_ID", True),
        ("SERVER_UNAVAILABLE", True),
        ("REQUEST_LIMIT_EXCEEDED", False),
        ("DUPLICATES_DETECTED", False),
        ("API_DISABLED_FOR_ORG", False),
        ("NEVER_HEARD_OF", False),
    ],
)
def test_the_table_says_whether_running_again_helps(code: str, helps: bool) -> None:  # noqa: FBT001 -- a table's column
    assert explain(code).kind.running_again_helps is helps


def test_codes_are_known_in_each_apis_spelling() -> None:
    assert explain("InvalidSessionId").code == "INVALID_SESSION_ID"
    assert explain("ExceededQuota").code == "EXCEEDEDQUOTA"


def test_the_two_meanings_of_the_request_limit_are_told_apart() -> None:
    assert explain("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.").kind is Kind.REFUSED
    assert explain("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.").kind is Kind.RETRYABLE
    with_code = "REQUEST_LIMIT_EXCEEDED: ConcurrentRequests Limit exceeded."
    assert explain("REQUEST_LIMIT_EXCEEDED", with_code).kind is Kind.RETRYABLE


def test_an_unknown_code_is_never_retried_and_keeps_its_name() -> None:
    fault = explain("SOMETHING_NEW")
    assert (fault.code, fault.kind, fault.known) == ("SOMETHING_NEW", Kind.REJECTED, False)


@pytest.mark.parametrize(
    ("message", "limit"),
    [
        ("LeadTrigger: System.LimitException: Too many SOQL queries: 101", True),
        ("Apex CPU time limit exceeded", True),
        ("Too many DML statements: 151", True),
        ("execution of BeforeInsert caused by: System.DmlException", False),
        ("Limit the amount to 100", False),
    ],
)
def test_a_governor_limit_is_recognised_in_a_triggers_words(message: str, limit: bool) -> None:  # noqa: FBT001 -- column
    assert is_governor_limit(message) is limit
