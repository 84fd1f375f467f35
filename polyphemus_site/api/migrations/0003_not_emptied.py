"""Nothing empties the audit of signed calls: TRUNCATE asks no trigger that looks at rows."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION api_refuse_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'Nobody empties %: it is kept.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON api_signedcall
  FOR EACH STATEMENT EXECUTE FUNCTION api_refuse_emptying();
"""
BACK = """
DROP TRIGGER history_is_not_emptied ON api_signedcall;
DROP FUNCTION api_refuse_emptying();
"""


class Migration(migrations.Migration):
    dependencies = [("api", "0002_append_only")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
