"""When a key was last used is asked of the audit."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0009_what_is_kept_is_not_emptied")]

    operations = [migrations.RemoveField(model_name="apikey", name="last_used_at")]
