"""The pages that show the whole: the list of projects, and each project's front page."""
