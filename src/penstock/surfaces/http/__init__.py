"""The REST door: app.py puts it together, routes.py lists what it serves, problems.py maps errors to statuses."""
