"""What `manage.py startloader` writes: a working loader package, to be changed into one's own."""
