"""Stop 5: intent, facts and skills become a PipelineSpec."""
