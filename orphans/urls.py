"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from orphans.views import api, pages, reviews

api_urlpatterns: list[URLPattern] = [
    path("orphans", api.OrphanList.as_view(), name="orphans"),
    path("orphans/<int:pk>/parents", reviews.OrphanParents.as_view(), name="orphan_parents"),
    path("reviews", reviews.ReviewList.as_view(), name="reviews"),
    path("reviews/<int:pk>", reviews.ReviewDetail.as_view(), name="review"),
    path("reviews/<int:pk>/decide", reviews.ReviewDecide.as_view(), name="review_decide"),
    path("reviews/<int:pk>/bundles/<int:number>", reviews.ReviewBundle.as_view(), name="review_bundle"),
    path("reviews/<int:pk>/undo", reviews.ReviewUndo.as_view(), name="review_undo"),
    path("reviews/<int:pk>/handoff", reviews.ReviewHandoff.as_view(), name="review_handoff"),
    path("reviews/<int:pk>/script", reviews.ReviewScript.as_view(), name="review_script"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/orphans", pages.orphans, name="orphans_page"),
    path("<str:project>/orphans/reviews", pages.begin, name="review_begin"),
    path("<str:project>/orphans/reviews/<int:pk>", pages.review, name="review_page"),
]
