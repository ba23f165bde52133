"""What was spent on a model: attempts, tokens, money."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one attempt, as the model counted them."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens; the same number is micro-dollars per token."""

    input: float = 0.0
    output: float = 0.0
    cache_read: float = 0.0
    cache_write: float = 0.0

    def micro_usd(self, usage: Usage) -> int:
        """Return what the tokens cost, in millionths of a dollar, rounded."""
        return round(
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_read_tokens * self.cache_read
            + usage.cache_write_tokens * self.cache_write
        )


@dataclass(frozen=True, slots=True)
class ModelAttempt:
    """One attempt on a model, whatever became of it."""

    model: str
    number: int
    """From 1, over all models and re-asks of the request."""
    outcome: str
    """ok, or why there was no complete message (generation/model.py: FailureKind)."""
    ms: float
    usage: Usage = field(default_factory=Usage)
    request_id: str = ""
    probe: bool = False
    """Made to find out whether the model is well again."""
    micro_usd: int = 0
    """What its tokens cost, in millionths of a US dollar."""


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a pipeline owes to a model."""

    model: str
    attempts: tuple[ModelAttempt, ...]
    reasked: bool = False
    """The first answer could not be used, and the model was told why."""
    from_draft: bool = False
    """Nothing was asked now: an earlier request had paid for the answer."""

    @property
    def micro_usd(self) -> int:
        """What all attempts together cost."""
        return sum(each.micro_usd for each in self.attempts)

    @property
    def usage(self) -> Usage:
        """Tokens of all attempts together."""
        return Usage(
            sum(each.usage.input_tokens for each in self.attempts),
            sum(each.usage.output_tokens for each in self.attempts),
            sum(each.usage.cache_read_tokens for each in self.attempts),
            sum(each.usage.cache_write_tokens for each in self.attempts),
        )
