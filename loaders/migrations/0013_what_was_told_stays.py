"""What the database itself sees to: what ended stays as it was told, and its history is never rewritten."""

from django.db import migrations

#: What somebody was told, and what became of it. Marks may still follow the warehouse (`restricted`, `shadow`).
TOLD = """project, loader, loader_version, analysis, model, anchor, members, output_key, status, due, reason,
    fingerprint, output, config, receipt, records, opened_at, ended_at, because, request_name"""

FREEZE = f"""
CREATE FUNCTION loaders_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'What is told in % stays as it was told.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ended_suggestions_stay BEFORE UPDATE OF {TOLD} ON loaders_suggestion
  FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION loaders_refuse_rewriting();
CREATE TRIGGER history_is_not_rewritten BEFORE UPDATE ON loaders_suggestionevent
  FOR EACH ROW EXECUTE FUNCTION loaders_refuse_rewriting();
"""
THAW = """
DROP TRIGGER history_is_not_rewritten ON loaders_suggestionevent;
DROP TRIGGER ended_suggestions_stay ON loaders_suggestion;
DROP FUNCTION loaders_refuse_rewriting();
"""


class Migration(migrations.Migration):
    """Deleting stays possible: a part of the rows may have to be taken away by hand, and is noticed."""

    dependencies = [("loaders", "0012_changes_judged_lately")]

    operations = [migrations.RunSQL(FREEZE, THAW)]
