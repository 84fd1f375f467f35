"""Copies in a storage that speaks S3, over HTTP; and in none that would write over one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from orphans.models import Bundle, Review
from orphans.services import exports
from orphans.states import BundleStatus, ReviewStatus
from tests.orphans.test_faults import step
from tests.orphans.world import World

pytestmark = pytest.mark.django_db

BUCKET, ONE = "polyphemus-bundles", "LABORS-VICTIM-000"
ACCOUNT = {"aws_access_key_id": "bundles", "aws_secret_access_key": "secret", "region_name": "us-east-1"}


@pytest.fixture
def s3() -> Iterator[Any]:
    """A client of a server of its own, with the bucket made."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.post(f"http://{host}:{port}/moto-api/reset")  # servers of one process share what they hold
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **ACCOUNT)
    client.create_bucket(Bucket=BUCKET)
    yield client
    server.stop()


@pytest.fixture
def kept_there(s3: Any, world: World, settings: Settings) -> dict[str, Any]:
    """The storage as the how-to sets it."""
    options = {
        "bucket_name": BUCKET,
        "endpoint_url": s3.meta.endpoint_url,
        "access_key": ACCOUNT["aws_access_key_id"],
        "secret_key": ACCOUNT["aws_secret_access_key"],
        "region_name": "us-east-1",
        "file_overwrite": False,
    }
    bundles = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"bundles": bundles}
    return bundles


def keys(s3: Any) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.mark.usefixtures("kept_there")
class TestS3:
    def test_a_removal_copies_reads_back_and_can_be_undone_from_there(self, world: World, s3: Any) -> None:
        review = world.advance(world.approved(ONE))

        assert review.status == ReviewStatus.DONE
        assert keys(s3) == [Bundle.objects.get().name]
        assert ONE in exports.as_update(review).bodies[0]["revisions"]["victim"]

    def test_a_copy_changed_there_is_never_relied_on(self, world: World, s3: Any) -> None:
        review = stepped(world, 2)
        s3.put_object(Bucket=BUCKET, Key=Bundle.objects.get().name, Body=b"something else")

        review = world.advance(review)

        assert (review.trouble_code, there(world)) == ("bundle_storage", True)

    def test_a_bucket_that_is_gone_stops_everything_until_it_is_back(self, world: World, s3: Any) -> None:
        review = world.approved(ONE)
        s3.delete_bucket(Bucket=BUCKET)
        review = world.advance(review)
        trouble, still = review.trouble_code, there(world)
        s3.create_bucket(Bucket=BUCKET)
        Review.objects.update(try_again_at=None)

        review = world.advance(review)

        assert (trouble, still) == ("bundle_storage", True)
        assert (review.status, there(world)) == (ReviewStatus.DONE, False)


def test_a_storage_that_would_write_over_a_copy_is_refused(
    world: World, kept_there: dict[str, Any], s3: Any
) -> None:
    kept_there["OPTIONS"]["file_overwrite"] = True

    review = world.advance(world.approved(ONE))

    assert "would write over copies" in review.trouble
    assert (keys(s3), Bundle.objects.get().status) == ([], BundleStatus.PLANNED)


def stepped(world: World, times: int) -> Review:
    return step(world, world.approved(ONE), times=times)


def there(world: World) -> bool:
    return bool(world.database.value("SELECT count(*) FROM labors.victims WHERE name = %s", ONE))
