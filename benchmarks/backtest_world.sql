-- A year of an org, from numbers that are the same in every run. Macros and `w` are temporary; the rest fills a mirror.
-- Set before: variables `leads`, `first_day`, `span` (days over which leads are made), `seen` and `texts`.

CREATE TEMP MACRO pick(items, number) AS items[1 + CAST(number % len(items) AS BIGINT)];
CREATE TEMP MACRO sfid(prefix, number) AS prefix || lpad(CAST(number AS VARCHAR), 12, '0') || 'AAA';
CREATE TEMP MACRO some_days(number) AS CAST(number AS BIGINT) * INTERVAL 1 DAY;

CREATE TEMP TABLE w AS
SELECT
    i, sfid('00Q', i) AS lead_id, sfid('003', i) AS contact_id, sfid('006', i) AS deal_id, made,
    made + some_days(10 + hash(i, 3) % 80) AS done,
    made + some_days(1 + hash(i, 5) % 9) AS contacted,
    hash(i, 1) % 7 = 0 AS converted,
    pick(['Closed Won', 'Closed Lost', 'Qualification'], hash(i, 4)) AS stage,
    hash(i, 7) % 4 AS ending
FROM (
    SELECT
        i,
        getvariable('first_day') + some_days(hash(i, 2) % getvariable('span'))
        + CAST(hash(i, 6) % 36000 AS BIGINT) * INTERVAL 1 SECOND AS made
    FROM range(getvariable('leads')) r(i)
);

INSERT INTO lead BY NAME
SELECT
    lead_id AS id, 'Company ' || i AS company, 'Lead ' || i AS last_name, 'p' || i || '@c' || i || '.example' AS email,
    CASE
        WHEN converted THEN 'Closed - Converted'
        WHEN ending = 0 THEN 'Closed - Not Converted'
        WHEN ending = 1 THEN 'Open - Not Contacted'
        ELSE 'Working - Contacted'
    END AS status,
    pick(['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other'], hash(i, 8)) AS lead_source,
    sfid('005', hash(i, 9) % 40) AS owner_id,
    CASE WHEN hash(i, 10) % 3 > 0 THEN 1000 * (hash(i, 10) % 90) END AS budget,
    hash(i, 11) % 6 = 0 AS pricing_discussed, hash(i, 12) % 9 = 0 AS meeting_agreed, 'Widget' AS product_interest,
    made AS created_at, greatest(done, contacted) AS system_modstamp, converted AS is_converted,
    CASE WHEN converted THEN CAST(done AS DATE) END AS converted_at,
    CASE WHEN converted THEN contact_id END AS converted_contact_id,
    CASE WHEN converted THEN deal_id END AS converted_opportunity_id,
    false AS is_deleted, getvariable('seen') AS seen_at, 'bench' AS run_id
FROM w;

INSERT INTO task BY NAME
SELECT
    sfid('00T', i * 10 + n) AS id, CASE WHEN converted THEN contact_id ELSE lead_id END AS who_id,
    'Call ' || n AS subject, pick(getvariable('texts'), hash(i, n, 1)) AS description,
    pick(['Call', 'Email', 'Task'], hash(i, n, 2)) AS task_subtype, hash(i, n, 3) % 5 > 0 AS is_closed,
    CAST(moment AS DATE) AS due_date, CASE WHEN hash(i, n, 3) % 5 > 0 THEN moment END AS completed_at,
    moment AS created_at, moment AS system_modstamp, false AS is_deleted,
    getvariable('seen') AS seen_at, 'bench' AS run_id
FROM (SELECT *, made + some_days(hash(i, n, 4) % 90) AS moment FROM w, range(6) t(n));

INSERT INTO event BY NAME
SELECT
    sfid('00U', i) AS id, CASE WHEN converted THEN contact_id ELSE lead_id END AS who_id, 'Meeting' AS subject,
    pick(getvariable('texts'), hash(i, 1, 1)) AS description, moment + INTERVAL 9 DAY AS started_at,
    moment + INTERVAL 9 DAY + INTERVAL 1 HOUR AS ended_at, moment AS created_at, moment AS system_modstamp,
    false AS is_deleted, getvariable('seen') AS seen_at, 'bench' AS run_id
FROM (SELECT *, made + some_days(hash(i, 13) % 60) AS moment FROM w);

INSERT INTO lead_history BY NAME
SELECT
    sfid('017', i * 10 + n) AS id, lead_id, field, old_value, new_value, moment AS created_at,
    false AS is_deleted, getvariable('seen') AS seen_at, 'bench' AS run_id
FROM (
    SELECT i, 0 AS n, lead_id, 'created' AS field, NULL AS old_value, NULL AS new_value, made AS moment FROM w
    UNION ALL
    SELECT i, 1, lead_id, 'Status', 'Open - Not Contacted', 'Working - Contacted', contacted FROM w
    WHERE converted OR ending <> 1
    UNION ALL
    SELECT
        i, 2, lead_id, 'Status', 'Working - Contacted',
        CASE WHEN converted THEN 'Closed - Converted' ELSE 'Closed - Not Converted' END, done
    FROM w WHERE converted OR ending = 0
    UNION ALL
    SELECT i, 3, lead_id, 'Pricing_Discussed__c', 'false', 'true', contacted FROM w WHERE hash(i, 11) % 6 = 0
    UNION ALL
    SELECT i, 4, lead_id, 'leadConverted', NULL, NULL, done FROM w WHERE converted
);

INSERT INTO contact BY NAME
SELECT
    contact_id AS id, 'p' || i || '@c' || i || '.example' AS email, done AS created_at, done AS system_modstamp,
    false AS is_deleted, getvariable('seen') AS seen_at, 'bench' AS run_id
FROM w WHERE converted;

INSERT INTO opportunity BY NAME
SELECT
    deal_id AS id, 'Deal ' || i AS name, 500 * (1 + hash(i, 14) % 200) AS amount, stage AS stage_name,
    stage <> 'Qualification' AS is_closed, stage = 'Closed Won' AS is_won, done AS created_at,
    done AS system_modstamp, false AS is_deleted, getvariable('seen') AS seen_at, 'bench' AS run_id
FROM w WHERE converted;

INSERT INTO opportunity_history BY NAME
SELECT
    sfid('008', i * 10 + n) AS id, deal_id AS opportunity_id, CASE WHEN n = 2 THEN stage ELSE 'Qualification' END AS
    stage_name, 500 * (1 + hash(i, 14) % 200) AS amount, done + some_days(n * 20) AS created_at,
    false AS is_deleted, getvariable('seen') AS seen_at, 'bench' AS run_id
FROM w, range(3) s(n) WHERE converted;
