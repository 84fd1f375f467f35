"""What is kept of calls: the nonces of siblings, the audit, and answers to be given again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from polyphemus_site.api.querysets import SignedCallQuerySet
from polyphemus_site.postgresql.fields import VerbatimJSONField

MAX_KEY_ID = 64
MAX_PATH = 512
MAX_CALLER = 254


class UsedNonce(models.Model):
    """A nonce claimed in PostgreSQL, by calls that must be told from replays while Redis is away."""

    scheme = models.CharField(max_length=16)
    key_id = models.CharField(max_length=MAX_KEY_ID)
    digest = models.CharField(max_length=64)
    #: After this instant the call itself is refused, and its nonce may be forgotten.
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        """Unique, so that one of two rivals wins."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scheme", "key_id", "digest"], name="a_nonce_is_used_once")
        ]

    def __str__(self) -> str:
        """The key and the nonce's digest, shortened."""
        return f"{self.key_id}: {self.digest[:8]}"


class NonceMemory(models.Model):
    """That a Redis has been used for nonces: found empty afterwards, it has lost them."""

    prefix = models.CharField(primary_key=True, max_length=64)
    first_used_at = models.DateTimeField()

    def __str__(self) -> str:
        """Since when."""
        return f"{self.prefix}, since {self.first_used_at}"


class SignedCall(models.Model):
    """One authentication of a signed call and how it ended. Rows are only added (a trigger sees to it).

    The reason stays here: no answer carries it. Neither signature, nonce nor body is kept.
    """

    at = models.DateTimeField(db_index=True)
    request_id = models.UUIDField(unique=True)
    scheme = models.CharField(max_length=16, blank=True)
    #: As claimed by the caller, cut to length; empty when it could not be read.
    key_id = models.CharField(max_length=MAX_KEY_ID, blank=True, db_index=True)
    #: The first digits of the digest of the key that matched; empty for a refused call.
    fingerprint = models.CharField(max_length=16, blank=True)
    address = models.GenericIPAddressField(null=True)
    method = models.CharField(max_length=16)
    path = models.CharField(max_length=MAX_PATH)
    body_digest = models.CharField(max_length=64)
    accepted = models.BooleanField()
    reason = models.CharField(max_length=64, blank=True)
    microseconds = models.PositiveIntegerField()

    objects = SignedCallQuerySet.as_manager()

    class Meta:
        """Newest first; a refused call always says why."""

        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(accepted=True, reason="")
                | (models.Q(accepted=False) & ~models.Q(reason="")),
                name="a_refused_call_says_why",
            )
        ]

    def __str__(self) -> str:
        """Who, and how it ended."""
        return f"{self.key_id or '-'}: {self.reason or '-'}"


class IdempotentAnswer(models.Model):
    """What a POST with an `Idempotency-Key` was answered, so that the same call again is answered alike."""

    caller = models.CharField(max_length=MAX_CALLER)
    key = models.CharField(max_length=255)
    #: Digest of method, path and body: the same key for another call is refused.
    fingerprint = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = VerbatimJSONField(null=True)

    class Meta:
        """One of two calls at once waits for the other here; the table has the name it was made with."""

        db_table = "dispatch_idempotentanswer"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["caller", "key"], name="a_caller_uses_an_idempotency_key_once")
        ]

    def __str__(self) -> str:
        """Whose key."""
        return f"{self.key} of {self.caller}"
