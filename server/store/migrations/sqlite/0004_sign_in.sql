-- Passkeys, challenges, identities at a provider, and how somebody signed in.

ALTER TABLE sign_ins ADD COLUMN method TEXT NOT NULL DEFAULT 'password'
    CHECK (method IN ('password', 'passkey', 'oidc', 'link'));
UPDATE sign_ins SET method = 'link' WHERE link_session IS NOT NULL;
CREATE INDEX sign_ins_revoked ON sign_ins (revoked_at) WHERE revoked_at IS NOT NULL;

CREATE TABLE passkeys (
    credential   BLOB    PRIMARY KEY CHECK (length(credential) BETWEEN 1 AND 1023),
    person       TEXT    NOT NULL REFERENCES people (id),
    name         TEXT    NOT NULL,
    -- COSE_Key, as the authenticator gave it.
    public_key   BLOB    NOT NULL,
    sign_count   INTEGER NOT NULL CHECK (sign_count >= 0),
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER
) STRICT;
CREATE INDEX passkeys_by_person ON passkeys (person);

-- What somebody was asked to sign or to bring back; taken out when it comes, so that it serves once.
CREATE TABLE challenges (
    hash       BLOB    PRIMARY KEY CHECK (length(hash) = 32),
    purpose    TEXT    NOT NULL CHECK (purpose IN ('passkey_add', 'passkey_sign_in', 'passkey_act', 'oidc')),
    person     TEXT    REFERENCES people (id),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE identities (
    issuer    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    person    TEXT    NOT NULL REFERENCES people (id),
    linked_at INTEGER NOT NULL,
    -- The administrator; absent where it was done on the command line.
    linked_by TEXT    REFERENCES people (id),
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_by_person ON identities (person);
