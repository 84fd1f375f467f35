"""Answers to repeated calls are kept for every app now; the table stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("dispatch", "0010_last_use_is_in_the_audit")]

    operations = [
        migrations.SeparateDatabaseAndState(state_operations=[migrations.DeleteModel("IdempotentAnswer")])
    ]
