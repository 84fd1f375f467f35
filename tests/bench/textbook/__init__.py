"""A bid as the tutorials write it: TokenAuthentication, a ModelSerializer, select_for_update, save.

A site of its own, run by the same server with as many workers as ours, over a database of its own. Its
connections persist, which a new project's do not.
"""
