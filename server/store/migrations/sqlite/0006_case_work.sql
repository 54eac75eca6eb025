-- How far what follows from a case's entries is done: entries 1 to `done` of `head`. `due_at`: when time itself moves the case.
CREATE TABLE case_work (
    case_id TEXT PRIMARY KEY REFERENCES cases (id),
    head    INTEGER NOT NULL,
    done    INTEGER NOT NULL DEFAULT 0,
    due_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX case_work_waiting ON case_work (case_id) WHERE done < head;
CREATE INDEX case_work_due ON case_work (due_at) WHERE due_at IS NOT NULL;

-- Papers that are made; each is a file by the digest of its PDF.
CREATE TABLE case_papers (
    case_id        TEXT    NOT NULL REFERENCES cases (id),
    seq            INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    number         TEXT    NOT NULL,
    content_digest TEXT    NOT NULL,
    pdf_digest     TEXT    NOT NULL,
    made_at        INTEGER NOT NULL,
    PRIMARY KEY (case_id, seq, kind)
) STRICT, WITHOUT ROWID;

-- R45: false material blocks the same application until the end of that day.
CREATE TABLE bars (
    case_id   TEXT PRIMARY KEY REFERENCES cases (id),
    uscc      TEXT NOT NULL,
    item      TEXT NOT NULL,
    until_day TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX bars_by_application ON bars (uscc, item);
