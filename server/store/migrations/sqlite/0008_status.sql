-- A question after a case's state. It is kept in the same way whether or not number and phone belong together.
CREATE TABLE status_requests (
    asked_for     BLOB    PRIMARY KEY CHECK (length(asked_for) = 32),
    -- Until it was looked up; erased then.
    case_no       TEXT,
    phone         TEXT,
    code_hash     BLOB    NOT NULL CHECK (length(code_hash) = 32),
    -- Set where they belong together: without it no code is right.
    case_id       TEXT    REFERENCES cases (id),
    expires_at    INTEGER NOT NULL,
    attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),
    CHECK ((case_no IS NULL) = (phone IS NULL))
) STRICT;
CREATE INDEX status_requests_by_expiry ON status_requests (expires_at);
CREATE INDEX status_requests_waiting ON status_requests (expires_at) WHERE case_no IS NOT NULL;
