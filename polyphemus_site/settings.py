"""Settings, read from the environment (CONTRACT: see docs/reference/environment.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from environ import Env
from kombu import Queue

from polyphemus_site import env, schedule, static_headers

django_stubs_ext.monkeypatch()  # lets `ModelAdmin[Row]` and its like be written

BASE_DIR = Path(__file__).resolve().parent.parent

# --- who we are -------------------------------------------------------------------------------------------
DEBUG = env.flag("POLYPHEMUS_DEBUG", default=False)
#: Without a key of its own each process would sign differently; polyphemus.E003 refuses to deploy like that.
INSECURE_SECRET_KEY = "insecure-for-demo-and-tests-only"  # noqa: S105 — named for what it is; refused by `check --deploy`
SECRET_KEY = env.text("POLYPHEMUS_SECRET_KEY", INSECURE_SECRET_KEY)
POLYPHEMUS_KEK = env.key_bytes("POLYPHEMUS_KEK")
POLYPHEMUS_URL = env.text("POLYPHEMUS_URL", "http://127.0.0.1:8000").rstrip("/")
POLYPHEMUS_HOST = urlsplit(POLYPHEMUS_URL).hostname or ""
#: The path the site stands below; empty at the root of its host.
PREFIX = urlsplit(POLYPHEMUS_URL).path
FORCE_SCRIPT_NAME = PREFIX or None
#: Further names this site answers to: a load balancer's probes may not know the public one.
ALLOWED_HOSTS = [POLYPHEMUS_HOST, *env.words("POLYPHEMUS_EXTRA_HOSTS")]

# --- signed calls -----------------------------------------------------------------------------------------
#: Proxies whose X-Forwarded-For is believed.
POLYPHEMUS_TRUSTED_PROXIES = env.words("POLYPHEMUS_TRUSTED_PROXIES") or ["127.0.0.1", "::1"]
#: Failed signed calls a minute by address (a fifth of it by address and key); then 429.
POLYPHEMUS_FAILURES_PER_MINUTE = env.number("POLYPHEMUS_FAILURES_PER_MINUTE", 600)
#: Believed calls a minute by key; then 429. A POST counts as so many as its weight.
POLYPHEMUS_CALLS_PER_MINUTE = env.number("POLYPHEMUS_CALLS_PER_MINUTE", 12000)
POLYPHEMUS_POST_WEIGHT = env.number("POLYPHEMUS_POST_WEIGHT", 2)
#: The same for all keys together whose scopes name a project, so that one project leaves room for others.
POLYPHEMUS_PROJECT_CALLS_PER_MINUTE = env.number(
    "POLYPHEMUS_PROJECT_CALLS_PER_MINUTE", 20 * POLYPHEMUS_CALLS_PER_MINUTE
)

# --- the warehouse and the people -------------------------------------------------------------------------
POLYPHEMUS_MAGMA_URL = env.text("POLYPHEMUS_MAGMA_URL").rstrip("/")
#: Where people's browsers reach Magma, for the updates they send themselves.
POLYPHEMUS_MAGMA_PUBLIC_URL = env.text("POLYPHEMUS_MAGMA_PUBLIC_URL", POLYPHEMUS_MAGMA_URL).rstrip("/")
POLYPHEMUS_MAGMA_TOKEN = env.text("POLYPHEMUS_MAGMA_TOKEN")
#: Where files lie; unset, loaders of files in Metis are passed over.
POLYPHEMUS_METIS_URL = env.text("POLYPHEMUS_METIS_URL").rstrip("/")
POLYPHEMUS_MAGMA_DATABASE_URL = env.text("POLYPHEMUS_MAGMA_DATABASE_URL")
POLYPHEMUS_JANUS_URL = env.text("POLYPHEMUS_JANUS_URL").rstrip("/")
POLYPHEMUS_JANUS_PUBLIC_KEY = env.text("POLYPHEMUS_JANUS_PUBLIC_KEY")
POLYPHEMUS_JANUS_COOKIE = env.text("POLYPHEMUS_JANUS_COOKIE", "JANUS_TOKEN")
POLYPHEMUS_JANUS_EMAIL = env.text("POLYPHEMUS_JANUS_EMAIL")
POLYPHEMUS_JANUS_PRIVATE_KEY = env.text("POLYPHEMUS_JANUS_PRIVATE_KEY")
#: Whether Django's own passwords open the admin; elsewhere only the Janus identity does.
POLYPHEMUS_LOCAL_ADMIN = env.flag("POLYPHEMUS_LOCAL_ADMIN", default=DEBUG)
POLYPHEMUS_TIMUR_ORIGINS = env.words("POLYPHEMUS_TIMUR_ORIGINS")
POLYPHEMUS_ETNA_KEYS = env.json_object("POLYPHEMUS_ETNA_KEYS")
POLYPHEMUS_JOURNAL_FORWARD_URL = env.text("POLYPHEMUS_JOURNAL_FORWARD_URL")
POLYPHEMUS_LOADER_PATH = env.text("POLYPHEMUS_LOADER_PATH")
#: The projects that are scanned; a journal entry may name any the token can see.
POLYPHEMUS_PROJECTS = env.words("POLYPHEMUS_PROJECTS")

# --- dispatch ---------------------------------------------------------------------------------------------
#: Tells whether a request's output is in the warehouse (dispatch/witness.py).
POLYPHEMUS_WITNESS = "loaders.seam.see_outputs"
#: The longer wait before a request is deferred: so much of its estimate, and no less than so many seconds.
POLYPHEMUS_GRACE_PERCENT = env.number("POLYPHEMUS_GRACE_PERCENT", 50)
#: Output seen before the due date: so long the analyst has to send the ticket that goes with it.
POLYPHEMUS_TICKET_PATIENCE_SECONDS = env.number("POLYPHEMUS_TICKET_PATIENCE_SECONDS", 10)
POLYPHEMUS_GRACE_MINIMUM_SECONDS = env.number("POLYPHEMUS_GRACE_MINIMUM_SECONDS", 15 * 60)
#: How long an analyst who was asked for help has to answer before the work is offered to others.
POLYPHEMUS_HELP_SECONDS = env.number("POLYPHEMUS_HELP_SECONDS", 3 * 24 * 3600)
#: How often analysts are advised to ask for the list; each is told another time around this.
POLYPHEMUS_POLL_SECONDS = env.number("POLYPHEMUS_POLL_SECONDS", 30)
#: After so many polls' time without one by an analyst who may do it, open work is told of.
POLYPHEMUS_UNPOLLED_POLLS = env.number("POLYPHEMUS_UNPOLLED_POLLS", 20)
#: Who is mailed, besides the requester, of work that nobody can or will do.
POLYPHEMUS_ADMIN_EMAILS = env.words("POLYPHEMUS_ADMIN_EMAILS")
#: Networks webhooks may go to besides the public internet, plain http included.
POLYPHEMUS_WEBHOOK_NETWORKS = env.networks("POLYPHEMUS_WEBHOOK_NETWORKS")
#: Opens secrets that `rewrap_keys` has not yet sealed with the present key.
POLYPHEMUS_KEK_PREVIOUS = env.key_bytes("POLYPHEMUS_KEK_PREVIOUS")

# --- Django -----------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "polyphemus_site.janus.apps.JanusAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "csp",
    "rest_framework",
    "anymail",
    "polyphemus_site",
    "polyphemus_site.janus.apps.JanusConfig",
    "polyphemus_site.mail",
    "polyphemus_site.projects.apps.ProjectsConfig",
    "polyphemus_site.api",
    "magma",
    "magma.journal",
    "loaders",
    "dispatch",
    "dispatch.webhooks",
    "dispatch.configuring",
    "orphans",
]
MIDDLEWARE = [
    "polyphemus_site.api.request_ids.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "polyphemus_site.layers.PolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "polyphemus_site.languages.LanguageMiddleware",  # before whatever may refuse: this thread spoke another's
    "polyphemus_site.api.paths.ShapeMiddleware",
    "polyphemus_site.api.key_ends.KeyEndsMiddleware",
    "polyphemus_site.layers.PageSessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "magma.journal.routes.RouteListMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "polyphemus_site.layers.PageAuthenticationMiddleware",
    "polyphemus_site.janus.middleware.PersonMiddleware",
    "polyphemus_site.layers.PageMessageMiddleware",
    "polyphemus_site.refusals.RefusalPageMiddleware",
]
ROOT_URLCONF = "polyphemus_site.urls"
WSGI_APPLICATION = "polyphemus_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False  # addresses are exact: a redirect would ask an analyst to sign a second request
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- who may enter, embed and call ------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = ["polyphemus_site.janus.backends.JanusBackend"]
if POLYPHEMUS_LOCAL_ADMIN:
    AUTHENTICATION_BACKENDS.append("django.contrib.auth.backends.ModelBackend")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    #: What Janus said of projects, for a minute at most; each process asks for itself.
    "janus": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "janus"},
}
CORS_ALLOWED_ORIGINS = POLYPHEMUS_TIMUR_ORIGINS
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/api/v1/"
CORS_ALLOW_HEADERS = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "x-polyphemus-client",
]
CORS_EXPOSE_HEADERS = ["etag", "polyphemus-due", "retry-after", "x-request-id"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CSRF_FAILURE_VIEW = "polyphemus_site.janus.pages.form_refused"
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Strict"
if POLYPHEMUS_URL.startswith("https:"):
    CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrftoken"  # a sibling host can set no cookie of this name for us
    SESSION_COOKIE_NAME = "__Host-sessionid"  # the same
    CSRF_TRUSTED_ORIGINS = [
        POLYPHEMUS_URL.removesuffix(PREFIX)
    ]  # a proxy may change the Host our forms are compared with
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_SSL_REDIRECT = True
    # A preload list is a promise for the whole registrable domain, which isn't ours to give.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    SECURE_REDIRECT_EXEMPT = [
        rf"^({PREFIX[1:]}/)?(healthz|readyz|metrics)$"
    ]  # asked for from inside, without TLS
if env.flag("POLYPHEMUS_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True

# --- the database -----------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", "postgresql://polyphemus@127.0.0.1:5432/polyphemus")
#: Connections persist: a new one for each request costs five to eight times the request itself.
DATABASES = {"default": Env.db_url_config(DATABASE_URL) | {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
if DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "polyphemus_site.postgresql"  # the same, looked after at no cost
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # seconds
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
#: The languages of pages, mail and widgets; the API and the admin's own rows stay English.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]

# --- the broker and background work -------------------------------------------------------------------------
REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True  # a worker killed in mid-task loses nothing: every task may run twice
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
#: Keeps apart installations that share one Redis (the demo uses one of its own).
POLYPHEMUS_REDIS_PREFIX = env.text("POLYPHEMUS_REDIS_PREFIX")
#: What is published is written down as well, and a sweep finds it: better late than a waiting caller.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0}
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "global_keyprefix": POLYPHEMUS_REDIS_PREFIX}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # the log below serves workers too
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # keeps no file, so two beats on one host don't share one

#: The journal takes what a real Magma sends; every other address refuses more than 1 MB (api/paths.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 32 * 1024 * 1024
#: The form of a pipeline with thousands of parameters is sent whole.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 30_000

# --- DRF --------------------------------------------------------------------------------------------------
REST_FRAMEWORK: dict[str, object] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "polyphemus_site.api.problems.exception_handler",
    "DEFAULT_PARSER_CLASSES": ["polyphemus_site.api.parsers.StrictJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "polyphemus_site.api.negotiation.WeighingNegotiation",
    "DEFAULT_SCHEMA_CLASS": "polyphemus_site.openapi.schema.ViewSchema",
    "SCHEMA_COERCE_PATH_PK": False,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Polyphemus",
    "DESCRIPTION": "Requests for analysis, bids, tickets, suggestions and orphans.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
}

# --- mail -------------------------------------------------------------------------------------------------
vars().update(Env.email_url_config(env.text("POLYPHEMUS_EMAIL_URL", "consolemail://")))
if backend := env.text("POLYPHEMUS_EMAIL_BACKEND"):
    EMAIL_BACKEND = backend
#: Project -> Slack's incoming webhook, where its digest is posted once a day.
POLYPHEMUS_SLACK_WEBHOOKS = env.json_object("POLYPHEMUS_SLACK_WEBHOOKS")
ANYMAIL = env.json_object("POLYPHEMUS_ANYMAIL")
EMAIL_TIMEOUT = 20  # a silent server must not hold a worker
DEFAULT_FROM_EMAIL = env.text("POLYPHEMUS_EMAIL_FROM", "Polyphemus <noreply@localhost>")

# --- the log ----------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "polyphemus_site.log.Ids"}},
    "formatters": {
        "line": {
            "()": "polyphemus_site.log.Line",
            "format": "{asctime} {levelname} {name} [{ids}] {message}",
            "style": "{",
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["ids"], "formatter": "line"},
    },
    "root": {"handlers": ["stderr"], "level": env.text("POLYPHEMUS_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django": {"handlers": [], "propagate": True, "level": "INFO"},
        "django.server": {"handlers": [], "propagate": True, "level": "INFO"},
        # An order every other second would bury what matters; that beat is alive is seen by /readyz.
        "celery.beat": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},
    },
}

# --- static files -----------------------------------------------------------------------------------------
STATIC_URL = f"{PREFIX}/static/"
#: Where `collectstatic` gathers compressed copies with lasting names; unset, files are served as written.
STATIC_ROOT = env.text("POLYPHEMUS_STATIC_ROOT") or None
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if STATIC_ROOT:
    STORAGES["staticfiles"] = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
STATICFILES_DIRS = [BASE_DIR / "static"]
#: The widgets have a lasting address outside /static/: /widgets/v1/embed.js.
WHITENOISE_ROOT = STATIC_ROOT or BASE_DIR / "static"
WHITENOISE_ADD_HEADERS_FUNCTION = static_headers.add

# --- orphans ----------------------------------------------------------------------------------------------
#: How reviewed orphans are removed: through Magma's own database, or handed over to its administrator.
POLYPHEMUS_REMOVAL = env.text(
    "POLYPHEMUS_REMOVAL", "database" if POLYPHEMUS_MAGMA_DATABASE_URL else "handoff"
)
#: Whether a removal needs a second admin.
POLYPHEMUS_REMOVAL_NEEDS_TWO = env.flag("POLYPHEMUS_REMOVAL_NEEDS_TWO", default=False)
#: How long the copies of removed records are kept at least.
POLYPHEMUS_BUNDLE_KEEP_DAYS = int(env.text("POLYPHEMUS_BUNDLE_KEEP_DAYS", "365"))
#: Where the copies lie: a folder, or any storage Django knows (with its options as JSON).
POLYPHEMUS_BUNDLE_DIR = env.text("POLYPHEMUS_BUNDLE_DIR", str(BASE_DIR / ".polyphemus" / "bundles"))
POLYPHEMUS_BUNDLE_STORAGE = env.text(
    "POLYPHEMUS_BUNDLE_STORAGE", "django.core.files.storage.FileSystemStorage"
)
POLYPHEMUS_BUNDLE_OPTIONS = env.json_object("POLYPHEMUS_BUNDLE_OPTIONS") or {
    "location": POLYPHEMUS_BUNDLE_DIR,
    "file_permissions_mode": 0o600,
    "directory_permissions_mode": 0o700,
}
STORAGES["bundles"] = {"BACKEND": POLYPHEMUS_BUNDLE_STORAGE, "OPTIONS": POLYPHEMUS_BUNDLE_OPTIONS}
#: Removals have a queue of their own; a worker without -Q serves both.
CELERY_TASK_QUEUES = (Queue("celery"), Queue("removal"))
CELERY_TASK_ROUTES = {"orphans.tasks.advance_*": {"queue": "removal"}}

# --- loaders ----------------------------------------------------------------------------------------------
#: How often, in seconds, Magma is asked what has changed.
POLYPHEMUS_SCAN_SECONDS = env.number("POLYPHEMUS_SCAN_SECONDS", 60)
#: How long a loader may take to explain itself.
POLYPHEMUS_EXPLAIN_SECONDS = env.number("POLYPHEMUS_EXPLAIN_SECONDS", 20)
#: The hour (UTC) of the nightly full scan.
POLYPHEMUS_FULL_SCAN_HOUR = env.number("POLYPHEMUS_FULL_SCAN_HOUR", 2)
CELERY_BEAT_SCHEDULE = schedule.timetable(
    scan_seconds=POLYPHEMUS_SCAN_SECONDS, full_scan_hour=POLYPHEMUS_FULL_SCAN_HOUR
)
