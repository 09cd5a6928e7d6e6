-- The mirror's own tables, beside those of the mapped objects and of their superseded versions (sync/mirror/tables.py).

-- key → value: `format` (a number that another leadgate may raise), `org_id` (18 characters).
CREATE TABLE IF NOT EXISTS mirror_meta (
    key VARCHAR NOT NULL,
    value VARCHAR NOT NULL
);

-- One row per object that a pull has completed: where the next one goes on.
CREATE TABLE IF NOT EXISTS pull_state (
    object VARCHAR NOT NULL,         -- our name
    watermark TIMESTAMP,             -- the org vouches for everything stamped before this; NULL: skipped
    deleted_until TIMESTAMP,         -- how far getDeleted has been read
    columns VARCHAR NOT NULL,        -- JSON: our field name → [API name as the org spells it or null, type]
    skipped VARCHAR,                 -- why the object can't be read in this org; then everything above is empty
    run_id VARCHAR NOT NULL,
    pulled_at TIMESTAMP NOT NULL
);

-- One row per object and run: the completeness record.
CREATE TABLE IF NOT EXISTS pull_object (
    run_id VARCHAR NOT NULL,
    object VARCHAR NOT NULL,         -- API name
    finished_at TIMESTAMP NOT NULL,
    window_from TIMESTAMP,           -- inclusive; NULL: from the beginning
    window_to TIMESTAMP NOT NULL,    -- inclusive; the server's clock when the records had been read
    route VARCHAR NOT NULL,
    expected BIGINT NOT NULL,        -- what the org counts in the window
    received BIGINT NOT NULL,        -- distinct records read in the window
    changed BIGINT NOT NULL,         -- of them, new to the mirror or different from what it held
    deleted BIGINT NOT NULL,         -- deletions that this run brought, without merges
    merged BIGINT NOT NULL           -- merge losers that this run brought
);

-- People that `leadgate forget` removed; their records are never taken in again.
CREATE TABLE IF NOT EXISTS forgotten (
    id VARCHAR NOT NULL,
    forgotten_at TIMESTAMP NOT NULL
);

-- How likely open leads are to become opportunities, written whole by each `leadgate pull` and `leadgate score train`.
CREATE TABLE IF NOT EXISTS lead_likelihood (
    lead_id VARCHAR NOT NULL,
    likelihood DOUBLE NOT NULL,      -- between 0 and 1
    low DOUBLE NOT NULL,             -- the interval around it
    high DOUBLE NOT NULL,
    reasons VARCHAR NOT NULL,        -- JSON: [[column, level, odds], …], strongest first
    model_id VARCHAR NOT NULL,
    scored_at TIMESTAMP NOT NULL     -- known from then on, for no earlier day
);
