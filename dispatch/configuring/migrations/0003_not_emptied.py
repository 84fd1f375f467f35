"""Nothing empties versions and editions either."""

from django.db import migrations

TABLES = ("configuring_configurationversion", "configuring_schemaedition", "configuring_configuredrequest")
GUARD = """
CREATE TRIGGER history_is_not_emptied BEFORE TRUNCATE ON {0}
  FOR EACH STATEMENT EXECUTE FUNCTION dispatch_refuse_emptying();
"""
UNGUARD = "DROP TRIGGER history_is_not_emptied ON {0};"


class Migration(migrations.Migration):
    dependencies = [("configuring", "0002_append_only"), ("dispatch", "0009_what_is_kept_is_not_emptied")]

    operations = [migrations.RunSQL(GUARD.format(table), UNGUARD.format(table)) for table in TABLES]
