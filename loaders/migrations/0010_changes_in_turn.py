"""What wants judging is read in its order from the index, however much of it there is."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """One index for another."""

    dependencies = [("loaders", "0009_sentences")]

    operations = [
        migrations.RemoveIndex(model_name="change", name="changes_to_judge"),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                fields=["project", "ripe_at", "id"], condition=Q(pending=True), name="changes_in_turn"
            ),
        ),
    ]
