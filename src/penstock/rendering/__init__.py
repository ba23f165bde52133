"""Stop 6: PipelineSpec and templates become artifacts, with the reason for every line."""
