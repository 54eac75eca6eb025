-- Files on their way to a case (docs/protocol/api.md section 6). `sha256` is there when the file is whole.

CREATE TABLE uploads (
    id         TEXT COLLATE "C" PRIMARY KEY,
    person     TEXT COLLATE "C" NOT NULL REFERENCES people (id),
    case_id    TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    name       TEXT             NOT NULL,
    media_type TEXT             NOT NULL,
    total      BIGINT           NOT NULL CHECK (total >= 1),
    received   BIGINT           NOT NULL CHECK (received BETWEEN 0 AND total),
    created_at BIGINT           NOT NULL,
    expires_at BIGINT           NOT NULL,
    sha256     BYTEA CHECK (sha256 IS NULL OR (length(sha256) = 32 AND received = total))
);
CREATE INDEX uploads_unfinished ON uploads (expires_at) WHERE sha256 IS NULL;
CREATE INDEX uploads_by_person ON uploads (person) WHERE sha256 IS NULL;
CREATE INDEX uploads_of_case ON uploads (case_id, sha256);
