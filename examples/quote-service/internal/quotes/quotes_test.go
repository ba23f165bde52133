package quotes

import (
	"errors"
	"testing"
)

func TestTotalAddsLinesAndGivesTheDiscount(t *testing.T) {
	total, err := Total([]Line{{"bolt", 10, 100}, {"nut", 1, 50}})
	if err != nil || total != 1000 {
		t.Fatalf("got %d, %v", total, err)
	}
}

func TestAnEmptyOrderIsRefused(t *testing.T) {
	if _, err := Total(nil); !errors.Is(err, ErrEmpty) {
		t.Fatalf("got %v", err)
	}
}
