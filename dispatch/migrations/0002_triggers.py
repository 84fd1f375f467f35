"""What the database itself sees to: history is only added to, and every change of a request is counted."""

from django.db import migrations

SLOTS = 64

HISTORY = """
CREATE FUNCTION dispatch_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The history in % is only added to.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON dispatch_requestevent
  FOR EACH ROW EXECUTE FUNCTION dispatch_refuse_rewriting();
"""
HISTORY_BACK = """
DROP TRIGGER history_is_only_added_to ON dispatch_requestevent;
DROP FUNCTION dispatch_refuse_rewriting();
"""

# A statement that changed nothing (a lost bid) counts nothing, and so writes nothing.
REVISIONS = f"""
CREATE FUNCTION dispatch_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM changed) THEN
    INSERT INTO dispatch_revision AS r (slot, changes) VALUES (pg_backend_pid() % {SLOTS}, 1)
    ON CONFLICT (slot) DO UPDATE SET changes = r.changes + 1;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER new_requests_are_counted AFTER INSERT ON dispatch_analysisrequest
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION dispatch_count_change();
CREATE TRIGGER changed_requests_are_counted AFTER UPDATE ON dispatch_analysisrequest
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION dispatch_count_change();
CREATE TRIGGER deleted_requests_are_counted AFTER DELETE ON dispatch_analysisrequest
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION dispatch_count_change();
"""
REVISIONS_BACK = """
DROP TRIGGER new_requests_are_counted ON dispatch_analysisrequest;
DROP TRIGGER changed_requests_are_counted ON dispatch_analysisrequest;
DROP TRIGGER deleted_requests_are_counted ON dispatch_analysisrequest;
DROP FUNCTION dispatch_count_change();
"""


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0001_initial")]

    operations = [
        migrations.RunSQL(HISTORY, HISTORY_BACK),
        migrations.RunSQL(REVISIONS, REVISIONS_BACK),
    ]
