"""The outbox: a notice is a row, written with the change it tells of."""
