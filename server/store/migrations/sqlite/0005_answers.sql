-- Answers by idempotency key (docs/protocol/api.md section 3). Kept for a day; `status` is missing while the request is being worked on.

CREATE TABLE answers (
    scope           TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL,
    request         BLOB    NOT NULL CHECK (length(request) = 32),
    begun_at        INTEGER NOT NULL,
    status          INTEGER,
    headers         TEXT CHECK (headers IS NULL OR json_valid(headers)),
    body            BLOB,
    CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (headers IS NULL)),
    PRIMARY KEY (scope, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX answers_by_age ON answers (begun_at);
