package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestTheCatalogListsArticles(t *testing.T) {
	answer := httptest.NewRecorder()
	routes().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/articles", nil))
	if answer.Code != http.StatusOK || answer.Body.Len() < 10 {
		t.Fatalf("got %d %q", answer.Code, answer.Body)
	}
}
