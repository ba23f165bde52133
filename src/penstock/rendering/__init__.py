"""Stop 6: PipelineSpec and templates become artifacts, with the reason for every line."""

from penstock.rendering.service import render

__all__ = ["render"]
