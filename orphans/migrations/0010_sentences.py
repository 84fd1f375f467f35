from __future__ import annotations

from django.db import migrations

from polyphemus_site.sentences import SentenceField

#: What was kept as words stays as it was said: a JSON text.
TEXTS = (
    ("auditentry", "note"),
    ("orphan", "cause_note"),
    ("search", "error"),
    ("review", "trouble"),
    ("reviewitem", "fate_note"),
)
ALTER = "ALTER TABLE orphans_{0} ALTER COLUMN {1} TYPE {2} USING {3}"


class Migration(migrations.Migration):
    dependencies = [("orphans", "0009_what_is_kept_is_not_emptied")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    ALTER.format(table, column, "jsonb", f"to_jsonb({column})"),
                    ALTER.format(table, column, "text", f"coalesce({column}->>'say', {column} #>> '{{}}')"),
                )
                for table, column in TEXTS
            ],
            state_operations=[
                *(migrations.AlterField(table, column, SentenceField(blank=True)) for table, column in TEXTS),
                *(
                    migrations.AlterField("reviewitem", column, SentenceField(default=list))
                    for column in ("blockers", "mentions")  # jsonb already
                ),
            ],
        )
    ]
