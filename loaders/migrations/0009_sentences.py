from __future__ import annotations

from django.db import migrations

import polyphemus_site.sentences

#: What was kept as words stays as it was said: a JSON text.
TEXTS = (("suggestion", "reason"), ("suggestion", "because"), ("suggestionevent", "note"))
ALTER = "ALTER TABLE loaders_{0} ALTER COLUMN {1} TYPE {2} USING {3}"


class Migration(migrations.Migration):
    dependencies = [("loaders", "0008_by_anchor")]

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
                migrations.AlterField("suggestion", "reason", polyphemus_site.sentences.SentenceField()),
                migrations.AlterField(
                    "suggestion", "because", polyphemus_site.sentences.SentenceField(blank=True)
                ),
                migrations.AlterField(
                    "suggestionevent", "note", polyphemus_site.sentences.SentenceField(blank=True)
                ),
            ],
        )
    ]
