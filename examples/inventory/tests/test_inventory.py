from fastapi.testclient import TestClient

from inventory.main import app

client = TestClient(app)


def test_received_articles_can_be_taken():
    assert client.post("/articles/bolt/receive", json={"count": 5}).json()["level"] == 5
    assert client.post("/articles/bolt/take", json={"count": 3}).json()["level"] == 2


def test_more_than_there_is_cannot_be_taken():
    answer = client.post("/articles/nut/take", json={"count": 1})
    assert answer.status_code == 409


def test_a_movement_must_be_positive():
    assert client.post("/articles/bolt/receive", json={"count": 0}).status_code == 422
