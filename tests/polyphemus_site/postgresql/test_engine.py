"""What a persistent connection survives, and what a prepared statement gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, DataError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext, override_settings

from dispatch.authentication import AnalystAuthentication
from dispatch.scopes import EVERYTHING
from dispatch.services import keys
from polyphemus_site.api.models import NonceMemory
from polyphemus_site.postgresql.prepared import Statement
from tests import web
from tests.dispatch.calls import KEK

ECHO = Statement(
    "echo",
    "SELECT {word}, {number} + 1, {instant}, array_to_string({words}, '|')",
    word="text",
    number="int",
    instant="timestamptz",
    words="text[]",
)
REMEMBER = Statement(
    "remember",
    "INSERT INTO api_noncememory (prefix, first_used_at) VALUES ({prefix}, now()) RETURNING prefix",
    prefix="text",
)
CHANGING = Statement("changing", "SELECT word FROM changing")
INSTANT = datetime(2026, 5, 4, 12, 22, 7, 123456, tzinfo=UTC)


def echo(word: str | None = "Ω", words: tuple[str, ...] = ("a", "b")) -> Any:
    return ECHO.row(word=word, number=1, instant=INSTANT, words=words)


@pytest.mark.django_db
class TestStatements:
    def test_values_go_and_rows_come_as_text(self) -> None:
        word, number, instant, words = echo()

        assert (word, number, words) == ("Ω", "2", "a|b")
        assert datetime.fromisoformat(instant) == INSTANT

    @pytest.mark.parametrize(
        "word", ['"', "\\", "{}", ",", "NULL", "", " ", "'; DROP TABLE x; --", "a\nb", "א"]
    )
    def test_no_word_is_taken_for_more_than_a_word(self, word: str) -> None:
        found, _, _, words = echo(word, (word, word))

        assert (found, words) == (word, f"{word}|{word}")

    @pytest.mark.parametrize(("word", "words"), [("a\0b", ()), ("a", ("a\0b",))])
    def test_a_nul_is_refused_and_not_taken_for_the_end(self, word: str, words: tuple[str, ...]) -> None:
        with pytest.raises(DataError, match="NUL"):
            echo(word, words)

    def test_null_is_none(self) -> None:
        assert echo(None)[0] is None

    def test_a_statement_that_finds_nothing_gives_nothing(self) -> None:
        assert Statement("nothing", "SELECT 1 WHERE false").row() is None

    def test_it_is_counted_among_the_queries(self) -> None:
        with CaptureQueriesContext(connection) as asked:
            echo()

        assert [query["sql"] for query in asked] == [ECHO.text]

    def test_what_the_database_refuses_is_djangos_own_error(self) -> None:
        with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic():
            Statement("broken", "SELECT 1 / {number}", number="int").row(number=0)

    def test_it_belongs_to_the_transaction_around_it(self) -> None:
        with transaction.atomic():
            begun = Statement("begun", "SELECT txid_current()").row()
            with connection.cursor() as cursor:
                cursor.execute("SELECT txid_current()")
                assert begun == (str(cursor.fetchone()[0]),)


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    def test_what_is_undone_is_undone_though_the_statement_was_the_first(self) -> None:
        with transaction.atomic():
            REMEMBER.row(prefix="undone")
            transaction.set_rollback(True)

        assert not NonceMemory.objects.filter(prefix="undone").exists()

    def test_what_is_done_is_done(self) -> None:
        with transaction.atomic():
            REMEMBER.row(prefix="done")

        assert NonceMemory.objects.filter(prefix="done").exists()


@pytest.fixture
def other_column() -> Iterator[None]:
    """A table that was changed since a statement about it was prepared."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE changing (word varchar(5)); INSERT INTO changing VALUES ('word')")
        CHANGING.row()
        cursor.execute("ALTER TABLE changing ALTER word TYPE varchar(9)")
    yield
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE changing")


@pytest.fixture
def other_forms() -> Iterator[None]:
    """A database whose owner likes other ways of writing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone()
        cursor.execute(f'ALTER DATABASE "{name}" SET DateStyle = German')
        cursor.execute(f'ALTER DATABASE "{name}" SET bytea_output = escape')
    connection.close()
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" RESET DateStyle')
        cursor.execute(f'ALTER DATABASE "{name}" RESET bytea_output')
    connection.close()


@pytest.mark.django_db(transaction=True)
class TestForms:
    def test_instants_are_written_in_one_form_whatever_the_database_likes(self, other_forms: None) -> None:
        assert datetime.fromisoformat(echo()[2]) == INSTANT

    def test_keys_are_read_whatever_the_database_likes(self, other_forms: None) -> None:
        made = keys.create(
            analyst="saurabh.asthana@ucsf.edu",
            scheme="etna-v1",
            scopes=EVERYTHING,
            kek=KEK,
            actor="tests",
            now=INSTANT,
        )

        with override_settings(POLYPHEMUS_KEK=KEK):
            ring, _ = AnalystAuthentication().keys_at(made.key.pk)

        assert ring is not None
        assert ring.secrets == (made.secret.encode(),)


@pytest.mark.django_db(transaction=True)
class TestOutdated:
    def test_a_column_may_get_another_type(self, other_column: None) -> None:
        assert CHANGING.row() == ("word",)

    def test_in_a_transaction_the_next_request_mends_it(self, other_column: None) -> None:
        with pytest.raises(DatabaseError, match="cached plan"), transaction.atomic():
            CHANGING.row()

        connection.close_if_unusable_or_obsolete()

        with transaction.atomic():
            assert CHANGING.row() == ("word",)

    def test_what_was_let_go_of_is_prepared_again(self) -> None:
        echo()
        with connection.cursor() as cursor:
            cursor.execute("DISCARD ALL")

        assert echo()[0] == "Ω"


@pytest.fixture
def ended() -> Iterator[None]:
    """Our connection, ended by the server between two requests."""
    connection.close()
    echo()
    pid = connection.connection.info.backend_pid
    with psycopg.connect(web.tests_database_url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    yield
    connection.close()


@pytest.mark.django_db(transaction=True)
class TestHealth:
    def test_a_connection_in_use_is_usable(self) -> None:
        echo()

        assert connection.is_usable()

    def test_one_the_server_ended_is_not(self, ended: None) -> None:
        assert not connection.is_usable()

    def test_a_new_request_gets_a_new_connection_in_its_place(self, ended: None) -> None:
        connection.close_if_unusable_or_obsolete()

        assert echo()[0] == "Ω"

    def test_without_a_new_request_the_loss_is_told_and_mended(self, ended: None) -> None:
        connection.health_check_done = True  # type: ignore[attr-defined]  # the stub leaves it out
        with pytest.raises(OperationalError):
            echo()

        connection.close_if_unusable_or_obsolete()

        assert echo()[0] == "Ω"

    def test_one_in_a_failed_transaction_is_not_usable(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            with pytest.raises(DatabaseError):
                cursor.execute("SELECT 1 / 0")
            usable = connection.is_usable()
            transaction.set_rollback(True)

        assert not usable
