"""Nothing empties the audit, or the list of copies: TRUNCATE asks no trigger that looks at rows."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orphans_refuse_emptying() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Nobody empties %: it is kept.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER orphans_is_not_emptied BEFORE TRUNCATE ON orphans_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION orphans_refuse_emptying();
CREATE TRIGGER orphans_is_not_emptied BEFORE TRUNCATE ON orphans_bundle
    FOR EACH STATEMENT EXECUTE FUNCTION orphans_refuse_emptying();
"""
BACKWARD = """
DROP TRIGGER orphans_is_not_emptied ON orphans_bundle;
DROP TRIGGER orphans_is_not_emptied ON orphans_auditentry;
DROP FUNCTION orphans_refuse_emptying();
"""


class Migration(migrations.Migration):
    dependencies = [("orphans", "0008_what_was_hidden_stays_so")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
