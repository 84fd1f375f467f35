"""People at pages, in a real browser, over https, with cookies as strict as Janus sets them."""
