"""What schemathesis does not know of itself: real sessions to ask for, and who may have what of them.

`KANJIE_CALLER` is JSON of whoever calls: `{sessions, all_sessions, roles, by_link, metadata, uploads, all_uploads}`.
"""

import json
import os
import zlib

import schemathesis

CALLER = json.loads(os.environ["KANJIE_CALLER"])
NAMES = ["decision.pdf", "record.pdf", "receipt-1.pdf", "preview"]
# What an answer says when it gives nothing.
REFUSED = {400, 401, 403, 404, 405, 408, 409, 410, 411, 412, 413, 415, 416, 422, 423, 428, 429, 460}


@schemathesis.serializer("application/offset+octet-stream")
def piece(context, value):
    return value if isinstance(value, bytes) else str(value).encode()


def pick(choices: list, by: object) -> object:
    """One of the choices, or nothing; the same for the same."""
    at = zlib.crc32(repr(by).encode()) % (len(choices) + 1)
    return choices[at] if at < len(choices) else None


@schemathesis.hook
def before_call(context, case, kwargs):
    """Now and then a session and a document that are there. What is made wrong on purpose stays so."""
    parameters = case.path_parameters or {}
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    if "Upload-Metadata" in (case.headers or {}) and CALLER["metadata"]:
        case.headers["Upload-Metadata"] = pick([CALLER["metadata"]], dict(case.headers)) or case.headers["Upload-Metadata"]
    if "/uploads/{id}" in case.operation.path and "id" in parameters:
        parameters["id"] = pick(CALLER["all_uploads"], parameters["id"]) or parameters["id"]
    if "/sessions/{id}" in case.operation.path and "id" in parameters:
        parameters["id"] = pick(CALLER["all_sessions"], parameters["id"]) or parameters["id"]
    if "name" in parameters:
        parameters["name"] = pick(NAMES, parameters["name"]) or parameters["name"]


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """Anybody may add a header of their own (RFC 9110 section 6.3): to overlook it is right."""
    return "in header - object with unexpected properties" not in f"{failure.title} {failure.message}"


def may(case) -> bool:
    """Whether this caller may have a good answer here: denied unless something below allows it."""
    operation = case.operation.definition.raw
    if {} in operation.get("security", []):
        return True
    if not CALLER["sessions"] and not CALLER["roles"]:
        return False
    if case.operation.path.startswith("/api/v1/sessions/{id}"):
        if case.path_parameters.get("id") not in CALLER["sessions"]:
            return False
        preview = (case.query or {}).get("preview") not in (None, 0, "0")
        if case.path_parameters.get("name") == "preview" or preview:
            return "approver" in CALLER["roles"]
        return True
    office = {"surveyor", "chair", "approver", "department_reviewer", "supervisor"}
    path = case.operation.path
    if path in ("/api/v1/cases", "/api/v1/sessions") or path.startswith(("/api/v1/cases/", "/api/v1/bundles")):
        # Of the made ones, nobody else has a part in any; a list of none is no gift.
        listed = operation["operationId"] == "cases" and not CALLER["by_link"]
        return listed or (not CALLER["by_link"] and bool(office & set(CALLER["roles"])))
    if case.operation.path == "/api/v1/uploads/{id}":
        return case.path_parameters.get("id") in CALLER["uploads"]
    if operation["operationId"] == "create_upload":
        return bool(CALLER["metadata"]) and case.headers.get("Upload-Metadata") == CALLER["metadata"]
    if case.operation.path.startswith("/api/v1/me/passkeys"):
        return not CALLER["by_link"]
    if operation.get("tags") == ["administration"] or path.startswith("/api/v1/webhooks"):
        return "administrator" in CALLER["roles"]
    if operation["operationId"] == "send_act_code":
        return CALLER["by_link"]
    return True


@schemathesis.check
def nothing_is_given_to_whom_it_is_forbidden(context, response, case):
    if not may(case) and response.status_code not in REFUSED:
        raise AssertionError(f"{response.status_code} where the caller has no part")


@schemathesis.check
def an_empty_version_is_refused(context, response, case):
    """RFC 9110 section 13.1.1: an empty If-Match names no state."""
    if case.operation.definition.raw["operationId"] not in ("act_on_case", "act_on_bundle"):
        return
    if (case.headers or {}).get("If-Match") == "":
        assert response.status_code in REFUSED, f"{response.status_code} to an empty If-Match"


@schemathesis.check
def every_refusal_is_a_problem(context, response, case):
    """RFC 9457, with a stable code and the next step in the caller's language."""
    if response.status_code < 400:
        return
    kind = (response.headers.get("content-type") or [""])[0]
    if case.method.upper() == "HEAD":
        return
    assert kind == "application/problem+json", f"{response.status_code} is {kind or 'bare'}"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["type"] == f"urn:kanjie:problem:{problem['code']}"
    assert problem["title"] and problem["next"], "a refusal says what to do next"
