"""Only what has been judged is looked up by when it was: what waits needs no place in that index."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """One index for another."""

    dependencies = [("loaders", "0011_restricted_sight")]

    operations = [
        migrations.RemoveIndex(model_name="change", name="changes_lately_judged"),
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                fields=["project", "looked_at"], condition=Q(pending=False), name="changes_lately_judged"
            ),
        ),
    ]
