"""A change of requests is counted by one statement instead of two."""

from django.db import migrations

COUNTING = """
CREATE OR REPLACE FUNCTION dispatch_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO dispatch_revision AS r (slot, changes)
  SELECT pg_backend_pid() % 64, 1 WHERE EXISTS (SELECT FROM changed)
  ON CONFLICT (slot) DO UPDATE SET changes = r.changes + 1;
  RETURN NULL;
END $$;
"""
COUNTING_BACK = """
CREATE OR REPLACE FUNCTION dispatch_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM changed) THEN
    INSERT INTO dispatch_revision AS r (slot, changes) VALUES (pg_backend_pid() % 64, 1)
    ON CONFLICT (slot) DO UPDATE SET changes = r.changes + 1;
  END IF;
  RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('dispatch', '0011_answers_are_kept_by_the_api'),
    ]

    operations = [
        migrations.RunSQL(COUNTING, COUNTING_BACK),
    ]
