-- $title
-- Removes $records records of Magma's, copied in the bundle with SHA-256 $sha256.
-- Run it in Magma's own database:  psql -X -v ON_ERROR_STOP=1 -f FILE DATABASE
-- It proves before it deletes. Unless every record is there as it was copied, every orphan is still without a parent
-- and nothing outside refers to any of them, it raises and nothing is removed. Rows are locked for a second at most.
BEGIN;
SET LOCAL lock_timeout = '1s';
SET LOCAL statement_timeout = '60s';
SET LOCAL idle_in_transaction_session_timeout = '5s';
SET LOCAL row_security = off;
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL timezone = 'UTC';

CREATE TEMPORARY TABLE polyphemus_expected ON COMMIT DROP AS
SELECT given.j ->> 'project' AS project, tree.number AS tree,
       node.value ->> 'model' AS model, node.value ->> 'record' AS record,
       node.value -> 'above' ->> 'model' AS above_model, node.value -> 'above' ->> 'record' AS above_record,
       left(node.value ->> 'created_at', 19) AS created_at, left(node.value ->> 'updated_at', 19) AS updated_at,
       node.value -> 'values' AS spelt, NULL::bigint AS row_id
FROM (SELECT $expected::jsonb AS j) AS given,
     LATERAL jsonb_array_elements(given.j -> 'trees') WITH ORDINALITY AS tree(value, number),
     LATERAL jsonb_array_elements(tree.value) AS node(value);

CREATE TEMPORARY TABLE polyphemus_place
  (model text PRIMARY KEY, oid oid UNIQUE, place text, identifier text, parent text) ON COMMIT DROP;

-- Which tables: no row is locked meanwhile.
DO $$polyphemus$$
DECLARE
  instant constant text := 'YYYY-MM-DD"T"HH24:MI:SS';
  wanted record; candidate record; spot record; own record; found bigint; best bigint; ties int; stray text;
BEGIN
  IF current_setting('session_replication_role') <> 'origin' THEN
    RAISE EXCEPTION 'session_replication_role switches foreign keys off: it must be origin.';
  END IF;
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
      WHERE n.nspname = wanted.project AND c.relkind IN ('r', 'p')
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
  -- From here on nobody hangs a key or a trigger on them; reading and writing go on.
  FOR spot IN SELECT * FROM pg_temp.polyphemus_place ORDER BY place LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN ROW EXCLUSIVE MODE', spot.place);
    SELECT min(t.tgname::text) INTO stray FROM pg_trigger t
      WHERE t.tgrelid = spot.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' AND (t.tgtype & 8) = 8;
    IF stray IS NOT NULL OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = spot.oid AND r.ev_type = '4') THEN
      RAISE EXCEPTION 'A trigger or rule (%) on % would act on a deletion.', stray, spot.place;
    END IF;
    IF EXISTS (SELECT FROM pg_inherits i WHERE spot.oid IN (i.inhparent, i.inhrelid)) THEN
      RAISE EXCEPTION '% is partitioned or inherits: a deletion would reach further than it says.', spot.place;
    END IF;
  END LOOP;
END
$$polyphemus$$;

SET LOCAL statement_timeout = '1s';
DO $$polyphemus$$
DECLARE
  instant constant text := 'YYYY-MM-DD"T"HH24:MI:SS';
  expected constant bigint := (SELECT count(*) FROM pg_temp.polyphemus_expected);
  spot record; link record; held record; found bigint; stray text; gone bigint; statement text;
BEGIN
  -- Lock every row, then look: as copied, parents too, none for the orphans, nothing written since.
  FOR spot IN SELECT * FROM pg_temp.polyphemus_place ORDER BY place LOOP
    EXECUTE format(
      'SELECT min(t.%I::text) FROM %s t JOIN pg_temp.polyphemus_expected e ON e.model = %L AND t.%I::text = e.record'
      ' GROUP BY t.%I HAVING count(*) > 1 LIMIT 1',
      spot.identifier, spot.place, spot.model, spot.identifier, spot.identifier) INTO stray;
    IF stray IS NOT NULL THEN
      RAISE EXCEPTION 'More than one row of % is called %.', spot.place, stray;
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
      '   OR t.%I::text IS DISTINCT FROM e.record OR t.%I IS DISTINCT FROM a.row_id)',
      spot.place, spot.model, instant, spot.identifier, spot.parent) INTO stray;
    IF stray IS NOT NULL THEN
      RAISE EXCEPTION '% % has changed since it was copied, has a parent, or is gone.', spot.model, stray;
    END IF;
    -- Magma's stamp has whole seconds: what was written within one is seen by the values.
    FOR link IN
      SELECT DISTINCT a.attribute_name, a.column_name, a.type
      FROM pg_temp.polyphemus_expected e CROSS JOIN LATERAL jsonb_object_keys(e.spelt) AS s(attribute)
      JOIN public.attributes a
        ON a.project_name = e.project AND a.model_name = e.model AND a.attribute_name = s.attribute
      WHERE e.model = spot.model
    LOOP
      EXECUTE format(
        'SELECT min(e.record) FROM pg_temp.polyphemus_expected e JOIN %s t ON t.id = e.row_id'
        ' WHERE e.model = %L AND e.spelt ? %L AND %s IS DISTINCT FROM e.spelt ->> %L',
        spot.place, spot.model, link.attribute_name,
        CASE link.type WHEN 'date_time' THEN format('to_char(t.%I, %L)', link.column_name, instant)
          ELSE format('t.%I::text', link.column_name) END,
        link.attribute_name) INTO stray;
      IF stray IS NOT NULL THEN
        RAISE EXCEPTION '% % has changed since it was copied: its %.', spot.model, stray, link.attribute_name;
      END IF;
    END LOOP;
  END LOOP;

  -- Nothing outside may refer to any of them: by foreign keys from whatever table, and by links without one.
  FOR link IN
    SELECT p.place, p.model, k.conname AS named, format('%I.%I', n.nspname, c.relname) AS referrer, c.oid AS referrer_oid,
      true AS guarded,
      (SELECT string_agg(format('r.%I = t.%I', own_column.attname, far_column.attname), ' AND ')
       FROM unnest(k.conkey, k.confkey) AS u(own_number, far_number)
       JOIN pg_attribute own_column ON own_column.attrelid = k.conrelid AND own_column.attnum = u.own_number
       JOIN pg_attribute far_column ON far_column.attrelid = k.confrelid AND far_column.attnum = u.far_number
      ) AS matches
    FROM pg_constraint k JOIN pg_temp.polyphemus_place p ON p.oid = k.confrelid
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0
    UNION ALL
    SELECT p.place, p.model, l.attribute_name, format('%I.%I', n.nspname, c.relname), c.oid, false,
      format('r.%I = t.id', l.column_name)
    FROM pg_temp.polyphemus_place p
    JOIN (SELECT DISTINCT e.project FROM pg_temp.polyphemus_expected e) AS e ON true
    JOIN public.attributes l
      ON l.project_name = e.project AND l.link_model_name = p.model AND l.type IN ('parent', 'link')
    LEFT JOIN pg_temp.polyphemus_place own ON own.model = l.model_name
    JOIN pg_namespace n ON n.nspname = e.project
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p') AND (own.oid IS NULL OR own.oid = c.oid)
    WHERE ARRAY(SELECT a.column_name FROM public.attributes a
                WHERE a.project_name = e.project AND a.model_name = l.model_name
                  AND a.type NOT IN ('collection', 'table', 'child'))
          <@ ARRAY(SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)
      AND NOT EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a
                        ON a.attrelid = k.conrelid AND k.conkey = ARRAY[a.attnum] AND a.attname = l.column_name
                      WHERE k.contype = 'f' AND k.conrelid = c.oid)
  LOOP
    IF NOT link.guarded THEN
      EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', link.referrer);
    END IF;
    SELECT p.model INTO held FROM pg_temp.polyphemus_place p WHERE p.oid = link.referrer_oid;
    statement := format(
      'SELECT min(e.record) FROM %s r JOIN %s t ON %s JOIN pg_temp.polyphemus_expected e'
      ' ON e.model = %L AND e.row_id = t.id', link.referrer, link.place, link.matches, link.model);
    IF held.model IS NOT NULL THEN
      statement := statement || format(
        ' WHERE NOT EXISTS (SELECT FROM pg_temp.polyphemus_expected x WHERE x.model = %L AND x.row_id = r.id)',
        held.model);
    END IF;
    EXECUTE statement INTO stray;
    IF stray IS NOT NULL THEN
      RAISE EXCEPTION 'A row of % (%) refers to % %.', link.referrer, link.named, link.model, stray;
    END IF;
  END LOOP;

  -- One statement for all tables: whichever way their keys run, PostgreSQL looks at them when it ends.
  SELECT 'WITH ' || string_agg(format(
           'd%s AS (DELETE FROM %s WHERE id IN (SELECT row_id FROM pg_temp.polyphemus_expected WHERE model = %L)'
           ' RETURNING 1)', p.oid, p.place, p.model), ', ')
         || ' SELECT ' || string_agg(format('(SELECT count(*) FROM d%s)', p.oid), ' + ')
    INTO statement FROM pg_temp.polyphemus_place p;
  EXECUTE statement INTO gone;
  SET CONSTRAINTS ALL IMMEDIATE;
  IF gone <> expected THEN
    RAISE EXCEPTION 'The copy holds % records and % would be removed.', expected, gone;
  END IF;
  RAISE NOTICE 'Removed % records, as copied.', gone;
END
$$polyphemus$$;
COMMIT;
