"""Where this app answers: `api_urlpatterns` under /api/v1/, `page_urlpatterns` under /."""

from __future__ import annotations

from django.urls import URLPattern, path

from orphans.views import adopting, api, keeping, looking, pages, reviews

api_urlpatterns: list[URLPattern] = [
    path("orphans", api.OrphanList.as_view(), name="orphans"),
    path("orphans/audit", keeping.Audit.as_view(), name="orphans_audit"),
    path("orphans/<int:pk>/adopt", adopting.OrphanAdopt.as_view(), name="orphan_adopt"),
    path("orphans/<int:pk>/parents", reviews.OrphanParents.as_view(), name="orphan_parents"),
    path("reviews", reviews.ReviewList.as_view(), name="reviews"),
    path("reviews/<int:pk>", reviews.ReviewDetail.as_view(), name="review"),
    path("reviews/<int:pk>/decide", reviews.ReviewDecide.as_view(), name="review_decide"),
    path("reviews/<int:pk>/items", adopting.ReviewItems.as_view(), name="review_items"),
    path("reviews/<int:pk>/sent", adopting.ReviewSent.as_view(), name="review_sent"),
    path("bundles", keeping.BundleList.as_view(), name="bundles"),
    path("reviews/<int:pk>/bundles/<int:number>", reviews.ReviewBundle.as_view(), name="review_bundle"),
    path("reviews/<int:pk>/undo", reviews.ReviewUndo.as_view(), name="review_undo"),
    path("reviews/<int:pk>/handoff", reviews.ReviewHandoff.as_view(), name="review_handoff"),
    path("reviews/<int:pk>/script", reviews.ReviewScript.as_view(), name="review_script"),
]
page_urlpatterns: list[URLPattern] = [
    path("<str:project>/orphans", pages.orphans, name="orphans_page"),
    path("<str:project>/orphans/<int:pk>", looking.orphan, name="orphan_page"),
    path("<str:project>/orphans/bundles", looking.bundles, name="bundles_page"),
    path("<str:project>/orphans/reviews", pages.begin, name="review_begin"),
    path("<str:project>/orphans/reviews/<int:pk>", pages.review, name="review_page"),
]
