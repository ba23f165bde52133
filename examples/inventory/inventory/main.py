"""The HTTP face of the stock."""

import os

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

from inventory.stock import OutOfStock, Stock

WAREHOUSE = os.environ.get("WAREHOUSE", "main")
DATABASE_URL = os.environ.get("DATABASE_URL")

app = FastAPI(title="inventory")
stock = Stock()


class Movement(BaseModel):
    count: int = Field(gt=0)


@app.get("/healthz")
def health() -> dict[str, str]:
    return {"status": "ok", "warehouse": WAREHOUSE}


@app.get("/articles/{article}")
def level(article: str) -> dict[str, object]:
    return {"article": article, "level": stock.level(article)}


@app.post("/articles/{article}/receive")
def receive(article: str, movement: Movement) -> dict[str, object]:
    return {"article": article, "level": stock.receive(article, movement.count)}


@app.post("/articles/{article}/take")
def take(article: str, movement: Movement) -> dict[str, object]:
    try:
        return {"article": article, "level": stock.take(article, movement.count)}
    except OutOfStock as problem:
        raise HTTPException(status_code=409, detail=str(problem)) from problem
