-- $title
-- Removes $records records of Magma's, copied in the bundle with SHA-256 $sha256.
-- Run it in Magma's own database:  psql -v ON_ERROR_STOP=1 -f FILE DATABASE
-- It proves before it deletes. Unless every record is there as it was copied, every orphan is still without a parent
-- and nothing outside refers to any of them, it raises and nothing is removed.
BEGIN;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '60s';
SET LOCAL row_security = off;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL timezone = 'UTC';

CREATE TEMPORARY TABLE polyphemus_expected ON COMMIT DROP AS
SELECT given.j ->> 'project' AS project, tree.number AS tree,
       node.value ->> 'model' AS model, node.value ->> 'record' AS record,
       node.value -> 'above' ->> 'model' AS above_model, node.value -> 'above' ->> 'record' AS above_record,
       left(node.value ->> 'created_at', 19) AS created_at, left(node.value ->> 'updated_at', 19) AS updated_at,
       NULL::bigint AS row_id
FROM (SELECT $expected::jsonb AS j) AS given,
     LATERAL jsonb_array_elements(given.j -> 'trees') WITH ORDINALITY AS tree(value, number),
     LATERAL jsonb_array_elements(tree.value) AS node(value);

CREATE TEMPORARY TABLE polyphemus_place
  (model text PRIMARY KEY, oid oid UNIQUE, place text, identifier text, parent text) ON COMMIT DROP;

DO $$polyphemus$$
DECLARE
  instant constant text := 'YYYY-MM-DD"T"HH24:MI:SS';
  expected constant bigint := (SELECT count(*) FROM pg_temp.polyphemus_expected);
  wanted record; candidate record; spot record; key record;
  own record; found bigint; best bigint; ties int; stray text; gone bigint; statement text;
BEGIN
  -- Magma keeps no list of tables: a model's is the one that has all its columns and holds the records copied.
  FOR wanted IN SELECT e.project, e.model FROM pg_temp.polyphemus_expected e GROUP BY 1, 2 LOOP
    SELECT array_agg(a.column_name) FILTER (WHERE a.type NOT IN ('collection', 'table', 'child')) AS columns,
           coalesce(max(a.column_name) FILTER (WHERE a.type = 'identifier'), 'id') AS identifier,
           max(a.column_name) FILTER (WHERE a.type = 'parent') AS parent
      INTO own FROM public.attributes a
      WHERE a.project_name = wanted.project AND a.model_name = wanted.model;
    IF own.parent IS NULL THEN
      RAISE EXCEPTION 'Magma knows no model % of % that has a parent.', wanted.model, wanted.project;
    END IF;
    best := 0; ties := 0;
    FOR candidate IN
      SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS place
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = wanted.project AND c.relkind = 'r'
        AND own.columns || ARRAY['id', 'created_at', 'updated_at'] <@ ARRAY(
          SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
    LOOP
      EXECUTE format(
        'SELECT count(*) FROM pg_temp.polyphemus_expected e JOIN %s t ON t.%I::text = e.record'
        ' AND to_char(t.created_at, %L) IS NOT DISTINCT FROM e.created_at WHERE e.model = %L',
        candidate.place, own.identifier, instant, wanted.model) INTO found;
      IF found > best THEN
        best := found; ties := 1;
        DELETE FROM pg_temp.polyphemus_place p WHERE p.model = wanted.model;
        INSERT INTO pg_temp.polyphemus_place
          VALUES (wanted.model, candidate.oid, candidate.place, own.identifier, own.parent);
      ELSIF found = best AND found > 0 THEN
        ties := ties + 1;
      END IF;
    END LOOP;
    IF ties <> 1 THEN
      RAISE EXCEPTION 'The table of model % can''t be told: % fit.', wanted.model, ties;
    END IF;
  END LOOP;

  -- Lock every row, then look again: parents as copied, none for the orphans, nothing written since.
  FOR spot IN SELECT * FROM pg_temp.polyphemus_place ORDER BY place LOOP
    SELECT min(t.tgname::text) INTO stray FROM pg_trigger t
      WHERE t.tgrelid = spot.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 8) = 8;
    IF stray IS NOT NULL OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = spot.oid AND r.ev_type = '4') THEN
      RAISE EXCEPTION 'A trigger or rule (%) on % would act on a deletion.', stray, spot.place;
    END IF;
    EXECUTE format(
      'UPDATE pg_temp.polyphemus_expected e SET row_id = t.id FROM %s t WHERE e.model = %L AND t.%I::text = e.record',
      spot.place, spot.model, spot.identifier);
    EXECUTE format(
      'SELECT count(*) FROM (SELECT FROM %s t WHERE t.id IN'
      ' (SELECT e.row_id FROM pg_temp.polyphemus_expected e WHERE e.model = %L) ORDER BY t.id FOR UPDATE) AS locked',
      spot.place, spot.model) INTO found;
  END LOOP;
  FOR spot IN SELECT * FROM pg_temp.polyphemus_place ORDER BY place LOOP
    EXECUTE format(
      'SELECT min(e.record) FROM pg_temp.polyphemus_expected e LEFT JOIN %s t ON t.id = e.row_id'
      ' LEFT JOIN pg_temp.polyphemus_expected a'
      '   ON a.tree = e.tree AND a.model = e.above_model AND a.record = e.above_record'
      ' WHERE e.model = %L AND (t.id IS NULL OR to_char(t.updated_at, %L) IS DISTINCT FROM e.updated_at'
      '   OR t.%I IS DISTINCT FROM a.row_id)',
      spot.place, spot.model, instant, spot.parent) INTO stray;
    IF stray IS NOT NULL THEN
      RAISE EXCEPTION '% % has changed since it was copied, has a parent, or is gone.', spot.model, stray;
    END IF;
  END LOOP;

  -- Nothing outside may refer to any of them, from whatever table.
  FOR key IN
    SELECT p.place, p.model, k.conname, format('%I.%I', n.nspname, c.relname) AS referrer, far.model AS referrer_model,
      (SELECT string_agg(format('r.%I = t.%I', own_column.attname, far_column.attname), ' AND ')
       FROM unnest(k.conkey, k.confkey) AS u(own_number, far_number)
       JOIN pg_attribute own_column ON own_column.attrelid = k.conrelid AND own_column.attnum = u.own_number
       JOIN pg_attribute far_column ON far_column.attrelid = k.confrelid AND far_column.attnum = u.far_number
      ) AS matches
    FROM pg_constraint k JOIN pg_temp.polyphemus_place p ON p.oid = k.confrelid
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_temp.polyphemus_place far ON far.oid = k.conrelid
    WHERE k.contype = 'f' AND k.conparentid = 0
  LOOP
    statement := format(
      'SELECT min(e.record) FROM %s r JOIN %s t ON %s JOIN pg_temp.polyphemus_expected e'
      ' ON e.model = %L AND e.row_id = t.id', key.referrer, key.place, key.matches, key.model);
    IF key.referrer_model IS NOT NULL THEN
      statement := statement || format(
        ' WHERE NOT EXISTS (SELECT FROM pg_temp.polyphemus_expected x WHERE x.model = %L AND x.row_id = r.id)',
        key.referrer_model);
    END IF;
    EXECUTE statement INTO stray;
    IF stray IS NOT NULL THEN
      RAISE EXCEPTION 'A row of % (%) refers to % %.', key.referrer, key.conname, key.model, stray;
    END IF;
  END LOOP;

  -- One statement for all tables: whichever way their keys run, PostgreSQL looks at them when it ends.
  SELECT 'WITH ' || string_agg(format(
           'd%s AS (DELETE FROM %s WHERE id IN (SELECT row_id FROM pg_temp.polyphemus_expected WHERE model = %L)'
           ' RETURNING 1)', p.oid, p.place, p.model), ', ')
         || ' SELECT ' || string_agg(format('(SELECT count(*) FROM d%s)', p.oid), ' + ')
    INTO statement FROM pg_temp.polyphemus_place p;
  EXECUTE statement INTO gone;
  IF gone <> expected THEN
    RAISE EXCEPTION 'The copy holds % records and % would be removed.', expected, gone;
  END IF;
  RAISE NOTICE 'Removed % records, as copied.', gone;
END
$$polyphemus$$;
COMMIT;
