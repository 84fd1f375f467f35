"""A notice costs less to write: no second index of keys for searches nobody makes, a pattern for a list of words."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mail', '0004_held_and_told'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='notice',
            name='notice_status_is_known',
        ),
        migrations.AlterField(
            model_name='notice',
            name='key',
            field=models.CharField(max_length=300),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.UniqueConstraint(fields=('key',), name='one_notice_for_each_key'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('status__regex', '^(waiting|held|sending|sent|told|failed|withheld)$')), name='notice_status_is_known'),
        ),
    ]
