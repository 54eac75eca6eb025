-- The same table as the file of this number for SQLite.
-- A question after a case's state. It is kept in the same way whether or not number and phone belong together.
CREATE TABLE status_requests (
    asked_for     BYTEA            PRIMARY KEY CHECK (length(asked_for) = 32),
    -- Until it was looked up; erased then.
    case_no       TEXT COLLATE "C",
    phone         TEXT COLLATE "C",
    code_hash     BYTEA            NOT NULL CHECK (length(code_hash) = 32),
    -- Set where they belong together: without it no code is right.
    case_id       TEXT COLLATE "C" REFERENCES cases (id),
    expires_at    BIGINT           NOT NULL,
    attempts_left BIGINT           NOT NULL CHECK (attempts_left >= 0),
    CHECK ((case_no IS NULL) = (phone IS NULL))
);
CREATE INDEX status_requests_by_expiry ON status_requests (expires_at);
CREATE INDEX status_requests_waiting ON status_requests (expires_at) WHERE case_no IS NOT NULL;
