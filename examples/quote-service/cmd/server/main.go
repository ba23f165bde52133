// The server answers with the price of an order.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/go-chi/chi/v5"

	"example.com/quote-service/internal/quotes"
)

func routes() http.Handler {
	router := chi.NewRouter()
	router.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})
	router.Post("/quotes", func(w http.ResponseWriter, r *http.Request) {
		var lines []quotes.Line
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&lines); err != nil {
			http.Error(w, "the body must be a list of lines", http.StatusBadRequest)
			return
		}
		total, err := quotes.Total(lines)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]int{"total": total})
	})
	return router
}

func main() {
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	server := &http.Server{Addr: ":" + port, Handler: routes(), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("quote-service listens on %s", port)
	log.Fatal(server.ListenAndServe())
}
