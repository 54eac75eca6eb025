-- The same tables as the file of this number for SQLite.
-- How far what follows from a case's entries is done: entries 1 to `done` of `head`. `due_at`: when time itself moves the case.
CREATE TABLE case_work (
    case_id TEXT COLLATE "C" PRIMARY KEY REFERENCES cases (id),
    head    BIGINT NOT NULL,
    done    BIGINT NOT NULL DEFAULT 0,
    due_at  BIGINT
);
CREATE INDEX case_work_waiting ON case_work (case_id) WHERE done < head;
CREATE INDEX case_work_due ON case_work (due_at) WHERE due_at IS NOT NULL;

-- Papers that are made; each is a file by the digest of its PDF.
CREATE TABLE case_papers (
    case_id        TEXT COLLATE "C" NOT NULL REFERENCES cases (id),
    seq            BIGINT           NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    number         TEXT             NOT NULL,
    content_digest TEXT             NOT NULL,
    pdf_digest     TEXT             NOT NULL,
    made_at        BIGINT           NOT NULL,
    PRIMARY KEY (case_id, seq, kind)
);

-- R45: false material blocks the same application until the end of that day.
CREATE TABLE bars (
    case_id   TEXT COLLATE "C" PRIMARY KEY REFERENCES cases (id),
    uscc      TEXT COLLATE "C" NOT NULL,
    item      TEXT COLLATE "C" NOT NULL,
    until_day TEXT COLLATE "C" NOT NULL
);
CREATE INDEX bars_by_application ON bars (uscc, item);
