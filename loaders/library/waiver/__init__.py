"""Files of people who took their consent back: a task that is no loader."""
