"""The audit of signed calls is only added to; rows older than a year may be deleted."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION api_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND OLD.at < statement_timestamp() - interval '1 year' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'The audit in % is only added to.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE ON api_signedcall
  FOR EACH ROW EXECUTE FUNCTION api_refuse_rewriting();
"""
BACK = """
DROP TRIGGER audit_is_only_added_to ON api_signedcall;
DROP FUNCTION api_refuse_rewriting();
"""


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACK)]
