"""Nothing empties histories or bids, and no bid is deleted: TRUNCATE asks no trigger that looks at rows."""

from django.db import migrations

TABLES = ("dispatch_requestevent", "dispatch_keyevent", "dispatch_bid")

FUNCTION = """
CREATE FUNCTION dispatch_refuse_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Nobody empties %: it is kept.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
FUNCTION_BACK = "DROP FUNCTION dispatch_refuse_emptying();"
GUARD = """
CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON {0}
  FOR EACH STATEMENT EXECUTE FUNCTION dispatch_refuse_emptying();
"""
UNGUARD = "DROP TRIGGER history_is_not_emptied ON {0};"
BIDS = """
CREATE TRIGGER bids_are_kept BEFORE DELETE ON dispatch_bid
  FOR EACH ROW EXECUTE FUNCTION dispatch_refuse_rewriting();
"""
BIDS_BACK = "DROP TRIGGER bids_are_kept ON dispatch_bid;"


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0008_sheets")]

    operations = [
        migrations.RunSQL(FUNCTION, FUNCTION_BACK),
        *(migrations.RunSQL(GUARD.format(table), UNGUARD.format(table)) for table in TABLES),
        migrations.RunSQL(BIDS, BIDS_BACK),
    ]
