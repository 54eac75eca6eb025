-- Times are UTC microseconds. Tokens and codes are kept as digests only.

CREATE TABLE entries (
    journal    TEXT    NOT NULL,
    seq        INTEGER NOT NULL CHECK (seq >= 1),
    prev       BLOB    NOT NULL CHECK (length(prev) = 32),
    commitment BLOB    NOT NULL CHECK (length(commitment) = 32),
    hash       BLOB    NOT NULL CHECK (length(hash) = 32),
    nonce      BLOB             CHECK (nonce IS NULL OR length(nonce) = 32),
    body       TEXT,
    CHECK ((nonce IS NULL) = (body IS NULL)),
    UNIQUE (journal, seq)
) STRICT;

CREATE TABLE people (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    organisation TEXT NOT NULL,
    department   TEXT,
    phone        TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    user          TEXT PRIMARY KEY,
    person        TEXT NOT NULL UNIQUE REFERENCES people (id),
    password_hash TEXT NOT NULL,
    totp_secret   BLOB NOT NULL,
    roles         TEXT NOT NULL CHECK (json_valid(roles)),
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER
) STRICT;

-- A time step of the second factor serves one act once (RFC 6238 section 5.2).
CREATE TABLE totp_uses (
    person TEXT    NOT NULL REFERENCES people (id),
    act    TEXT    NOT NULL,
    step   INTEGER NOT NULL,
    PRIMARY KEY (person, act, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE cases (
    id      TEXT PRIMARY KEY,
    case_no TEXT NOT NULL UNIQUE
) STRICT;

-- Views of the journals, written in the same transaction as the entries they follow from.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL REFERENCES cases (id),
    case_no    TEXT NOT NULL,
    item_title TEXT NOT NULL,
    applicant  TEXT NOT NULL,
    starts_at  INTEGER NOT NULL,
    stage      TEXT NOT NULL,
    closed_at  INTEGER
) STRICT;

CREATE TABLE participants (
    session TEXT NOT NULL REFERENCES sessions (id),
    person  TEXT NOT NULL REFERENCES people (id),
    roles   TEXT NOT NULL CHECK (json_valid(roles)),
    PRIMARY KEY (session, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX participants_by_person ON participants (person);

CREATE TABLE recusals (
    case_id TEXT NOT NULL REFERENCES cases (id),
    person  TEXT NOT NULL REFERENCES people (id),
    PRIMARY KEY (case_id, person)
) STRICT, WITHOUT ROWID;

-- A link works until its session closes, unless revoked.
CREATE TABLE links (
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    session    TEXT NOT NULL REFERENCES sessions (id),
    person     TEXT NOT NULL REFERENCES people (id),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE codes (
    session       TEXT    NOT NULL REFERENCES sessions (id),
    person        TEXT    NOT NULL REFERENCES people (id),
    purpose       TEXT    NOT NULL CHECK (purpose IN ('device', 'act')),
    code_hash     BLOB    NOT NULL CHECK (length(code_hash) = 32),
    expires_at    INTEGER NOT NULL,
    attempts_left INTEGER NOT NULL CHECK (attempts_left >= 0),
    PRIMARY KEY (session, person, purpose)
) STRICT, WITHOUT ROWID;

CREATE TABLE sign_ins (
    token_hash   BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    person       TEXT NOT NULL REFERENCES people (id),
    -- Set where the person came by a link: then nothing but that session is open.
    link_session TEXT REFERENCES sessions (id),
    device       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX sign_ins_by_person ON sign_ins (person);

CREATE TABLE attempts (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    address TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

CREATE TABLE stills (
    session    TEXT NOT NULL REFERENCES sessions (id),
    evidence   TEXT NOT NULL,
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    bytes      INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    file       TEXT NOT NULL,
    PRIMARY KEY (session, evidence)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY,
    recipient    TEXT NOT NULL,
    text         TEXT NOT NULL,
    code         TEXT,
    created_at   INTEGER NOT NULL,
    next_at      INTEGER NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    given_up_at  INTEGER
) STRICT;
CREATE INDEX outbox_waiting ON outbox (next_at) WHERE delivered_at IS NULL AND given_up_at IS NULL;
