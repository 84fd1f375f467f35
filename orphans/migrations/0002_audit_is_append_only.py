"""The audit refuses to be changed, whoever asks: a trigger, so that no code of ours can forget it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orphans_refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit of orphans is append-only.' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER orphans_audit_is_append_only BEFORE UPDATE OR DELETE ON orphans_auditentry
    FOR EACH ROW EXECUTE FUNCTION orphans_refuse_rewriting();
"""
BACKWARD = """
DROP TRIGGER orphans_audit_is_append_only ON orphans_auditentry;
DROP FUNCTION orphans_refuse_rewriting();
"""


class Migration(migrations.Migration):
    dependencies = [("orphans", "0001_orphans_and_reviews")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
