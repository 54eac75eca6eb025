-- Answers by idempotency key (docs/protocol/api.md section 3). Kept for a day; `status` is missing while the request is being worked on.

CREATE TABLE answers (
    scope           TEXT COLLATE "C" NOT NULL,
    idempotency_key TEXT COLLATE "C" NOT NULL,
    request         BYTEA            NOT NULL CHECK (length(request) = 32),
    begun_at        BIGINT           NOT NULL,
    status          BIGINT,
    headers         TEXT CHECK (headers IS NULL OR headers::json IS NOT NULL),
    body            BYTEA,
    CHECK ((status IS NULL) = (body IS NULL) AND (status IS NULL) = (headers IS NULL)),
    PRIMARY KEY (scope, idempotency_key)
);
CREATE INDEX answers_by_age ON answers (begun_at);
