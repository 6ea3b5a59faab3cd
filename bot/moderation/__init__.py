"""Refused words and lengths of time, as moderators write them. Knows no front end."""
