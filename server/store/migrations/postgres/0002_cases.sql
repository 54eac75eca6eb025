-- The same tables as the file of this number for SQLite.
-- A case as lists show it: a view of its journal, written in the same transaction. `n` is the moment at which the case began
-- (UTC µs), moved on where that one is taken: lists go by it, newest first.
CREATE TABLE case_rows (
    n          BIGINT           PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE REFERENCES cases (id),
    case_no    TEXT COLLATE "C" NOT NULL UNIQUE,
    item       TEXT COLLATE "C",
    item_title TEXT             NOT NULL,
    department TEXT COLLATE "C" NOT NULL,
    applicant  TEXT             NOT NULL,
    uscc       TEXT COLLATE "C" NOT NULL,
    stage      TEXT COLLATE "C" NOT NULL,
    began_at   BIGINT           NOT NULL,
    -- The last day of what the authority has to do next, `2026-12-01`.
    due_on     TEXT COLLATE "C"
);
CREATE INDEX case_rows_by_stage ON case_rows (stage, n);
CREATE INDEX case_rows_by_department ON case_rows (department, n);
CREATE INDEX case_rows_by_department_stage ON case_rows (department, stage, n);
CREATE INDEX case_rows_by_item ON case_rows (item, n);
CREATE INDEX case_rows_by_uscc ON case_rows (uscc, n);
CREATE INDEX case_rows_by_due ON case_rows (due_on, n, department) WHERE due_on IS NOT NULL;

-- Pairs of neighbouring characters of applicant and item title, and `#` with the last part of the number.
CREATE TABLE case_terms (
    term TEXT COLLATE "C" NOT NULL,
    n    BIGINT           NOT NULL REFERENCES case_rows (n),
    PRIMARY KEY (term, n)
);

-- How many cases stand where: what a supervisor asks for most.
CREATE TABLE case_counts (
    department TEXT COLLATE "C" NOT NULL,
    stage      TEXT COLLATE "C" NOT NULL,
    cases      BIGINT           NOT NULL,
    PRIMARY KEY (department, stage)
);

-- Who has a part in a case, and as what. Whom a journal names need not be known here: a view never stops a journal.
CREATE TABLE case_people (
    person TEXT COLLATE "C" NOT NULL,
    n      BIGINT           NOT NULL REFERENCES case_rows (n),
    roles  TEXT             NOT NULL CHECK (roles::json IS NOT NULL),
    PRIMARY KEY (person, n)
);
CREATE INDEX case_people_by_case ON case_people (n);
