"""A copy that stands for removed records stays as it is: triggers, so that no code of ours can forget it."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orphans_keep_the_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.name <> '' AND OLD.keep_until > now() THEN
            RAISE EXCEPTION 'This bundle is kept until %.', OLD.keep_until USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF (NEW.name, NEW.sha256, NEW.review_id, NEW.number) IS DISTINCT FROM (OLD.name, OLD.sha256, OLD.review_id, OLD.number)
       AND EXISTS (SELECT FROM orphans_reviewitem AS i WHERE i.bundle_id = OLD.id AND i.fate = 'removed') THEN
        RAISE EXCEPTION 'Records were removed on the strength of this bundle.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER orphans_keep_the_copy BEFORE UPDATE OR DELETE ON orphans_bundle
    FOR EACH ROW EXECUTE FUNCTION orphans_keep_the_copy();
CREATE FUNCTION orphans_removed_is_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.fate <> 'removed' OR NEW.bundle_id IS DISTINCT FROM OLD.bundle_id THEN
        RAISE EXCEPTION 'This orphan was removed, and its bundle says what it was.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER orphans_removed_is_removed BEFORE UPDATE ON orphans_reviewitem
    FOR EACH ROW WHEN (OLD.fate = 'removed') EXECUTE FUNCTION orphans_removed_is_removed();
"""
BACKWARD = """
DROP TRIGGER orphans_removed_is_removed ON orphans_reviewitem;
DROP FUNCTION orphans_removed_is_removed();
DROP TRIGGER orphans_keep_the_copy ON orphans_bundle;
DROP FUNCTION orphans_keep_the_copy();
"""


class Migration(migrations.Migration):
    dependencies = [("orphans", "0005_what_a_review_shows")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
