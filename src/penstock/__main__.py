"""Starts the command line."""

from __future__ import annotations


def main() -> None:
    """Run the command that was typed."""
    from penstock.bootstrap.opener import FromSettings
    from penstock.surfaces.cli.app import build

    build()(obj=FromSettings())


if __name__ == "__main__":
    main()
