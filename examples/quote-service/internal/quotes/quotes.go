// Package quotes computes the price of an order.
package quotes

import "errors"

// ErrEmpty is returned for an order without lines.
var ErrEmpty = errors.New("an order needs at least one line")

// Line is one article of an order, priced in cents.
type Line struct {
	Article string `json:"article"`
	Count   int    `json:"count"`
	Price   int    `json:"price"`
}

// Total adds up an order; from ten articles of a kind on, that line is 5 % cheaper.
func Total(lines []Line) (int, error) {
	if len(lines) == 0 {
		return 0, ErrEmpty
	}
	total := 0
	for _, line := range lines {
		sum := line.Count * line.Price
		if line.Count >= 10 {
			sum -= sum / 20
		}
		total += sum
	}
	return total, nil
}
