"""Answers to repeated calls came from dispatch; the table stays as it is."""

from django.db import migrations, models

import polyphemus_site.postgresql.fields


class Migration(migrations.Migration):
    dependencies = [("api", "0003_not_emptied"), ("dispatch", "0011_answers_are_kept_by_the_api")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name="IdempotentAnswer",
                    fields=[
                        (
                            "id",
                            models.BigAutoField(
                                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                            ),
                        ),
                        ("caller", models.CharField(max_length=254)),
                        ("key", models.CharField(max_length=255)),
                        ("fingerprint", models.CharField(max_length=64)),
                        ("at", models.DateTimeField(db_index=True)),
                        ("status", models.PositiveSmallIntegerField(default=0)),
                        ("headers", models.JSONField(default=dict)),
                        ("body", polyphemus_site.postgresql.fields.VerbatimJSONField(null=True)),
                    ],
                    options={
                        "db_table": "dispatch_idempotentanswer",
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("caller", "key"), name="a_caller_uses_an_idempotency_key_once"
                            )
                        ],
                    },
                )
            ]
        )
    ]
