"""Versions and editions are only added to, like a request's history."""

from django.db import migrations

TABLES = ("configuring_configurationversion", "configuring_schemaedition", "configuring_configuredrequest")
GUARD = """
CREATE TRIGGER history_is_only_added_to BEFORE UPDATE OR DELETE ON {0}
  FOR EACH ROW EXECUTE FUNCTION dispatch_refuse_rewriting();
"""
UNGUARD = "DROP TRIGGER history_is_only_added_to ON {0};"


class Migration(migrations.Migration):
    dependencies = [("configuring", "0001_initial")]

    operations = [migrations.RunSQL(GUARD.format(table), UNGUARD.format(table)) for table in TABLES]
