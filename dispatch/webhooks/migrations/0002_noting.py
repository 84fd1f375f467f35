"""Each line of history is noted for the endpoints in the statement that writes it, while there is one to tell."""

from django.db import migrations

NOTING = """
CREATE FUNCTION webhooks_note_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM webhooks_endpoint WHERE state = 'active') THEN
    INSERT INTO webhooks_eventtotell (event_id) SELECT id FROM added;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER events_are_told AFTER INSERT ON dispatch_requestevent
  REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION webhooks_note_events();
"""
NOTING_BACK = """
DROP TRIGGER events_are_told ON dispatch_requestevent;
DROP FUNCTION webhooks_note_events();
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0001_initial"), ("dispatch", "0002_triggers")]

    operations = [migrations.RunSQL(NOTING, NOTING_BACK)]
