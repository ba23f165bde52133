"""The composition root: settings become adapters, adapters become an Engine. The only room that names vendors.

What is opened depends on the door: `check` and `plan` need skills and the gate, `generate` also PostgreSQL, `serve`
also Valkey. Everything heavy is imported when it is opened.
"""
