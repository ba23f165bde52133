"""Stock levels, kept in memory."""


class OutOfStock(Exception):
    """There are fewer articles than asked for."""


class Stock:
    def __init__(self) -> None:
        self._levels: dict[str, int] = {}

    def level(self, article: str) -> int:
        return self._levels.get(article, 0)

    def receive(self, article: str, count: int) -> int:
        self._levels[article] = self.level(article) + count
        return self._levels[article]

    def take(self, article: str, count: int) -> int:
        if self.level(article) < count:
            raise OutOfStock(f"{self.level(article)} of {article} left, {count} wanted")
        self._levels[article] -= count
        return self._levels[article]
